"""Hold two sets of results against each other: what is the same, changed, better, worse, gone."""
