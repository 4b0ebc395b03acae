"""Kinds of simulated cohorts, one file each: what is planted, who the patients are, which files and catalog are written.

Pixels that need more than a page have a module beside this package. Nothing here reads a cohort.
"""
