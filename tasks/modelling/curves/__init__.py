"""Curves and tests over out-of-fold predictions. An undefined one is empty with a reason, never a made-up number."""
