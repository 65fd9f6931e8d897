"""Adapters: one module or folder owns one outside thing and its library; errors are translated here."""
