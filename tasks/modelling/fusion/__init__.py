"""Fusion: how the blocks of a set become one prediction. One kind per file."""
