"""Exported networks (ONNX files): what they state, what they leave open, how they run."""
