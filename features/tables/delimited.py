"""CSV files: decoded as declared, split as declared; what does not fit says what to declare instead."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from features.core.catalog.table_source import TextSource

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def delimited_rows(data: bytes, source: TextSource) -> Iterator[tuple[int, list[str]]]:
    """Row numbers of the file, from 1, and cells. Raises ValueError (UnicodeError too) and csv.Error."""
    text = _decode(data, source.encoding).removeprefix("\ufeff")
    skipped = 0
    while source.comment and text.startswith(source.comment):
        text = text.partition("\n")[2]
        skipped += 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.separator, strict=True)
    return ((skipped + reader.line_num, row) for row in reader)


def separator_hint(header: Sequence[str], source: TextSource) -> str:
    """What to declare where the header holds another separator, or an empty string."""
    counts = {sign: sum(name.count(sign) for name in header) for sign in ";,\t|" if sign != source.separator}
    sign = max(counts, key=lambda sign: counts[sign])
    if not counts[sign] or len(header) > counts[sign]:
        return ""
    shown = {"\t": '"\\t"', ";": '";"'}.get(sign, f'"{sign}"')
    comma = ', and decimal: "," if numbers are written so' if sign == ";" else ""
    return f"is the separator right? declare separator: {shown}{comma}"


def encoding_of_mark(data: bytes) -> str:
    """The encoding that the byte order mark of a file tells; "" without one."""
    return next((name for mark, name in _BOMS.items() if data.startswith(mark)), "")


def _decode(data: bytes, encoding: str) -> str:
    bom = encoding_of_mark(data)
    text = data.decode(encoding)
    if "\0" in text:
        raise UnicodeError(f"holds NUL characters: declare encoding: {bom or 'utf-16-le'}")
    if not data.isascii() and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig") and "\ufeff" not in text[:1]:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return text
        raise UnicodeError("the file is UTF-8: leave encoding out")
    return text


def encoding_hint(data: bytes) -> str:
    """The encoding to declare for bytes that are not of the declared one."""
    return f"encoding: {encoding_of_mark(data) or 'latin-1'}"
