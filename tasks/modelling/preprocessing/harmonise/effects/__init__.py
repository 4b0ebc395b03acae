"""What sets centres apart, estimated on training rows: numbers only, no steps and no outcomes.

The model is that of Johnson et al., Biostatistics 2007;8:118, with covariates as in Fortin et al., NeuroImage 2018;167:104.
"""
