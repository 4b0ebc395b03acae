"""Names of columns of views, for whoever reads tables and needs no network."""

SPREAD = "spread"  # ends the name of the column that tells how far features of a view differ
