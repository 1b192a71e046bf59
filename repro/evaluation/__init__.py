"""Evaluate networks on data sets, and look at pictures with them."""
