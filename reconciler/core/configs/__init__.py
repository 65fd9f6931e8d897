"""Triton's ModelConfig, and the tree of a model that comes of it: read, layered, checked, laid out."""
