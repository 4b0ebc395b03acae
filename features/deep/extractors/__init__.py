"""Extractors that run networks, one per file."""
