"""Tensor models through OpenVINO."""
