"""Average precision by OKS, and PCKh: official evaluators and one of our own."""
