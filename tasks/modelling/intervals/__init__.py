"""Intervals of scores, one way per file: each says of what it is an interval, and benchmarks/coverage.py measures it.

What belongs here: how far a score would lie elsewhere. What does not: the score itself (metrics).
"""
