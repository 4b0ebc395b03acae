"""Missing values are filled in. One kind per file."""
