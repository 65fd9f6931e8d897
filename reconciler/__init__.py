"""A declarative GitOps reconciler for the models on NVIDIA Triton servers."""
