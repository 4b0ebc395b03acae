"""Steps that drop or choose columns, as scikit-learn transformers: fitted inside a training fold and nowhere else."""
