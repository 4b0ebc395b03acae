"""One derivation of outcomes per file, named for its kind. What several share is beside the folder."""
