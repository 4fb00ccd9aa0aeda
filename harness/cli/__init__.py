"""The command line.

start           where the command begins: Ctrl-C before everything is imported
app             the `clew` command, and how exceptions become exit codes
commands/       one file a command
options         options that several commands share
hunt_options    the options that say which seeds a hunt tries
signals         Ctrl-C and other signals end a command cleanly
foreground      a run that the first Ctrl-C stops and the second one ends
standard_streams   a process that was started without some of them
output/         how results, tables and progress look on a terminal
"""
