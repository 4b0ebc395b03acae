"""Options that several commands share, declared once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from features.core.store import Store

StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="RADWEAVE_STORE", help="Folder of the results, or a URL such as s3://bucket/store."),
]
CatalogOption = Annotated[Path, typer.Option("--catalog", envvar="RADWEAVE_CATALOG", help="The data catalog.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 means one per core.")]
RefreshOption = Annotated[int | None, typer.Option("--at", help="The tables of this refresh; without it, the newest.")]
STORE, CATALOG = "store", Path("data_catalog.yaml")


def open_store(place: str) -> "Store":
    """The store at a path or URL."""
    from features.core.place import open_place
    from features.core.store import Store

    return Store(open_place(place))
