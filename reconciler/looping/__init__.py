"""Passes again and again: what `reconcile run` keeps between them, and what is under way beside them."""
