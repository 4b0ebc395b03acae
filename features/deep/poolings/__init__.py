"""What makes a vector of the maps of a layer, one kind per file."""
