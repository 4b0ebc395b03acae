"""Prefect: the server and its check of origins, forms, artifacts, and how steps run with and without an engine."""
