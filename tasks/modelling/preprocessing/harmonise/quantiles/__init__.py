"""Distributions of centres, as `quantile_matching` needs them: numbers alone."""
