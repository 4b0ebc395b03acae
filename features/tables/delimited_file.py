"""DelimitedFile: a CSV file as a TableFile, read piece by piece: memory holds the table, and never its text."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, Fault
from features.tables.cells import Cells, Odd
from features.tables.delimited import encoding_of_mark
from features.tables.files import reading, some_rows, uneven_rows

PIECE = 2**20  # bytes that are read at a time
_BATCH = 4096  # rows whose texts are looked up at a time
_MARK = codecs.BOM_UTF8


class DelimitedFile:
    """A CSV file, also compressed (`.gz`), in any encoding. Raises ConfigError where it is not written as declared."""

    def __init__(self, path: Path, source: TextSource) -> None:
        self._path, self._source = path, source
        self._begin, self._lines = 0, 0
        with reading(source, self._first_bytes):
            self.header: Sequence[str] = self._read_header()

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        with reading(self._source, self._first_bytes):
            return self._read(list(texts), list(numbers))

    def _read_header(self) -> list[str]:
        """The names, and where the rows begin: `_begin` bytes from the start, after `_lines` lines."""
        text, names = b"", list[str]()
        for piece in self._pieces():
            text += piece
            shown = text.decode("utf-8", "surrogateescape")
            self._lines, past = 0, 0
            while self._source.comment and shown.startswith(self._source.comment, past) and "\n" in shown[past:]:
                past = shown.index("\n", past) + 1
                self._lines += 1
            lines = io.StringIO(shown[past:], newline="")
            reader = csv.reader(lines, delimiter=self._source.separator, strict=True)
            names = next((row for row in reader if any(cell.strip() for cell in row)), [])
            self._lines += reader.line_num
            self._begin = len(shown[: past + lines.tell()].encode("utf-8", "surrogateescape"))
            if lines.tell() < len(shown) - past:  # else the header may go on
                break
        names = [name.strip() for name in names]
        "".join(names).encode("utf-8")  # raises where bytes were no text
        return names

    def _read(self, texts: list[str], numbers: list[str]) -> Cells:
        from features.tables.scan import SKIP, TEXT  # numba takes a while to import

        place = {name: i for i, name in enumerate(self.header)}
        roles = np.full(len(self.header), SKIP)
        roles[[place[name] for name in numbers]] = np.arange(len(numbers))
        roles[[place[name] for name in texts]] = TEXT - np.arange(len(texts))
        scanned = _Scanned(self._source, roles, len(texts), len(numbers), self._lines)
        rest, skip = b"", self._begin
        for piece in self._pieces():
            piece, skip = piece[skip:], max(skip - len(piece), 0)
            rest += piece
            end = max(rest.rfind(b"\n"), rest.rfind(b"\r", 0, -1)) + 1
            taken = scanned.take(rest[:end])
            scanned.expect(self._size() - self._begin, taken)
            rest = rest[taken:]
        if rest:
            rest += b"\n"
            if scanned.take(rest) < len(rest):
                raise ConfigError([Fault(self._source.path, "a quote is opened and never closed")])
        return scanned.cells(texts, numbers)

    def _size(self) -> int:
        """About how many bytes of text there are; of a compressed file, what it says of itself."""
        size = self._path.stat().st_size
        if self._path.suffix.lower() != ".gz":
            return size
        with self._path.open("rb") as file:
            file.seek(-4, io.SEEK_END)
            return int.from_bytes(file.read(), "little")

    def _first_bytes(self) -> bytes:
        with self._open() as file:
            return bytes(file.read(2**16))

    def _open(self) -> io.BufferedIOBase:
        is_packed = self._path.suffix.lower() == ".gz"
        return igzip.open(self._path, "rb") if is_packed else self._path.open("rb")

    def _pieces(self) -> Iterator[bytes]:
        """The text in UTF-8, without a byte order mark. Raises UnicodeError."""
        encoding = codecs.lookup(self._source.encoding).name
        is_plain = encoding in ("utf-8", "utf-8-sig")
        decoder = codecs.getincrementaldecoder(encoding)()
        other: codecs.IncrementalDecoder | None = None if is_plain else codecs.getincrementaldecoder("utf-8")()
        is_ascii, mark = True, None
        with self._open() as file:
            raw = file.read(PIECE)
            while raw:
                after = file.read(PIECE)
                is_ascii = is_ascii and raw.isascii()
                if other is not None:
                    try:
                        other.decode(raw, final=not after)
                    except UnicodeDecodeError:
                        other = None
                piece = raw if is_plain else decoder.decode(raw, final=not after).encode("utf-8")
                if mark is None:
                    mark, piece = encoding_of_mark(raw), piece.removeprefix(_MARK)
                    if is_plain and mark.startswith("utf-16"):
                        raw.decode("utf-8")  # raises
                if b"\0" in piece:
                    raise UnicodeError(f"holds NUL characters: declare encoding: {mark or 'utf-16-le'}")
                if other is not None and not is_ascii and not after:
                    raise UnicodeError("the file is UTF-8: leave encoding out")
                if piece:
                    yield piece
                raw = after


class _Scanned:
    """What was read up to here."""

    def __init__(self, source: TextSource, roles: NDArray[np.int64], texts: int, numbers: int, lines: int) -> None:
        from features.tables.decimal_text import powers_of_five
        from features.tables.scan import LISTED, WORD

        self._source, self._roles, self._fives = source, roles, powers_of_five()
        codes = [code.encode() for code in source.missing if code]
        self._codes = np.frombuffer(b"".join(codes), np.uint8)
        self._ends = np.cumsum([len(code) for code in codes], dtype=np.int64)
        self._at, self._is_expected = np.array([0, lines, 0, 0, 0]), False
        self._bits, self._lines = np.empty((numbers, 0), np.uint64), np.empty(0, np.int64)
        self._spans = np.empty((texts, _BATCH, 2), np.int64)
        self._texts: list[list[str]] = [[] for _ in range(texts)]
        self._wrong, self._wrong_lines = np.zeros(numbers, np.int64), np.zeros((numbers, LISTED), np.int64)
        self._words = np.zeros((numbers, WORD), np.uint8)
        self._odd_lines = np.zeros((2, LISTED), np.int64)
        self._long = np.empty((max(4096, len(roles)), 4), np.int64)

    def expect(self, size: int, seen: int) -> None:
        """Make room for as many rows as a text of this size has, if there are as many as in the bytes that were seen first."""
        if seen and not self._is_expected:
            self._is_expected = True
            self._grow(int(self._at[0] * size / seen * 1.05) + 16)

    def take(self, data: bytes) -> int:
        """Read whole rows, and return how many bytes they were."""
        from features.tables.scan import LONG, ROWS, scan

        array, passed = np.frombuffer(data, np.uint8), 0
        while passed < len(data):
            if self._at[ROWS] == self._lines.size:
                self._grow(self._lines.size + self._lines.size // 8 + data.count(b"\n", passed) + 16)
            before = int(self._at[ROWS])
            view = array[passed:]
            read = scan(
                view,
                len(view),
                ord(self._source.separator),
                ord(self._source.decimal),
                self._roles,
                self._codes,
                self._ends,
                self._fives,
                self._at,
                self._bits,
                self._spans,
                self._lines,
                self._wrong,
                self._wrong_lines,
                self._words,
                self._odd_lines,
                self._long,
            )
            for cells, spans in zip(self._texts, self._spans, strict=True):
                for first, last in spans[: self._at[ROWS] - before].tolist():
                    cells.append(_cell(data[passed + first : passed + last]))
            for column, row, first, last in self._long[: self._at[LONG]].tolist():
                number = float(data[passed + first : passed + last].replace(self._source.decimal.encode(), b"."))
                self._bits[column, row] = np.float64(number).view(np.uint64)
            was_full, self._at[LONG] = bool(self._at[LONG]) or self._at[ROWS] - before == _BATCH, 0
            passed += read
            if not read and not was_full and self._at[ROWS] < self._lines.size:
                break
        return passed

    def cells(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        """All of it. Raises ConfigError for rows that are longer or shorter than the header, or have stray quotes."""
        from features.tables.scan import MALFORMED, ROWS, UNEVEN

        if count := int(self._at[UNEVEN]):
            raise uneven_rows(self._source, self._odd_lines[0, :count].tolist(), len(self._roles))
        if count := int(self._at[MALFORMED]):
            found = some_rows(self._odd_lines[1, :count].tolist())
            raise ConfigError([Fault(self._source.path, "cells go on after their closing quote", found)])
        rows = int(self._at[ROWS])
        odd = {
            numbers[i]: Odd(
                int(self._wrong[i]),
                tuple(self._wrong_lines[i, : self._wrong[i]].tolist()),
                self._words[i].tobytes().rstrip(b"\0").decode("utf-8", "replace"),
            )
            for i in np.flatnonzero(self._wrong).tolist()
        }
        cells = dict(zip(texts, self._texts, strict=True))
        return Cells(self._lines[:rows], cells, self._bits.view(np.float64)[:, :rows], odd)

    def _grow(self, rows: int) -> None:
        if rows > self._lines.size:
            bits, lines = np.empty((len(self._bits), rows), np.uint64), np.empty(rows, np.int64)
            bits[:, : self._lines.size], lines[: self._lines.size] = self._bits, self._lines
            self._bits, self._lines = bits, lines


def _cell(raw: bytes) -> str:
    text = raw.decode("utf-8")
    return (text[1:-1].replace('""', '"') if text.startswith('"') else text).strip()
