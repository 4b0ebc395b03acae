"""Prefect: the server and its guard, forms, artifacts, and how steps run with and without an engine."""
