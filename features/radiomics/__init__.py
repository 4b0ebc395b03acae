"""Handcrafted radiomics: extractors and the IBSI codes of their features. Regions come prepared; no files are read here."""
