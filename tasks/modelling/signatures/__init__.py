"""Signatures: predictions of a model that was fitted on other cohorts, as columns of a study that never fits them.

What is fitted on a study's own cases does not belong here.
"""
