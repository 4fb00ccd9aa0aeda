"""Where runs are kept, and how they are read again."""
