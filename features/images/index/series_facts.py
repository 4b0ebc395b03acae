"""SeriesFacts: what may be told of DICOM images so that a person can tell them apart; no free text, no names, dates or UIDs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.images.dicom.b_value import PRIVATE, b_value
from features.images.dicom.dataset import holds, numbers, quiet, read_dataset, text
from features.images.index.header import DicomFile

MOST = 8  # values that are told of one fact
_TAGS = ("EchoTime", "RepetitionTime", "DiffusionBValue", "ContrastBolusAgent", "ImageType")
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ContrastBolusAgentSequence")
_NAMES = {"EffectiveEchoTime": "EchoTime"}  # what enhanced files call it
_WORD = re.compile("[A-Z0-9_]{1,24}")  # of an ImageType; what is none is not told


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Of images of one or more files: each value that occurs, ascending. contrast: whether an agent is named."""

    echo_times_ms: tuple[float, ...] = ()
    repetition_times_ms: tuple[float, ...] = ()
    b_values: tuple[float, ...] = ()
    contrast: bool = False
    image_types: tuple[str, ...] = ()
    description: str = ""

    def words(self) -> str:
        """In words, for a message."""
        found = [
            _told("echo time", self.echo_times_ms, " ms"),
            _told("repetition time", self.repetition_times_ms, " ms"),
            _told("b-value", self.b_values, ""),
            "with contrast agent" if self.contrast else "no contrast agent",
            " and ".join(self.image_types[:MOST]),
        ]
        return ", ".join(filter(None, found))


class _Found(NamedTuple):
    numbers: dict[str, set[float]]
    types: set[str]
    contrast: bool


def facts_of(files: Iterable[DicomFile], *, description: bool = False) -> SeriesFacts:
    """The facts of files of one series, of which one for each echo, b-value, time and image type is read.

    description: also the SeriesDescription, which may tell who the patient is.
    """
    one_each = {file.header.phase: file for file in files}
    found = _Found({"EchoTime": set(), "RepetitionTime": set(), "b": set()}, set(), False)
    told = ""
    for file in one_each.values():
        private = [one.group << 16 | block for one in PRIVATE for block in range(0x10, 0x20)]
        private += [one.group << 16 | block << 8 | one.element for one in PRIVATE for block in range(0x10, 0x20)]
        try:
            dataset = read_dataset(file.path, tags=[*_TAGS, *_GROUPS, *private, "SeriesDescription"])
            found = _add(found, dataset)
        except Rejected:  # what cannot be read is told nothing of
            continue
        told = told or (text(dataset, "SeriesDescription") if description else "")
    values = {name: tuple(sorted(some)) for name, some in found.numbers.items()}
    return SeriesFacts(
        values["EchoTime"], values["RepetitionTime"], values["b"], found.contrast, tuple(sorted(found.types)), told
    )


def _add(found: _Found, dataset: Dataset) -> _Found:
    groups = list(_nested(dataset))
    for place in (dataset, *groups):
        for keyword in ("EchoTime", "RepetitionTime", *_NAMES):
            if (value := numbers(place, keyword, 1)) is not None:
                found.numbers[_NAMES.get(keyword, keyword)].add(round(value[0], 3))
        if (value := numbers(place, "DiffusionBValue", 1)) is not None:
            found.numbers["b"].add(round(value[0], 3))
    if (b := b_value(dataset)) is not None:
        found.numbers["b"].add(round(b, 3))
    words = text(dataset, "ImageType").split("/")
    found.types.add("/".join(word for word in words if _WORD.fullmatch(word)))
    found.types.discard("")
    agent = bool(text(dataset, "ContrastBolusAgent")) or holds(dataset, "ContrastBolusAgentSequence")
    return found._replace(contrast=found.contrast or agent)


def _nested(dataset: Dataset) -> Iterator[Dataset]:
    """The items of the functional groups of an enhanced file."""
    try:
        with quiet():
            for keyword in _GROUPS[:2]:
                for groups in dataset.get(keyword) or []:
                    for element in groups:
                        if element.VR == "SQ":
                            yield from element.value[:1]
    except Exception:  # a damaged sequence can raise anything
        return


def _told(what: str, values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    more = " …" if len(values) > MOST else ""
    return f"{what} {', '.join(f'{value:g}' for value in values[:MOST])}{more}{unit}"
