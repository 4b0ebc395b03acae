"""Fitted candidates as arrays and JSON: what leaves the process that fitted them. Never pickle, and no code in what is read.

What belongs here: how a fitted value becomes a structure and arrays, and back. What does not:
where the files lie (features/results).
"""
