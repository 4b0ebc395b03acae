"""Options that several commands share, declared once."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.core.errors import RadweaveError

if TYPE_CHECKING:
    from features.core.storage.store import Store
    from tasks.running.pool import AnyRunner

StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="RADWEAVE_STORE", help="Folder of the results, or a URL such as s3://bucket/store."),
]
CatalogOption = Annotated[Path, typer.Option("--catalog", envvar="RADWEAVE_CATALOG", help="The data catalog.")]
RunnerOption = Annotated[
    Literal["threads", "processes", "dask"] | None,
    typer.Option(
        "--runner", envvar="RADWEAVE_RUNNER", help="Where work is done; processes unless --scheduler is given."
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=0, help="How many work side by side; 0, the default: one per core.")
]
SchedulerOption = Annotated[
    str, typer.Option("--scheduler", envvar="RADWEAVE_SCHEDULER", help="A Dask scheduler, such as tcp://node:8786.")
]
MemoryOption = Annotated[
    float | None, typer.Option("--memory", min=0.5, metavar="GIB", help="Memory of each worker, in GiB.")
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=1, metavar="SECONDS", help="A case that takes longer is quarantined.")
]
RefreshOption = Annotated[int | None, typer.Option("--at", help="The tables of this refresh; without it, the newest.")]
STORE, CATALOG = "store", Path("data_catalog.yaml")


def open_store(place: str, *, there: bool = False) -> "Store":
    """The store at a path or URL. Raises StoreError if it has to be there, and is not."""
    from features.core.errors import StoreError
    from features.core.storage.place import is_folder, open_place
    from features.core.storage.store import Store

    store = Store(open_place(place))
    if there and not is_folder(store.root):
        raise StoreError(f"{place}: there is no store; give --store, set RADWEAVE_STORE, or run radweave refresh")
    return store


def store_option(place: str) -> str:
    """The option that names a store, for commands that are shown; nothing for the default one."""
    return f" --store {quote(place)}" if place != STORE else ""


def place_options(catalog: str, store: str) -> str:
    """The options that name catalog and store, for commands that are shown; nothing for the default ones."""
    return (f" --catalog {quote(catalog)}" if catalog != str(CATALOG) else "") + store_option(store)


def choose_runner(
    kind: str | None, workers: int | None, scheduler: str, memory: float | None, timeout: float | None
) -> "AnyRunner":
    """The runner that the options describe. Raises RadweaveError where they contradict each other."""
    from pydantic import TypeAdapter

    from tasks.running.pool import AnyRunner

    kind = kind or ("dask" if scheduler else "processes")
    if scheduler and kind != "dask":
        raise RadweaveError(f"--scheduler {scheduler}: only --runner dask has one; found --runner {kind}")
    if scheduler and workers:
        raise RadweaveError(f"--workers {workers}: the cluster of --scheduler {scheduler} has its own; leave it out")
    if timeout is not None and kind == "threads":
        raise RadweaveError("--timeout: a thread cannot be ended; take --runner processes or dask")
    given = {"workers": workers, "memory_gib": memory, "timeout_s": timeout, "scheduler_address": scheduler or None}
    settings = {name: value for name, value in given.items() if value is not None}
    return TypeAdapter[AnyRunner](AnyRunner).validate_python({"kind": kind, **settings})
