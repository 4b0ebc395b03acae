"""What a network is shown of a region, one kind per file."""
