"""Columns become others, without a look at the outcome. One kind per file; `codebook` holds the numbers."""
