"""Who may sign commits and models, and what was signed."""
