"""What a training fold learns of its risks from cases that models of inner folds predicted: a threshold, and probabilities.

What belongs here: numbers that turn a risk into a decision or a probability. What does not: how good these are (metrics).
"""
