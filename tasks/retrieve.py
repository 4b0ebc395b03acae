"""Step 0: retrieve from a PACS what the index is to find."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from prefect import task
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PacsSource
from features.core.errors import NetworkError, RadweaveError
from features.core.pseudonym import load_key
from features.core.quarantine import Quarantined
from features.images.index.findings import Pseudonyms
from features.images.index.index_cohort import Index
from features.pacs.credentials import Credentials
from features.pacs.received import ENDING
from features.pacs.retrieve import Retrieved, retrieve_source
from features.pacs.server import Server

MakeServer = Callable[[PacsSource, Credentials], Server]


@dataclass(frozen=True)
class Retrieval:
    """What came from the PACSs of a cohort: rows of quarantine, and sentences for whoever watches."""

    rows: tuple[Quarantined, ...] = ()
    messages: tuple[str, ...] = ()

    def added_to(self, index: Index) -> Index:
        """The index with the rows of what could not be retrieved."""
        return replace(index, quarantined=tuple(sorted((*index.quarantined, *self.rows), key=_order)))


@task(name="retrieve", cache_policy=NO_CACHE, persist_result=False)
def retrieve_series(
    catalog: Path, cohort: str, *, again: bool = False, withdrawn: frozenset[str] = frozenset()
) -> Retrieval:
    """Retrieve what is new at the PACSs of a cohort. What cannot be had now has a row, and the refresh goes on.

    Raises RadweaveError if no PACS answers and not one file of the cohort's images is there; and what retrieve_source says.
    """
    return retrieve_cohort(catalog, cohort, again=again, withdrawn=withdrawn)


def retrieve_cohort(
    catalog: Path,
    cohort: str,
    *,
    again: bool = False,
    withdrawn: frozenset[str] = frozenset(),
    make_server: MakeServer = Server,
) -> Retrieval:
    """As the task. `make_server`: tests bring servers with a transport of their own."""
    found = load_catalog(catalog)
    sources = [(one, one.pacs) for one in found.cohort(cohort).images if isinstance(one, DicomSource) and one.pacs]
    if not sources:
        return Retrieval()
    root, names = found.root(cohort), Pseudonyms(cohort, load_key(), found.cohort(cohort).id_form)
    retrieved: list[Retrieved] = []
    for source, pacs in sources:
        server = make_server(pacs, find_credentials(pacs.secret))
        here = names.at(source.centre)
        retrieved.append(
            retrieve_source(server, source, pacs, root, here, today=date.today(), withdrawn=withdrawn, again=again)
        )
    files = (path for source, _ in sources for path in (root / source.path).rglob(f"*{ENDING}"))
    others = len(sources) < len(found.cohort(cohort).images)
    if not any(one.answered for one in retrieved) and not others and not any(files):
        raise NetworkError(f'cohort "{cohort}": {retrieved[0].rows[0].message}; there is no file to go on with')
    rows = tuple(row for one in retrieved for row in one.rows)
    return Retrieval(rows, tuple(filter(None, map(str, retrieved))))


def find_credentials(secret: str = "") -> Credentials:
    """Those of the Prefect Secret block with this name, or of the environment. Raises RadweaveError, which shows none."""
    if not secret:
        return Credentials.from_environment()
    if not os.environ.get("PREFECT_API_URL"):
        raise RadweaveError(f'the credentials of the PACS are in the Prefect block "{secret}": set PREFECT_API_URL')
    try:
        value = cast(Any, Secret).load(secret, _sync=True).get()
    except ValueError:
        raise RadweaveError(f'the Prefect server has no Secret block "{secret}"') from None
    return Credentials.from_secret(secret, value)


def _order(row: Quarantined) -> tuple[str, ...]:
    return row.case, row.modality, row.code, row.centre, str(sorted(row.details.items()))
