"""Columns that say nothing are left out. One kind per file."""
