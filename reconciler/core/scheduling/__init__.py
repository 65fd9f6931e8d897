"""Memory along the plan: an order in which every load finds room (spec §6)."""
