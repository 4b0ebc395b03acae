"""Metrics and curves over out-of-fold predictions. An undefined metric is None with a reason, never a made-up number."""
