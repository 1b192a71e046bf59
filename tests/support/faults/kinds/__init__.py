"""Each kind of file that is read: small valid ones, how they are mutated, and who reads them."""
