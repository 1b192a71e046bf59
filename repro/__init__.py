"""Reproduce, cell by cell, the tables of four papers on lightweight human pose estimation."""

__version__ = "0.1.0"
