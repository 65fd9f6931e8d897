"""A declarative GitOps reconciler for the models on NVIDIA Triton servers."""

__version__ = "0.1.0"
