"""Fusion: the blocks of the mart joined into the one design table of a study. Nothing is fitted here."""
