"""From the samples of a timing to medians, ratios and orders, with intervals."""
