"""Timing on an NVIDIA GPU."""
