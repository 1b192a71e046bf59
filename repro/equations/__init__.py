"""What the papers' equations say at a point: their own arithmetic, without data and networks."""
