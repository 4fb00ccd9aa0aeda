"""The command line.

app             the `clew` command, and how exceptions become exit codes
commands/       one file a command
options         options that several commands share
hunt_options    the options that say which seeds a hunt tries
foreground      Ctrl-C and other signals end a command cleanly
output/         how results, tables and progress look on a terminal
"""
