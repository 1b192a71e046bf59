"""Who makes the runs of a plan side by side: processes of this machine, or a Ray cluster."""
