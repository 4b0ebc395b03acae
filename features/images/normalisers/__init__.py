"""Normalisers, one kind per file: how intensities of different images are made comparable."""
