"""The field's own algorithms, on arrays: geometry, heatmaps, decoding, grouping."""
