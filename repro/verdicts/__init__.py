"""Whether a printed number holds: cells, orders of speed, ablations, claims and the audit."""
