"""Networks that lie outside the zoo, known under their names as if they were in it."""
