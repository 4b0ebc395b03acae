"""find_templates: which part of the files' paths is the patient, and the templates that the paths become by it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import NamedTuple

from features.core.progress import tell
from tasks.drafting.words import date_format, holds_date, holds_role, is_role, names_mask

ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".hdr")
PATIENT = "{patient}"
_ROLE, _TEMPLATE, _KNOWN = 5, 3, 2  # what a value that names a role costs, what a template costs, what a known id earns
_APART = 30  # what it costs if there are images and masks, and no patient has both
MOST_TEMPLATES = 300  # more patterns than that are none
_MOST_LEVELS, _MOST_WORDS = 8, 5
_WORD = re.compile(r"[A-Za-z0-9]+")
_BIDS = re.compile(r"(?:^|[/_])(sub-[A-Za-z0-9]+)(?=[/_.])")


class Key(NamedTuple):
    """Whose file it is: a patient, and the word for a time point, if the path has one."""

    patient: str
    timepoint: str = ""


@dataclass
class Template:
    """A path with {patient} in place of the patient, and the files that it is of."""

    text: str
    files: dict[Key, str] = field(default_factory=dict)

    @property
    def patients(self) -> set[str]:
        """Those who have a file of it."""
        return {key.patient for key in self.files}


@dataclass(frozen=True)
class Naming:
    """The templates that at least two patients share (all, of a single patient), most patients first.

    rare: those of one patient among several. left: files that fit none. level: in words where the patient stands.
    """

    templates: tuple[Template, ...]
    rare: tuple[Template, ...]
    left: tuple[str, ...]
    level: str

    @property
    def patients(self) -> set[str]:
        """The patients as the paths write them."""
        return {patient for template in self.templates for patient in template.patients}


def find_templates(names: Sequence[str], known: Collection[str] = ()) -> Naming:
    """The reading of the names in which the fewest templates hold for the most patients.

    names: paths below the root, with slashes. known: ids of patients from elsewhere (tables, DICOM). A patient is a level
    of folders, or the beginning, the end or all of a file's name; values that name a role, such as `mask` or `t1`, count
    as unlikely ones. No templates are given if no part of the paths can be a patient.
    """
    best: tuple[float, Naming] | None = None
    role = cache(is_role)
    readings = list(_readings(names, known))
    for done, (level, value_of) in enumerate(readings, start=1):
        tell("names", done, len(readings))
        values = {name: value for name in names if (value := value_of(name)) and not role(value)}
        if not values:
            continue
        found = _naming(names, values, level)
        if len(found.templates) > MOST_TEMPLATES:
            continue
        cost = _cost(found, known)
        if found.templates and (best is None or cost < best[0]):
            best = cost, found
    return best[1] if best else Naming((), (), tuple(names), "")


def split_ending(name: str) -> tuple[str, str]:
    """A path without its ending, and the ending."""
    ending = next((one for one in ENDINGS if name.lower().endswith(one)), "")
    return (name[: -len(ending)], name[-len(ending) :]) if ending else (name, "")


def _readings(names: Sequence[str], known: Collection[str]) -> Iterable[tuple[str, Callable[[str], str]]]:
    """Each way to read a patient out of a path, with where that is in words."""
    if sum(bool(_BIDS.search(name)) for name in names) > len(names) / 2:
        yield "the BIDS label sub-", lambda name: match[1] if (match := _BIDS.search(name)) else ""
    depth = min(max(name.count("/") for name in names), _MOST_LEVELS)
    for level in range(depth):
        yield f"the folder of level {level + 1}", partial(_folder, level=level)
    for level in range(1, depth + 1):
        yield f"the folder {level} above the files", partial(_folder, level=-level - 1)
    if known:
        yield "the ids of the tables", partial(_known, known=frozenset(one for one in known if len(one) > 2))
    yield "the names of the files", lambda name: split_ending(name)[0].rsplit("/", 1)[-1]
    for count in range(1, _MOST_WORDS + 1):
        yield "the beginnings of the files' names", partial(_words, count=count)
        yield "the ends of the files' names", partial(_words, count=-count)


def _folder(name: str, level: int) -> str:
    parts = name.split("/")
    inside = -len(parts) <= level < len(parts) - 1
    return parts[level] if inside and level != -1 else ""


def _known(name: str, known: Collection[str]) -> str:
    """The first folder, or words at the beginning or the end of the file's name, that is a known id."""
    folders = name.split("/")[:-1]
    words = (_words(name, count) for size in range(_MOST_WORDS, 0, -1) for count in (size, -size))
    return next((one for one in (*folders, *words) if one in known), "")


