"""What clew finds, measured: the known bugs."""
