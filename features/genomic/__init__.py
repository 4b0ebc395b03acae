"""Genomic tables: expression values of named genes, one row per patient."""
