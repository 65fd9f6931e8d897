"""The JSON Schemas of spec §2, and of what we print."""
