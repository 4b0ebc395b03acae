"""look_into: what lies in a folder: DICOM, files of images, tables, and the rest, those in archives too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from features.core.digest import digest_file
from features.core.errors import DataError, RadweaveError
from features.core.progress import tell
from features.core.quarantine import Rejected
from features.images.index.archives import Unpacked, is_archive
from features.images.index.dicom_source import ENDINGS as DICOM_ENDINGS
from features.images.index.elements import is_dicom
from features.images.index.file_cache import FileCache
from features.images.index.files import FoundFile, list_files
from tasks.drafting.templates import ENDINGS

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".xlsx", ".xlsm")
_HEAD = 132


@dataclass
class Survey:
    """The files of a folder by what they are. `folder` is resolved.

    dicom: what may be DICOM. images: NIfTI, NRRD and MetaImage. tables: CSV and Excel. others: how many files are none of
    these. refused: what may not be read, archives that cannot be unpacked among it. archives: how many were unpacked.
    """

    folder: Path
    dicom: list[FoundFile] = field(default_factory=list)
    images: list[FoundFile] = field(default_factory=list)
    tables: list[FoundFile] = field(default_factory=list)
    others: int = 0
    refused: int = 0
    archives: int = 0

    @property
    def count(self) -> int:
        """All files that were looked at."""
        return len(self.dicom) + len(self.images) + len(self.tables) + self.others + self.refused


@contextmanager
def look_into(folder: Path, cohort: str, key: bytes, cache: FileCache) -> Iterator[Survey]:
    """The survey of a folder; inside the block its archives are unpacked in radweave's cache.

    Files are told by their endings; those without a known one by their first bytes. Raises RadweaveError if the folder is
    none, DataError if it holds no file; StoreError if archives cannot be unpacked.
    """
    _check(folder)
    root = folder.resolve()
    unpacked = Unpacked(key, cohort, root)
    try:
        listed, refused = list_files(root, root)
        found = Survey(root, refused=len(refused))
        files = [file for file in listed if not is_archive(file.name)]
        for file in (file for file in listed if is_archive(file.name)):
            try:
                files += unpacked.members(file, digest_file(file.path))
                found.archives += 1
            except Rejected:
                found.refused += 1
        for file in files:
            cache.see(file.path, f"{cohort}\0{file.real}", file.size, file.mtime_ns)
        _sort(found, files)
        if not found.count:
            raise DataError(f"{folder}: the folder is empty: there is nothing to describe")
        yield found
    finally:
        Unpacked(key, cohort, root).forget_others()


def _check(folder: Path) -> None:
    if not folder.exists():
        raise RadweaveError(f"{folder}: there is no such folder")
    if folder.is_file():
        hint = f"give the folder that it lies in: radweave init {folder.parent}"
        if is_archive(folder.name):
            hint = f"an archive is read as a part of the folder that it lies in: radweave init {folder.parent}"
        raise RadweaveError(f"{folder}: is a file, and init looks at a folder; {hint}")
    if not folder.is_dir():
        raise RadweaveError(f"{folder}: is neither a folder nor a file")


def _sort(found: Survey, files: Iterable[FoundFile]) -> None:
    every = list(files)
    for done, file in enumerate(every, start=1):
        name = file.name.lower()
        if not file.name.isprintable():  # of another encoding, or with line breaks: no catalog can name it
            found.refused += 1
        elif name.endswith(ENDINGS):
            found.images.append(file)
        elif name.endswith(TABLES):
            found.tables.append(file)
        elif name.endswith(DICOM_ENDINGS) or (_can_be_dicom(file) and _begins_like_dicom(file)):
            found.dicom.append(file)
        else:
            found.others += 1
        tell("files", done, len(every))


def _can_be_dicom(file: FoundFile) -> bool:
    """Whether a name does not tell that a file is something else: no ending, a number or a UID's part as one, `.img`."""
    ending = Path(file.name).suffix.lower()
    return not ending or ending == ".img" or not ending[1:].isalpha()


def _begins_like_dicom(file: FoundFile) -> bool:
    try:
        with file.path.open("rb") as opened:
            return is_dicom(opened.read(_HEAD))
    except OSError:
        return False
