"""What the networks look like: their parts and the ways between them, walked once and kept."""
