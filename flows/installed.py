"""installed: which radweave this is."""

import importlib.metadata

from features.core.code_digest import sources_of


def version() -> str:
    """Its version, as of the installed package."""
    return importlib.metadata.version("radweave")


def code_digest() -> str:
    """Of the sources that decide what a saved model says of rows."""
    return sources_of({"tasks.score"}).digest
