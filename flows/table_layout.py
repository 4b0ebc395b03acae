"""How wide the columns of a printed table are: words stay whole, and what a narrow screen has no room for is left out."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TEXT = 10  # letters that a line of text has at least, where it is as long
LONG, SHORTER = 20, 0.75  # rows of a table that may do without lines if it is so much shorter then
FRAME = 3  # letters between two columns with a line, and without
AIRY = 2
_PARTS = re.compile(r"[^-_/,.|=:]*[-_/,.|=:]*")  # where a word that is too long is broken


@dataclass(frozen=True)
class Layout:
    """widths: of the columns that are shown, by name. lines: whether lines are drawn between them. left_out: the others."""

    widths: Mapping[str, int]
    lines: bool
    left_out: tuple[str, ...] = ()


def lay_out(columns: Mapping[str, Sequence[str]], width: int, spare: Sequence[str] = ()) -> Layout:
    """Columns on a screen of so many letters.

    spare: columns that a narrow screen may lack, the first to go first. Lines between columns go before columns do, and where
    a long table is much shorter without. Words are broken last: after a punctuation mark where there is one.
    """
    for left_out in (tuple(spare[:count]) for count in range(len(spare) + 1)):
        shown = {name: cells for name, cells in columns.items() if name not in left_out}
        fits = [one for lines in (True, False) if (one := _fitted(shown, width, TEXT, left_out, lines=lines))]
        is_long = max(map(len, columns.values()), default=0) >= LONG
        if is_long and len(fits) == 2 and _height(shown, fits[1]) <= SHORTER * _height(shown, fits[0]):
            return fits[1]
        if fits:
            return fits[0]
    return _fitted(shown, width, 1, left_out, lines=False) or Layout(_squeezed(shown, width), False, left_out)


def folded(cell: str, width: int) -> str:
    """A cell in lines of at most this width: broken between words, in words after punctuation, else where it must be."""
    lines = []
    for given in cell.split("\n"):
        line = ""
        for piece in _pieces(given, width):
            if line and len((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return "\n".join(lines)


def _fitted(
    columns: Mapping[str, Sequence[str]], width: int, text: int, left_out: tuple[str, ...], *, lines: bool
) -> Layout | None:
    """A layout in which words are whole, with or without lines; None if there is no room."""
    free = _free(len(columns), width, lines=lines)
    if sum(_needed(name, cells, text) for name, cells in columns.items()) > free:
        return None
    return Layout(_widened(columns, free, text), lines, left_out)


def _free(count: int, width: int, *, lines: bool) -> int:
    return width - (FRAME * count + 1 if lines else AIRY * (count - 1))


def _height(columns: Mapping[str, Sequence[str]], layout: Layout) -> int:
    """Lines of all rows."""
    return sum(
        max(folded(cell, width).count("\n") + 1 for cell, width in zip(row, layout.widths.values(), strict=True))
        for row in zip(*columns.values(), strict=True)
    )


def _natural(name: str, cells: Sequence[str]) -> int:
    return max(len(line) for cell in (name, *cells) for line in cell.split("\n"))


def _needed(name: str, cells: Sequence[str], text: int) -> int:
    """What keeps words whole, and gives texts a line of so many letters."""
    longest = max((len(word) for cell in (name, *cells) for word in cell.split()), default=0)
    return max(longest, min(_natural(name, cells), text))


def _widened(columns: Mapping[str, Sequence[str]], free: int, text: int) -> dict[str, int]:
    """Widths that need no more than is free: what is left goes, letter by letter, to the column that costs most further lines."""
    widths = {name: _needed(name, cells, text) for name, cells in columns.items()}
    lengths = {
        name: Counter(len(line) for cell in (name, *cells) for line in cell.split("\n"))
        for name, cells in columns.items()
    }

    def further(name: str) -> int:
        return sum(count * ((length - 1) // max(widths[name], 1)) for length, count in lengths[name].items() if length)

    for _ in range(free - sum(widths.values())):
        name = max(widths, key=further)
        if not further(name):
            break
        widths[name] += 1
    return widths


def _squeezed(columns: Mapping[str, Sequence[str]], width: int) -> dict[str, int]:
    """Widths of columns whose words do not fit: the widest one gives way first, and may break its words."""
    widths = {name: _needed(name, cells, 1) for name, cells in columns.items()}
    free = _free(len(columns), width, lines=False)
    while sum(widths.values()) > max(free, len(widths)):
        widths[max(widths, key=lambda one: widths[one])] -= 1
    return widths


def _pieces(line: str, width: int) -> list[str]:
    """Words with the space that follows; those that are wider than a line in parts."""
    found: list[str] = []
    for word in re.findall(r"\S+\s*|\s+", line):
        parts = [word] if len(word.rstrip()) <= width else [part for part in _PARTS.findall(word) if part]
        found += [part[i : i + width] for part in parts for i in range(0, max(len(part.rstrip()), 1), width)]
    return found
