"""Steps before a model, by stage: clean, impute, scale, harmonise, select. They are fitted on training rows and nowhere else."""
