"""Makes the model ``builtin:digits``: data, network, training, export as OpenVINO IR and ONNX."""
