"""Models, one kind per file: final estimators and their few candidate settings. Nothing is preprocessed here."""
