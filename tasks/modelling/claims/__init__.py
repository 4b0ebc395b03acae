"""Claims: kinds of what a study can claim of its combinations, one file each."""
