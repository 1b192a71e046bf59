"""The commands, a file for each wish: parse, call, print."""
