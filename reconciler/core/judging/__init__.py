"""What each model may become in a pass, judged by itself (spec §6)."""
