"""FileCache: what earlier refreshes learned of a cohort's files, so that unchanged bytes are not read again."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from features.core.column import Column
from features.core.digest import digest_bytes, digest_file
from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.core.storage.table import Schema, read_with_provenance, write_table

FILES = Schema(
    "files",
    (
        Column("file", "string", "keyed hash of the file's place, size and modification time", role="key"),
        Column("sha256", "string", "sha-256 of its bytes, null if nobody asked for it", role="fact"),
        Column("settings", "string", "digest of the settings that its header was read with", role="fact"),
        Column("header", "string", "what its header says: pseudonyms and keyed hashes", role="fact"),
        Column("verified", "int64", "number of the refresh that read the bytes last", role="fact"),
        Column("changed", "bool", "the bytes changed although size and modification time did not", role="fact"),
        Column(
            "pixels",
            "string",
            "digest of its pixels and place, or the labels of a label map, null if nobody asked",
            role="fact",
        ),
    ),
)
SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system: a later write is sure to give another time
SAMPLE_FILES = 8
SAMPLE_PARTS = 100
SAMPLE_BYTES = 256 << 20
_THREADS = 4  # they wait for a disk or a network; more of them only quarrel about the interpreter's lock
_CHUNK = 1024
_BATCH = 16  # files that a thread takes at a time: asking it costs more than a small file
_HEADER_BYTES = 1 << 16
_SAVE_EVERY_S = 300.0
_LABELS = "labels "  # begins what is kept of a label map in the place of the digest of pixels

R = TypeVar("R")
Read = Callable[[Path, bytes | None], tuple[str, str]]


@dataclass(slots=True)
class _Row:
    """What is known of one file."""

    sha256: str | None = None
    settings: str | None = None
    header: str | None = None
    verified: int = 0
    changed: bool = False
    pixels: str | None = None
    settled: bool = True  # False: written too recently to be recognised later


class _Seen(NamedTuple):
    """A file of this run: what the file system says of it, and its row."""

    file: str
    path: Path
    size: int
    mtime_ns: int
    row: _Row


class FileCache:
    """Digests and headers of files, recognised by place, size and modification time.

    It holds no names, ids, UIDs or dates: all are keyed hashes. One process at a time uses a cache; reading is done by
    threads. `FileCache(path, key)` is empty, so that everything is read; without a path nothing is kept. damaged: why a
    cache that was there could not be read.
    """

    def __init__(self, path: Path | None, key: bytes) -> None:
        self._path, self._key = path, key
        self._now_ns = time.time_ns()  # before any file is looked at
        self._saved_s = time.monotonic()
        self._rows: dict[str, _Row] = {}
        self._seen: dict[Path, _Seen] = {}
        self._read: set[str] = set()
        self._refresh = 1
        self._unsaved = False
        self.damaged = ""

    @classmethod
    def load(cls, path: Path, key: bytes) -> FileCache:
        """The cache that was saved at `path`; an empty one if it is missing, damaged or of another key."""
        cache, table = cls(path, key), None
        try:
            found, provenance = read_with_provenance(path)
            table = found if provenance.get("key") == cache._hash(b"key") else None
        except StoreError as error:
            cache.damaged = str(error) if path.is_file() else ""
        if table is not None and [(f.name, f.type) for f in table.schema] == [(f.name, f.type) for f in FILES.arrow]:
            columns = [table[column.name].to_numpy().tolist() for column in FILES.columns]
            cache._rows = dict(zip(columns[0], map(_Row, *columns[1:]), strict=True))
            cache._refresh = 1 + max(columns[4], default=0)
        return cache

    @classmethod
    def is_of(cls, path: Path, key: bytes) -> bool | None:
        """Whether the cache at `path` was saved with this key; None if it is missing or damaged."""
        try:
            return read_with_provenance(path)[1].get("key") == cls(None, key)._hash(b"key")
        except StoreError:
            return None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not self._rows

    def save(self) -> None:
        """Write the cache if something is new: whole, or not at all. Raises StoreError."""
        self._saved_s = time.monotonic()
        if self._path is None or not self._unsaved:
            return
        rows = {file: row for file, row in self._rows.items() if row.settled and (row.sha256 or row.header)}
        columns = [rows, *([getattr(row, c.name) for row in rows.values()] for c in FILES.columns[1:])]
        arrays = [pa.array(values, field.type) for values, field in zip(columns, FILES.arrow, strict=True)]
        table = FILES.checked(pa.table(arrays, names=FILES.arrow.names))
        write_table(self._path, table, {"key": self._hash(b"key")})
        self._unsaved = False

    def see(self, path: Path, name: str, size: int, mtime_ns: int) -> None:
        """Register a file. `name` is what it is recognised by, beside size (bytes) and modification time."""
        file = self._hash(b"%b\0%d\0%d" % (os.fsencode(name), size, mtime_ns))
        settled = mtime_ns + SETTLED_NS <= self._now_ns
        row = self._rows.get(file)
        if row is None or row.settled != settled:
            row = self._rows[file] = _Row(settled=settled)
        self._seen[path] = _Seen(file, path, size, mtime_ns, row)

    def digest(self, path: Path) -> str:
        """sha-256 of a file; its bytes are read only if they are not known. Raises OSError."""
        seen = self._look(path)
        if seen.row.sha256 is None:
            self._learn(seen, digest_file(path))
        return seen.row.sha256 or ""

    def digests(self, paths: Iterable[Path]) -> list[str | Rejected]:
        """sha-256 of each file, in their order, read side by side where they are not known.

        Rejected: UNREADABLE; FILE_CHANGED if `verify` found that the bytes are not those of this digest.
        """
        files = [self._look(path) for path in paths]
        unread = {seen.file: seen for seen in files if seen.row.sha256 is None}
        for seen, sha256 in _side_by_side(_digest, list(unread.values())):
            self._learn(seen, sha256)
        self._save_now_and_then()
        return [_answer(seen.row) for seen in files]

    def size(self, paths: Iterable[Path]) -> int:
        """Bytes of the files together; 0 for what cannot be asked for its size."""
        total = 0
        for path in paths:
            with contextlib.suppress(OSError):
                total += self._look(path).size
        return total

    def verify(self, paths: Iterable[Path]) -> None:
        """Read a sample of the known files again: those that were verified longest ago, and all that had changed.

        At least 8 files and up to 1 % of them, while they have at most 256 MiB together (the first may be larger).
        """
        files = {seen.file: seen for seen in map(self._look, paths)}.values()
        known = [seen for seen in files if seen.row.sha256 and seen.row.verified < self._refresh]
        due = [seen for seen in known if seen.row.changed]
        count, size = max(SAMPLE_FILES, len(known) // SAMPLE_PARTS), 0
        sound = (seen for seen in known if not seen.row.changed)
        for turn, seen in enumerate(heapq.nsmallest(count, sound, key=lambda seen: (seen.row.verified, seen.file))):
            size += seen.size
            if turn and size > SAMPLE_BYTES:
                break
            due.append(seen)
        for seen, sha256 in _side_by_side(_digest, due):
            self._learn(seen, sha256)

    def headers(
        self, paths: Collection[Path], read: Read, settings: Collection[str], progress: Callable[[int, int], None]
    ) -> Iterator[tuple[Path, str]]:
        """Each file with what its header says, as text.

        `read(path, head)` gives the settings that the text depends on, or "" if it is not worth keeping, and the text;
        `head` is the first 64 KiB, None if the file cannot be read. A text that is known is used again if its settings are
        among `settings`.
        """
        files = [self._look(path) for path in paths]
        known = [seen.row.header if seen.row.settings in settings else None for seen in files]
        fresh = _side_by_side(_fetch, [seen for seen, header in zip(files, known, strict=True) if header is None])
        for done, (seen, header) in enumerate(zip(files, known, strict=True), start=1):
            text = header
            if text is None:
                head, sha256 = next(fresh)[1]
                if sha256:
                    self._learn(seen, sha256)
                kept, text = read(seen.path, head)
                seen.row.settings, seen.row.header = (kept, text) if kept else (None, None)
                self._read.add(seen.file)
                self._unsaved = True
                self._save_now_and_then()
            yield seen.path, text
            progress(done, len(files))

    def pixels(self, path: Path, compute: Callable[[Path], str]) -> str:
        """What `compute` says of a file's pixels, "" for nothing; it is asked only if that is not known."""
        seen = self._look(path)
        if seen.row.pixels is None:
            seen.row.pixels = compute(path)
            self._read.add(seen.file)
            self._unsaved = True
        return seen.row.pixels

    def labels(self, path: Path, text: str | None = None) -> str:
        """The labels of a label map, "" if they are not known; `text`: what somebody has read and is kept."""
        seen = self._look(path)
        if text is not None:
            seen.row.pixels = _LABELS + text
            self._read.add(seen.file)
            self._unsaved = True
        known = seen.row.pixels or ""
        return known.removeprefix(_LABELS) if known.startswith(_LABELS) else ""

    def counts(self, paths: Iterable[Path]) -> tuple[int, int]:
        """How many of the files were read since the cache was loaded, and how many were known and not read."""
        files = [self._look(path) for path in paths]
        others = [seen.row for seen in files if seen.file not in self._read]
        return len(files) - len(others), sum(row.sha256 is not None or row.header is not None for row in others)

    def distrust(self) -> None:
        """Forget all that was not read since the cache was loaded: it will be read again, and accepted as it is."""
        self._rows = {file: row for file, row in self._rows.items() if file in self._read}
        self._seen = {path: seen for path, seen in self._seen.items() if seen.file in self._read}
        self._unsaved = True

    def forget_digests(self, paths: Iterable[Path]) -> None:
        """Forget the digests of files that must not be used any more."""
        for path in paths:
            row = self._look(path).row
            self._unsaved |= row.sha256 is not None
            row.sha256, row.pixels, row.changed = None, None, False

    def forget_unseen(self) -> None:
        """Forget the files that nobody asked for since the cache was loaded: they are gone."""
        seen = {seen.file for seen in self._seen.values()}
        self._unsaved |= not self._rows.keys() <= seen
        self._rows = {file: row for file, row in self._rows.items() if file in seen}

    def _hash(self, text: bytes) -> str:
        """24 hexadecimal digits of a keyed hash (96 bits)."""
        return hashlib.blake2b(b"\0file\0" + text, key=self._key[:64], digest_size=12).hexdigest()

    def _look(self, path: Path) -> _Seen:
        seen = self._seen.get(path)
        if seen is None:
            stat = path.stat()
            self.see(path, str(path.resolve()), stat.st_size, stat.st_mtime_ns)
            seen = self._seen[path]
        return seen

    def _learn(self, seen: _Seen, sha256: str | None) -> None:
        """Take note of bytes that were just read; None: they cannot be read."""
        row = seen.row
        if sha256 and row.sha256 not in (None, sha256):
            row.changed = row.settled = _is_still(seen)  # if not, it was written while we worked
        else:
            row.changed = False
        if not row.changed:
            row.pixels = row.pixels if row.sha256 in (None, sha256) else None
            row.sha256 = sha256
        row.verified = self._refresh
        self._read.add(seen.file)
        self._unsaved = True

    def _save_now_and_then(self) -> None:
        """So that a first index of many hours that is killed goes on where it was."""
        if time.monotonic() - self._saved_s > _SAVE_EVERY_S:
            self.save()


