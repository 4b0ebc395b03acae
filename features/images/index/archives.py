"""unpack_archives: the members of zip and tar archives as files, in a private cache outside the store.

An archive is made by others: its names are never used as paths, nothing in it is followed, and it is left at the first
sign that it would unpack to far more than it should hold.
"""

from __future__ import annotations

import gzip
import hmac
import json
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.images.index.files import MEMBER, FoundFile

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_RATIO = 100  # unpacked bytes for each byte of the archive
FREE_BYTES = 1 << 20  # from which on the ratio counts
MAX_BYTES = 64 << 30
MAX_MEMBERS = 200_000
_BLOCK = 1 << 20
_UNPACKING, _DAY_S = ".unpacking-", 86_400.0
_NAMES, _DIGITS = "names", 32
_KIND = re.compile(r"\.(?:(?:nii|hdr|img)(?:\.gz)?|nrrd|nhdr|mha|mhd)$", re.IGNORECASE)  # what readers tell files by
_TIME_NS = 10**18  # of all members: what is unpacked again is the same file
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive that is unpacked."""
    return name.lower().endswith(ENDINGS)


def archives_of(root: Path, path: str) -> list[Path]:
    """Archives that stand for a folder of the catalog that is not there, by its name or by that of one above it."""
    folder = (root / path).resolve()
    if folder.is_dir() or not folder.is_relative_to(root):
        return []
    while not folder.parent.is_dir():
        folder = folder.parent
    entries = sorted(folder.parent.iterdir())
    return [one for one in entries if is_archive(one.name) and _folder_name(one.name) == folder.name]


class Unpacked:
    """The archives of one cohort, unpacked below `RADWEAVE_UNPACKED`, else in the user's cache folder.

    `root` is the folder of the cohort's files: cohorts do not share members.
    """

    def __init__(self, key: bytes, cohort: str, root: Path) -> None:
        text = f"\0archives\0{cohort}\0{root}".encode("utf-8", "surrogatepass")
        self._folder = cache_folder() / hmac.digest(key, text, "sha256").hex()[:24]
        self._used: set[str] = set()
        self._first: dict[str, Path] = {}

    def members(self, archive: FoundFile, digest: str) -> list[FoundFile]:
        """The files in an archive of that sha-256, as if it were a folder of its name without ending.

        They are unpacked if that was not done before.

        Raises Rejected: ARCHIVE_UNSAFE (links, devices, absolute paths or .. in it, an archive in it), ARCHIVE_BOMB (over
        100 times its size, 64 GiB or 200,000 members), ARCHIVE_DAMAGED (ends early, is encrypted, is none), UNREADABLE.
        Raises RadweaveError if the cache cannot be written.
        """
        self._used.add(digest[:_DIGITS])
        place = self._folder / digest[:_DIGITS]
        if not place.exists():
            self._unpack(archive, place)
        if place.is_file():
            refused = json.loads(place.read_text("utf-8"))
            raise Rejected(refused["code"], refused["message"])
        found = []
        names: dict[str, str] = json.loads((place / _NAMES).read_text("utf-8"))
        for file, inside in sorted(names.items()):
            path, name = place / file, f"{_folder_name(archive.name)}/{inside}"
            found.append(FoundFile(path, name, f"{MEMBER}{digest}/{file}", path.stat().st_size, _TIME_NS))
        return found

    def is_copy(self, archive: FoundFile, digest: str) -> bool:
        """Whether another archive that has the same bytes was asked about before."""
        return self._first.setdefault(digest, archive.path) != archive.path

    def forget_others(self) -> None:
        """Remove what was unpacked of archives that are gone, and what killed processes left a day ago."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            busy = path.name.startswith(_UNPACKING) and time.time() - path.stat().st_mtime < _DAY_S
            if path.name not in self._used and not busy:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _unpack(self, archive: FoundFile, place: Path) -> None:
        """Make the folder of members, or a file that says why there is none; whole, or not at all."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=_UNPACKING) as text:
                made = Path(text) / "members"
                made.mkdir(mode=0o700)
                try:
                    names = _extract(archive, made)
                    (made / _NAMES).write_text(json.dumps(names), "utf-8")
                except Rejected as error:
                    if error.code == "UNREADABLE":
                        raise
                    made = Path(text) / "refused"
                    made.write_text(json.dumps({"code": error.code, "message": error.message}), "utf-8")
                os.sync()  # so that after a crash the folder is whole or absent
                if not place.exists():
                    made.rename(place)
        except OSError as error:
            what = error.strerror or str(error)
            raise StoreError(
                f"{self._folder}: archives cannot be unpacked there: {what}; set RADWEAVE_UNPACKED"
            ) from error


def cache_folder() -> Path:
    """Where archives are unpacked: RADWEAVE_UNPACKED, else radweave/unpacked in the user's cache folder."""
    told = os.environ.get("RADWEAVE_UNPACKED")
    if told:
        return Path(told).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "radweave" / "unpacked"


