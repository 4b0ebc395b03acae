"""Clinical tables: typed by what the catalog declares. Nothing is inferred and no unit is guessed."""
