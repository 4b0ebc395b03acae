"""DelimitedFile: a CSV file as a TableFile, read piece by piece: memory holds the table, and never its text."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from isal import igzip

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, Fault
from features.tables.cells import Cells
from features.tables.csv_cells import CsvCells
from features.tables.delimited import encoding_of_mark
from features.tables.files import reading

PIECE = 2**20  # bytes that are read at a time
BLOCK = 2**25  # bytes that are parsed at a time: each block costs something per column
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
        found = CsvCells(self._source, self.header, texts, numbers, lines=self._lines, size=self._size())
        waiting, fresh, skip = list[bytes](), 0, self._begin
        for piece in self._pieces():
            waiting.append(piece[skip:])
            skip, fresh = max(skip - len(piece), 0), fresh + len(piece)
            if fresh >= BLOCK:
                text, fresh = b"".join(waiting), 0
                waiting.clear()
                waiting.append(text[found.take(text) :])
        text = b"".join(waiting)
        text += b"" if text.endswith(b"\n") else b"\n"
        if found.take(text) < len(text):
            raise ConfigError([Fault(self._source.path, "a quote is opened and never closed")])
        return found.cells()

    def _size(self) -> int:
        """About how many bytes of text there are; of a compressed file, what it says of itself."""
        if self._path.suffix.lower() != ".gz":
            return self._path.stat().st_size
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
                is_ascii = is_ascii and (is_plain or raw.isascii())
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
