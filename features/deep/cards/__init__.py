"""Weights cards, one YAML each: all that is known of a checkpoint."""
