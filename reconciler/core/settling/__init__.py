"""What models need of each other: which of them change together, and which find room (spec §6)."""
