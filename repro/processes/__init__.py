"""Processes of this machine: how this one ends when it is told to, and those that it starts."""
