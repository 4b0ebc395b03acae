"""Filters that make derived images, one kind per file."""
