"""What kind of errors poses have, what each kind costs, and where it is worst."""
