"""Benchmarks: how fast sources are fetched, beside the tools that people would take instead."""
