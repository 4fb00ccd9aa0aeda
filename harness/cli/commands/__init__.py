"""The commands of `clew`, one file each. A command parses options, calls one function and prints what it returns."""
