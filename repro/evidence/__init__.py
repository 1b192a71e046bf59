"""Networks with published weights on real images, and what they suggest of printed figures."""
