"""Header: the text header of an NRRD or MetaImage file, and the data files beside it that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from features.core.quarantine import Rejected

_HEADER_BYTES = 2**20
_MOST_FILES = 100_000
_PATTERN = re.compile(r"(?P<before>[^%]*)%0?(?P<digits>\d{0,2})d(?P<after>[^%]*)")
_DATA = ("datafile", "elementdatafile")
_FIELD = re.compile(r"\s*(?P<name>[^:=#][^:=]*?)\s*[:=]\s*(?P<value>.*?)\s*")
_SPACES = (
    *("left-posterior-superior", "right-anterior-superior", "left-anterior-superior"),
    *("lps", "ras", "las"),
)
_UNITS_MM = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "um": 1e-3, "μm": 1e-3, "µm": 1e-3}


@dataclass(frozen=True, slots=True)
class Header:
    """fields: name in small letters without blanks → the texts of all lines that have it. lines: what follows a LIST."""

    path: Path
    fields: dict[str, tuple[str, ...]]
    lines: tuple[str, ...]

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The files that hold the voxels, none if they follow the header in its own file.

        Raises Rejected: NRRD_PATH (outside the header's folder, also through a link), NII_TRUNC (too many).
        """
        folder = self.path.parent.resolve()
        found = []
        for name in self._names():
            try:
                file = (folder / name).resolve()
            except (OSError, ValueError, RuntimeError) as error:  # too long, with NUL, a loop of links
                raise Rejected("NII_TRUNC", "the header names a file that cannot be") from error
            if not file.is_relative_to(folder):
                raise Rejected("NRRD_PATH")
            found.append(file)
        return tuple(found)

    @property
    def length_unit_mm(self) -> float:
        """Millimetres of one unit of space, 1 if the header does not say."""
        names = set(re.findall(r'"([^"]*)"', "".join(self.fields.get("spaceunits", ()))))
        return _UNITS_MM.get(names.pop(), 1.0) if len(names) == 1 else 1.0

    @property
    def tells_orientation(self) -> bool:
        """Whether the axes of its coordinates are said to be those of the patient, in words that SimpleITK goes by."""
        if self.path.name.lower().endswith((".mha", ".mhd")):
            sides = "".join(self.fields.get("anatomicalorientation", ())).strip().upper()
            return len(sides) >= 2 and set(sides) <= set("RLAPIS")
        return "".join(self.fields.get("space", ())).lower() in _SPACES

    def _names(self) -> list[str]:
        names: list[str] = []
        for value in (value for name in _DATA for value in self.fields.get(name, ())):
            words = value.split()
            if words and words[0].upper() == "LIST":
                names += [line for line in self.lines if line]
            elif words and words[0].upper() != "LOCAL":
                names += _numbered(words) if "%" in value else [value]
        if len(names) > _MOST_FILES:
            raise Rejected("NII_TRUNC", "the header names too many files")
        return names


def read_header(path: Path) -> Header:
    """The text header of a .nrrd, .nhdr, .mha or .mhd file. Raises Rejected: UNREADABLE."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_BYTES).decode("latin-1")
    except OSError as error:
        raise Rejected("UNREADABLE") from error
    fields: dict[str, tuple[str, ...]] = {}
    lines = re.split("\r\n|\n|\r", start)
    for number, line in enumerate(lines):
        if not line and start.startswith("NRRD"):  # the end of an NRRD header
            break
        field = _FIELD.fullmatch(line)
        if field is None:
            continue
        name, value = field["name"].lower().replace(" ", ""), field["value"]
        fields[name] = (*fields.get(name, ()), value)
        if name in _DATA and value[:4].upper() == "LIST":
            return Header(path, fields, tuple(part.strip() for part in lines[number + 1 :]))
        if name == "elementdatafile":  # the end of a MetaImage header
            break
    return Header(path, fields, ())


def _numbered(words: list[str]) -> list[str]:
    """The files of `slice%03d.raw 1 20 1`."""
    pattern = _PATTERN.fullmatch(words[0])
    try:
        first, last, step = (int(word) for word in words[1:4])
        files = range(first, last + 1, step)
    except ValueError:
        pattern = None
    if pattern is None or len(files) > _MOST_FILES:
        raise Rejected("NII_TRUNC", "the header's pattern of data files cannot be understood")
    digits = int(pattern["digits"] or 0)
    return [f"{pattern['before']}{number:0{digits}d}{pattern['after']}" for number in files]
