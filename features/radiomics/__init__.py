"""Handcrafted radiomics. Regions come prepared; no files are read here but those of `extraction`.

One ground (`voxels`, `geometry`), two dialects of it (pyradiomics and IBSI), `families` of features with their formulas; then
what goes through them: `engine`, `ibsi_features`, `maps`, and the `extractors` that recipes name.
"""