def _answer(row: _Row) -> str | Rejected:
    if row.changed:
        return Rejected("FILE_CHANGED")
    return row.sha256 or Rejected("UNREADABLE")


def _is_still(seen: _Seen) -> bool:
    """Whether a file has the size and the modification time that it was seen with."""
    try:
        stat = seen.path.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (seen.size, seen.mtime_ns)


def _digest(seen: _Seen) -> str | None:
    try:
        return digest_file(seen.path)
    except OSError:
        return None


def _fetch(seen: _Seen) -> tuple[bytes | None, str]:
    """Where headers stand: threads can wait for a disk, but parsing they only slow down.

    Of a small file that is all, so that its digest is known too.
    """
    size = min(seen.size + 1, _HEADER_BYTES)  # one more than there should be, so that a file that grew is noticed
    try:
        handle = os.open(seen.path, os.O_RDONLY)
        try:
            head = os.read(handle, size)
            while len(head) < min(seen.size, size) and (more := os.read(handle, size - len(head))):
                head += more
        finally:
            os.close(handle)
    except OSError:
        return None, ""
    return head, digest_bytes(head) if len(head) == seen.size < _HEADER_BYTES else ""


def _side_by_side(function: Callable[[_Seen], R], files: list[_Seen]) -> Iterator[tuple[_Seen, R]]:
    """Each file with what the function gives, in the order of the files, computed by threads."""
    if not files:
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(files), _CHUNK):
            batches = [files[first : first + _BATCH] for first in range(start, min(start + _CHUNK, len(files)), _BATCH)]
            for batch, found in zip(
                batches, pool.map(lambda batch: [function(one) for one in batch], batches), strict=True
            ):
                yield from zip(batch, found, strict=True)
