"""Networks that learn: what is minimised, how views are changed, read and shown, and the course of epochs.

What belongs here: training on samples, with torch. What does not: outcomes, folds and endpoints (tasks/modelling).
"""
