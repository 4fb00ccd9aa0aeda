"""What a person types and sees: the commands, their options, and how results look on a terminal."""
