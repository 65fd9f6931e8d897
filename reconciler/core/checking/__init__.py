"""From bytes to documents: strict YAML with positions, held against their schemas (spec §2)."""
