"""Networks of the zoo as ONNX files, each checked against PyTorch before it is kept."""
