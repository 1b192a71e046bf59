"""What runs take, before they are made: measured here, scaled to other devices by a rule."""
