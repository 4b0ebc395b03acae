"""What radweave offers, read off its own code: lists of kinds, schemas of the files that users write, pages of reference."""
