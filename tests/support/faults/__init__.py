"""What the fault suite is made of: damage, kills, and who judges what came of them."""
