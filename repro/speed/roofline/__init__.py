"""How far a network is from what its machine can do."""
