"""What was run: how a run is named, what it gave, and where that is kept."""