def _words(name: str, count: int) -> str:
    """The first `count` words of a file's name, or the last if it is negative; nothing if there are no more words."""
    stem = split_ending(name)[0].rsplit("/", 1)[-1]
    places = list(_WORD.finditer(stem))
    if abs(count) >= len(places):
        return stem if count > 0 else ""
    return stem[: places[count - 1].end()] if count > 0 else stem[places[count].start() :]


def _naming(names: Sequence[str], values: Mapping[str, str], level: str) -> Naming:
    templates: dict[str, Template] = {}
    left = []
    for name in names:
        value = values.get(name)
        if value is None:
            left.append(name)
            continue
        stem, ending = split_ending(name)
        text = _put(stem, value) + ending
        if PATIENT not in text or "{" in text.replace(PATIENT, ""):
            left.append(name)
            continue
        templates.setdefault(text, Template(text)).files[Key(value)] = name
    patients = {key.patient for template in templates.values() for key in template.files}
    least = 2 if len(patients) > 1 else 1
    shared: dict[str, set[str]] = defaultdict(set)
    for one in templates.values():  # paths that differ in the date of a visit are of one template
        shared[_undated(one.text)] |= one.patients
    kept = [one for one in templates.values() if len(shared[_undated(one.text)]) >= least]
    kept.sort(key=lambda one: (-len(one.files), one.text))
    rare = tuple(one for one in templates.values() if len(shared[_undated(one.text)]) < least)
    return Naming(tuple(kept), rare, tuple(left), level)


def _put(stem: str, value: str) -> str:
    """A path with {patient} wherever the value stands as a word."""
    first, *others = stem.split(value)
    text = first
    for other in others:
        word = not text[-1:].isalnum() and not other[:1].isalnum()
        text += (PATIENT if word else value) + other
    return text


def _cost(found: Naming, known: Collection[str]) -> float:
    """How unlikely a reading is: the fewer patients, templates and files beside them, the better."""
    patients = found.patients
    roles = sum(_ROLE if is_role(one) or holds_date(one) else holds_role(one) for one in patients)
    texts = [split_ending(_undated(one.text).replace(PATIENT, ""))[0] for one in found.templates]
    odd = {word for text in texts for word in _WORD.findall(text) if not (word.isalpha() or is_role(word))}
    texts_of = [_undated(one.text) for one in found.templates]
    forms = {text[text.index(PATIENT) :] for text in texts_of}  # folders above the patients' may be centres
    above = {text[: text.index(PATIENT)] for text in texts_of}
    earned = _KNOWN * len(patients & set(known))
    apart = _APART if _are_apart(found.templates) else 0
    return (
        len(patients)
        + roles
        + apart
        + len(above)
        + _TEMPLATE * (len(forms) + len(odd) + len(found.rare) + len(found.left))
        - earned
    )


def _undated(text: str) -> str:
    """A template with one mark in place of every folder that is a date."""
    return "/".join("{date}" if date_format(part) else part for part in text.split("/"))


def _are_apart(templates: Sequence[Template]) -> bool:
    """Whether some templates name masks and others do not, and no patient has a file of both."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for one in templates:
        found[names_mask(one.text.replace(PATIENT, ""))] |= one.patients
    return bool(found[True]) and bool(found[False]) and found[True].isdisjoint(found[False])
