"""Ready-made tables of features: read as they were written elsewhere. What is computed from images is in other rooms."""
