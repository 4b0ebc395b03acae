"""Columns are brought to one scale. One kind per file."""
