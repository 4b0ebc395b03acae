"""KnownResults: what the newest refresh knows of a cohort, so that unchanged cases are taken from its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.core.errors import StoreError
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.storage.place import remove_file
from features.core.storage.store import Store
from features.core.storage.table import TableFile
from features.results.earlier import of_today
from features.results.manifest import CohortState, File, Manifest, checked_bytes, newest
from features.results.prefixes import RESULT

ABSENT = "ROI_ABSENT"  # a rejection that stands among the warnings: the patient has no such region, and need not have

if TYPE_CHECKING:  # it knows what prepares images, which commands that only read a store need not load
    from features.results.work import Work


class KnownResults:
    """Addresses of per-case results that stand in a cohort's newest tables, their rows, and the rejections.

    A damaged table is as if it were not there: its values come from work/ again; `damaged` says which. So is a damaged
    result of work/: it is computed again; `spoilt` has its place. `mended`: refreshes whose views were built again.
    `kernels`: which computed what the tables hold, and what was loaded since.
    """

    def __init__(self, store: Store, cohort: str) -> None:
        self.store, self.cohort = store, cohort
        self.manifest: Manifest = newest(store)
        self.damaged: list[str] = []
        self.spoilt: list[Path] = []
        self.mended: list[int] = []
        self.kernels: set[str] = set(self.state.kernels) if self.state else set()
        self._tables: dict[str, pa.Table | None] = {}
        self._rows: dict[tuple[str, str], dict[str, int]] = {}
        self._addresses: dict[str, dict[str, list[str | None]]] = {}
        self._last: tuple[str, TableFile] | None = None
        self._fresh: dict[str, Rejected] = {}

    @property
    def state(self) -> CohortState | None:
        """The cohort at its last refresh; None before the first."""
        return self.manifest.cohorts.get(self.cohort)

    def table(self, name: str) -> pa.Table | None:
        """A table of the cohort with the columns of today; None if there is none or it is damaged."""
        if name not in self._tables:
            found = self.columns(name)
            self._tables[name] = None if found is None else of_today(name, found)
        return self._tables[name]

    def columns(self, name: str, columns: Sequence[str] | None = None) -> pa.Table | None:
        """Columns of a table, those that it has, or all; None if there is no table or it is damaged. It is not kept in memory.

        An earlier radweave kept the recipes of a block in one table, which is then that of each.
        """
        return self._read(name, lambda file: file.read(columns))

    def _read(self, name: str, what: Callable[[TableFile], pa.Table]) -> pa.Table | None:
        """What is read of the file of a table; None if there is none or it is damaged."""
        file = self.manifest.file(name, self.cohort) or self.manifest.file(name.split("/")[0], self.cohort)
        if file is None:
            return None
        try:
            return what(self._open(file))
        except StoreError as error:
            if str(error) not in self.damaged:
                self.damaged.append(str(error))
            return None

    def _open(self, file: File) -> TableFile:
        """A file of the manifest; the last one stays open, because a table of many images is read once for each of them."""
        if self._last is None or self._last[0] != file.path:
            self._last = None  # two need not be in memory
            self._last = file.path, TableFile(checked_bytes(self.store, file), self.store.root / file.path)
        return self._last[1]

    def rows(self, where: str, prefix: str) -> Mapping[str, int]:
        """Address → row in a table, of the results whose columns begin with a prefix."""
        key = where, prefix
        if key not in self._rows:
            if where not in self._addresses:
                self._addresses[where] = self._all_addresses(where)
            values = self._addresses[where].get(prefix + RESULT, ())
            self._rows[key] = {address: row for row, address in enumerate(values) if address is not None}
        return self._rows[key]

    def _all_addresses(self, where: str) -> dict[str, list[str | None]]:
        """The columns of a table that hold addresses, read at once."""
        table = self._read(where, lambda file: file.read([name for name in file.names() if name.endswith(RESULT)]))
        return {} if table is None else table.to_pydict()

    @cached_property
    def rejected(self) -> dict[str, Rejected]:
        """Address → rejection, of those that stay true while nothing changes."""
        tables = [table for name in ("quarantine", "warnings") if (table := self.table(name)) is not None]
        rows = [row for table in tables if RESULT in table.schema.names for row in table.to_pylist()]
        return {
            row[RESULT]: Rejected(row["code"], row["message"], **json.loads(row["details"]))
            for row in rows
            if row[RESULT] and row["code"] not in TRANSIENT and (row["severity"] == "error" or row["code"] == ABSENT)
        }

    @cached_property
    def _warned(self) -> dict[str, list[Warned]] | None:
        """Address → warnings of the newest tables, each once though several cases share the result; None if these do not say."""
        table = self.table("warnings")
        if table is None or RESULT not in table.schema.names:
            return None
        found: dict[str, list[Warned]] = {}
        for row in table.to_pylist():
            warned = Warned(row["code"], row["message"], json.loads(row["details"]))
            if warned not in (there := found.setdefault(row[RESULT], [])):
                there.append(warned)
        return found

    def warnings(self, work: Work) -> list[Warned]:
        """What is to be said of a result: from the tables if they hold it, else from work/."""
        if self._warned is not None and work.address in self.rows(work.table, work.prefix):
            return self._warned.get(work.address, [])
        return self.store.warnings(work.block, work.address) if self.store.has(work.block, work.address) else []

    @cached_property
    def _kept(self) -> dict[str, set[str]]:
        return self.store.results()

    def knows(self, work: Work) -> bool:
        """Whether there is a result or a rejection, in the tables or, undamaged, in work/."""
        block, address = work.block, work.address
        if address in self.rejected or address in self._fresh:
            return True
        tabled = address in self.rows(work.table, work.prefix)
        if tabled and self._warned is not None:
            return True
        if address in self._kept.get(block, ()) or self.store.has(block, address):
            return self.is_whole(block, address)
        return tabled

    def has_sample(self, work: Work) -> bool:
        """Whether work/ holds, undamaged, what networks are shown, or why there is nothing to show."""
        block, address = work.block, work.address
        there = address in self._kept.get(block, ()) or self.store.has(block, address)
        return address in self._fresh or (there and self.is_whole(block, address))

    def is_kept(self, work: Work) -> bool:
        """Whether work/ has a file of a result, whatever is in it; it is not read."""
        return work.address in self._kept.get(work.block, ()) or self.store.has(work.block, work.address)

    def is_whole(self, block: str, address: str) -> bool:
        """Whether a result of work/ is undamaged; if not, it is removed, since its address says how to compute it again."""
        if self.store.is_whole(block, address):
            return True
        self.spoilt.append(self.store.work(block, address))
        remove_file(self.spoilt[-1])
        self._kept.get(block, set()).discard(address)
        return False

    def load(self, block: str, address: str) -> dict[str, float | str] | Rejected:
        """A per-case result of work/; its kernel is noted."""
        values, kernel = self.store.load_with_kernel(block, address)
        if kernel:
            self.kernels.add(kernel)
        return values

    def lost(self, address: str, rejected: Rejected) -> None:
        """Note a rejection that holds for this refresh alone."""
        self._fresh[address] = rejected

    def fresh(self, work: Work) -> Rejected | None:
        """The rejection that holds for this refresh alone, if there is one."""
        return self._fresh.get(work.address)

    def lost_codes(self) -> dict[str, str]:
        """Address → code of the rejections that hold for this refresh alone."""
        return {address: rejected.code for address, rejected in sorted(self._fresh.items())}

    def rejection(self, work: Work) -> Rejected | None:
        """Why there are no values; None if there are. WORKER_LOST where nobody knows."""
        block, address = work.block, work.address
        if address in self._fresh:
            return self._fresh[address]
        if address in self.rejected:
            return self.rejected[address]
        if address in self.rows(work.table, work.prefix):
            return None
        if not self.store.has(block, address):
            return Rejected("WORKER_LOST")
        found = self.store.rejection(block, address)
        if found is not None:
            self.rejected[address] = found
        return found
