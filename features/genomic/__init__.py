"""Genomic tables, one file per form, and pathway scores. Nothing here looks from one patient at another."""
