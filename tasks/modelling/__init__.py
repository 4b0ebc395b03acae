"""The modelling library: splits, models, metrics and their evaluation. No prefect here."""
