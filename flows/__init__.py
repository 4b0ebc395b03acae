"""Composition: what runs after what. Flows, the command line, and the recipes and studies that come with radweave."""
