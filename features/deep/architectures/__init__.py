"""One family of networks per file, named for its kind: what builds it, untrained."""
