"""Composition: what runs after what. Flows, the command line, and the recipes and studies that come with radweave."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # Prefect greets its makers at the first import, unless told not to
