"""Estimators of our own, for scikit-learn's pipelines. They import what fits; tasks.models, which only declares, does not."""
