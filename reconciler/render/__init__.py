"""Plans and status as text and JSON: pure functions."""
