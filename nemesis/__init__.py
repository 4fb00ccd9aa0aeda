"""What goes wrong, to whom, and when: faults as data."""
