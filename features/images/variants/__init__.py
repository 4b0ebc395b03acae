"""One variant of the ROI per file, named for its kind."""