def _extract(archive: FoundFile, folder: Path) -> dict[str, str]:
    """Write the members as 000000, 000001.nii.gz …: their names may be long, equal, or those of patients.

    Gives what is written → its name in the archive. Files that differ in their ending alone have one number, so that
    pairs stay pairs.
    """
    limit = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * archive.size))
    members = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    try:
        with archive.path.open("rb") as raw:
            written = 0
            names, seen, numbers = dict[str, str](), Counter[str](), dict[tuple[str, int], int]()
            for count, (name, member) in enumerate(members(raw, limit)):
                if count >= MAX_MEMBERS:
                    raise Rejected("ARCHIVE_BOMB", f"an archive has more than {MAX_MEMBERS:,} members")
                if is_archive(name):
                    raise Rejected("ARCHIVE_UNSAFE", "an archive holds another archive, which is not unpacked")
                name = _plain(name)
                kind = _KIND.search(name)
                stem, ending = (name[: kind.start()], kind[0].lower()) if kind else (name, "")
                number = numbers.setdefault((stem, seen[stem + ending]), len(numbers))
                seen[stem + ending] += 1
                place = folder / f"{number:06d}{ending}"
                names[place.name] = name
                with place.open("xb") as file:
                    while block := member.read(_BLOCK):
                        written += len(block)
                        if written > limit:
                            raise _bomb()
                        _write(file, block)
                os.utime(place, ns=(_TIME_NS, _TIME_NS))
            return names
    except _DAMAGE as error:
        raise Rejected("ARCHIVE_DAMAGED") from error
    except _CannotWrite as error:
        raise error.args[0] from error
    except OSError as error:  # gzip and bz2 tell damage by it too, without a number
        raise Rejected("UNREADABLE" if error.errno else "ARCHIVE_DAMAGED") from error


class _CannotWrite(Exception):
    """Wraps the OSError of writing, to tell it from those of reading."""


def _write(file: IO[bytes], block: bytes) -> None:
    try:
        file.write(block)
    except OSError as error:
        raise _CannotWrite(error) from error


def _zip_members(raw: IO[bytes], limit: int) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(raw) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > limit:  # as they claim
            raise _bomb()
        for info in infos:
            mode = info.external_attr >> 16
            _check_name(info.filename)
            if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
                raise _unsafe()
        for info in infos:
            if not info.is_dir():
                with archive.open(info) as member:
                    yield info.filename, member


def _tar_members(raw: IO[bytes], limit: int) -> Iterator[tuple[str, IO[bytes]]]:
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
    metered = _Metered(stream, limit + (limit >> 2))  # headers and padding beside the members
    with tarfile.open(fileobj=metered, mode="r|", errorlevel=2, ignore_zeros=False) as archive:  # type: ignore[call-overload]
        for info in archive:
            _check_name(info.name)
            if info.isdir():
                continue
            if not info.isreg():
                raise _unsafe()
            member = archive.extractfile(info)
            if member is not None:
                yield info.name, member
            archive.members = []
    while metered.read(_BLOCK):  # to the checksum at the end
        pass


class _Metered:
    """A stream that ends with ARCHIVE_BOMB when more comes out of it than may."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._left = stream, limit

    def read(self, count: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(count)
        self._left -= len(data)
        if self._left < 0:
            raise _bomb()
        return data


def _folder_name(archive: str) -> str:
    return archive[: -max(len(ending) for ending in ENDINGS if archive.lower().endswith(ending))]


def _plain(name: str) -> str:
    """A member's path with slashes, without dots and empty parts."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _check_name(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or (len(parts[0]) == 2 and parts[0].endswith(":")):
        raise _unsafe()


def _unsafe() -> Rejected:
    return Rejected("ARCHIVE_UNSAFE")


def _bomb() -> Rejected:
    return Rejected("ARCHIVE_BOMB")
