"""Training by a recipe: schedule, loop, checkpoints, resuming, evaluation on the way."""
