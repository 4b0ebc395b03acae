"""One extractor per file, named for its kind."""
