"""Ways to run a network, each as a plug-in."""
