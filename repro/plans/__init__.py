"""What is wanted, and what a plan says of it: there, to be made, or impossible."""
