"""Comparisons: whether two candidates differ on the same cases, and how that is corrected for how many were compared.

What belongs here: differences with their p. What does not: the interval of one score (intervals).
"""
