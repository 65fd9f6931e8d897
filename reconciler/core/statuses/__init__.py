"""How models and targets stand after a pass: conditions, history, the files of the status branch (spec §7)."""
