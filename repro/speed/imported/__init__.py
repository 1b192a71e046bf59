"""Times that other tools have told of other devices, as records of their own kind."""
