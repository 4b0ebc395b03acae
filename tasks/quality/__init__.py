"""The page about the scans of a cohort: facts, distributions, outliers. Nothing of a study belongs here."""
