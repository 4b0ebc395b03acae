"""Estimators of our own, for scikit-learn's pipelines. They import what fits; models, which only declare, do not."""
