"""Scores over follow-up by the day, for many days at once; cases that are censored weigh by the training cases' censoring.

What belongs here: arrays in, arrays out. What does not: folds and intervals (metrics).
"""
