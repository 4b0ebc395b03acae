"""Metrics, one kind per file. An undefined metric is None with a reason, never a made-up number."""
