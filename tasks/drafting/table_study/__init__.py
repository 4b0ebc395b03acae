"""From tables of features, and the names of their columns, to a catalog and a study. No images, and nothing of networks."""
