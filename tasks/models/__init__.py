"""Models, one kind per file: final estimators and their few candidate settings. Preprocessing lives in tasks.evaluation."""
