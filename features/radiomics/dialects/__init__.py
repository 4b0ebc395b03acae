"""The two dialects: what pyradiomics and IBSI each call a feature, and how each has settings, grey levels and aggregations.

Names, codes and formulas in words are tables (`*.csv`). What computes a feature stands in `families`.
"""
