"""From checked documents to the desired state, and to locks (spec §2)."""
