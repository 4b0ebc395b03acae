"""Where ROIs come from, one kind per file. How a format is decoded stands one floor above."""
