"""Models of other systems as files of ours: one module for each system, values in and values out."""
