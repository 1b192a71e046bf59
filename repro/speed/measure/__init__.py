"""Times, taken in fresh processes, interleaved, with what disturbs them."""
