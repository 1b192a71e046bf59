"""Checkpoint files: read without running what they hold, matched to a network, loaded, reported."""
