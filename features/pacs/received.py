"""Received: where retrieved series stand. The names of files say what is there, so that nothing else has to be remembered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from features.core.catalog.pacs_source import PACS_FOLDER
from features.core.digest import digest_bytes
from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.core.storage.place import TEMPORARY, read_bytes, sync_folder, write_bytes
from features.images.dicom.dataset import read_dataset, text
from features.pacs.query import Series, Study
from features.pacs.server import PacsError

ENDING = ".dcm"


class Received:
    """Series below a source's folder: STUDY/SERIES/INSTANCE.dcm once they are complete, below .pacs/ until then.

    Names are the first 32 digits of the sha-256 of UIDs: no key that could be lost decides where a file stands. The index
    does not look into .pacs/, so that a series that still arrives is never taken for a whole one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._hidden = folder, folder / PACS_FOLDER
        self._hidden.mkdir(parents=True, exist_ok=True)

    @property
    def lock(self) -> Path:
        """The file of the lock: one process at a time retrieves."""
        return self._hidden / "lock"

    def complete(self, series: Series) -> set[str]:
        """Names of the instances of a series that stands complete; none if it does not."""
        return _names(self._place(series))

    def arrived(self, series: Series) -> set[str]:
        """Names of the instances of a series that is not yet complete."""
        return _names(self._incoming(series))

    def open(self, series: Series) -> Path:
        """The hidden folder of a series, with what is there of it; what an earlier retrieval left half written is gone."""
        place, incoming = self._place(series), self._incoming(series)
        if place.is_dir() and not incoming.is_dir():
            incoming.parent.mkdir(parents=True, exist_ok=True)
            place.rename(incoming)
        incoming.mkdir(parents=True, exist_ok=True)
        for path in incoming.glob(f".*{TEMPORARY}"):
            path.unlink()
        return incoming

    def keep(self, part: Path, series: Series) -> bool:
        """Take in a file that has just arrived; whether it is new. Raises PacsError if it is not DICOM of this series."""
        try:
            header = read_dataset(part, tags=["SOPInstanceUID", "SeriesInstanceUID"])
        except Rejected:
            part.unlink()
            raise PacsError("the PACS sends what is not DICOM") from None
        uid = text(header, "SOPInstanceUID")
        if not uid or text(header, "SeriesInstanceUID") != series.uid:
            part.unlink()
            raise PacsError("the PACS sends an instance of another series")
        place = part.with_name(name_of(uid) + ENDING)
        is_new = not place.exists()
        part.chmod(0o644)
        part.replace(place)
        return is_new

    def close(self, series: Series, wanted: Iterable[str]) -> None:
        """Let a complete series be found. Instances that the PACS no longer has are removed."""
        incoming, place = self._incoming(series), self._place(series)
        for name in self.arrived(series) - set(wanted):
            (incoming / (name + ENDING)).unlink()
        sync_folder(incoming)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        incoming.rename(place)
        sync_folder(place.parent)

    def files(self, study: Study) -> int:
        """How many instances of a study stand complete."""
        return sum(1 for _ in (self.folder / name_of(study.uid)).glob(f"*/*{ENDING}"))

    def load_notes(self) -> dict[str, list[int]]:
        """What `save_notes` kept; nothing if it is missing or damaged: everything is then asked for again."""
        try:
            found = json.loads(read_bytes(self._hidden / "studies.json"))
        except (StoreError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_notes(self, notes: dict[str, list[int]]) -> None:
        """Keep counts by names of studies. Raises StoreError."""
        write_bytes(self._hidden / "studies.json", json.dumps(notes, sort_keys=True).encode())

    def _place(self, series: Series) -> Path:
        return self.folder / name_of(series.study) / name_of(series.uid)

    def _incoming(self, series: Series) -> Path:
        return self._hidden / name_of(series.study) / name_of(series.uid)


def name_of(uid: str) -> str:
    """What stands for a UID in names of files."""
    return digest_bytes(uid.encode())[:32]


def _names(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob(f"*{ENDING}")}
