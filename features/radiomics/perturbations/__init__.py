"""One perturbation per file, named for its kind."""
