"""Papers of a user: begun from a typed table, and looked over as a whole."""
