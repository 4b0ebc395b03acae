"""Who writes tables of features: how each names its columns. What a catalog says of a table is in core, reading in `ready`."""
