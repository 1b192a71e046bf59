"""One file for each kind of run."""
