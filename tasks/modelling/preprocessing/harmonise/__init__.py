"""Harmonisers: steps that take out of each column what sets the centres of the training rows apart.

One kind per file; `effects` holds the numbers. Nothing here sees the outcome.
"""
