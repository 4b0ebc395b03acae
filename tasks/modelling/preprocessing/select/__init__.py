"""Columns are chosen, or condensed. One kind per file."""
