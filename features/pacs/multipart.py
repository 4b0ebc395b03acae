"""save_parts: the parts of a multipart answer as files, written while they arrive.

dicomweb-client would parse and encode each instance again, and hands out a last part that was cut off as if it were whole:
Orthanc ends a body by closing the connection, so that a server that is killed cannot be told from one that has finished,
but by the closing boundary.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import IO

from features.core.storage.place import TEMPORARY
from features.pacs.server import Incomplete

PIECE = 1 << 18  # bytes that are read at once


def save_parts(content_type: str, pieces: Iterable[bytes], folder: Path) -> Iterator[Path]:
    """Each part as a temporary file of the folder, durable before it is given; the receiver renames or removes it.

    A body that is no multipart is one part. Raises Incomplete if the body ends before its closing boundary, ValueError if
    a multipart has no boundary.
    """
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_maintype() != "multipart":
        with _Part(folder) as part:
            for piece in pieces:
                part.file.write(piece)
        yield part.path
        return
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise ValueError("a multipart answer has no boundary")
    reader = _Reader(iter(pieces))
    delimiter = b"\r\n--" + boundary.encode()
    reader.data += b"\r\n"  # the first boundary may begin the body
    reader.until(delimiter, None)
    while not reader.ends():
        reader.until(b"\r\n\r\n", None)  # the part's own headers, perhaps none
        with _Part(folder) as part:
            reader.until(delimiter, part.file)
        yield part.path


class _Reader:
    """Bytes that arrive in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.data = bytearray()
        self._pieces = pieces

    def until(self, mark: bytes, out: IO[bytes] | None) -> None:
        """Move what stands before a mark to `out`, and drop the mark."""
        while (place := self.data.find(mark)) < 0:
            sure = len(self.data) - len(mark) + 1
            if sure > 0:
                self._move(sure, out)
            self._more()
        self._move(place, out)
        del self.data[: len(mark)]

    def ends(self) -> bool:
        """Whether the boundary that was just read is the closing one."""
        while len(self.data) < 2:
            self._more()
        return self.data.startswith(b"--")

    def _move(self, count: int, out: IO[bytes] | None) -> None:
        if out is not None:
            out.write(memoryview(self.data)[:count])
        del self.data[:count]

    def _more(self) -> None:
        piece = next(self._pieces, b"")
        if not piece:
            raise Incomplete
        self.data += piece


class _Part:
    """A temporary file: durable when the block ends, removed if it fails."""

    def __init__(self, folder: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=".", suffix=TEMPORARY, dir=folder)
        self.path, self.file = Path(name), os.fdopen(handle, "wb")

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self.file:
            if kind is None:
                self.file.flush()
                os.fsync(self.file.fileno())
        if kind is not None:
            self.path.unlink()
