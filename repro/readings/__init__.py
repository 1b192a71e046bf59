"""What a network costs in each reading of its paper, held against what is printed."""
