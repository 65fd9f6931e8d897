"""From what is to become of models to a plan: steps in order, each with its way back (spec §6)."""
