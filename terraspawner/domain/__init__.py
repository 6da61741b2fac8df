"""The rules: functions of values, standard library only. Nothing here reads a clock, a file or a socket."""
