"""Where runs are kept: writing a run folder, reading one, and opening a history from anywhere."""
