"""find_centres: folders above those of the patients that look like the centres of a cohort."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from tasks.drafting.remark import Remark, guess, question
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.words import TIMEPOINT, is_role

MOST_CENTRES = 30
_NAME = re.compile("[A-Za-z][A-Za-z0-9_-]{0,39}")


def find_centres(places: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Folder → its patients, of the first level that has several folders, if they can be centres; else nothing.

    places: paths of the images of each patient. They can if each holds at least two patients, no patient is in two, and no
    name tells a role, a time point or a patient.
    """
    folders = _first_fork(places)
    owned = [patient for patients in folders.values() for patient in patients]
    if not 2 <= len(folders) <= MOST_CENTRES or min(map(len, folders.values())) < 2 or len(set(owned)) < len(owned):
        return {}
    words = [folder.rsplit("/", 1)[-1] for folder in folders]
    if len(set(words)) < len(words) or not all(_is_name(word, owned) for word in words):
        return {}
    return {folder: frozenset(patients) for folder, patients in folders.items()}


def in_centres(sources: Sequence[SourceDraft], centres: Mapping[str, frozenset[str]]) -> list[SourceDraft] | None:
    """The sources with the centre in whose folder each lies; None if one has patients of several."""
    found = []
    for source in sources:
        own = [folder for folder, patients in centres.items() if source.patients & patients]
        if len(own) != 1:
            return None
        found.append(replace(source, values=source.values | {"centre": centre_of(own[0])}))
    return found


def places_of(sources: Iterable[SourceDraft]) -> dict[str, set[str]]:
    """The paths of the images of each patient."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for patient, names in source.places.items():
            found[patient] |= names
    return found


def centre_of(folder: str) -> str:
    """The name of a centre, by its folder."""
    return folder.rsplit("/", 1)[-1]


def centre_remark(centres: Iterable[str], mixed: Sequence[str], columns: Sequence[str]) -> Remark:
    """What is said about the centres. mixed: tables that hold patients of several. columns: those that may name a centre."""
    folders = ", ".join(map(centre_of, centres))
    answers = ("NAME: {title: TITLE}",)
    if mixed:
        text = (
            f"folders {folders} look like some, but {', '.join(mixed)} holds patients of several, and a table is of one"
        )
        return question("centres", f"{text}: split it to tell centres apart. Written: one", *answers)
    if folders:
        return guess("centres", f"the folders {folders}: each holds patients of its own")
    if columns:
        text = f"the column {', '.join(columns)} may name centres; for that, images and tables of each lie in a folder of their own"
        return question("centres", f"{text}. Written: one centre", *answers)
    return question("centres", "one is written, because nothing tells several. What is it called?", *answers)


def _first_fork(places: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """The folders of the first level where there are several, with their patients."""
    level = 0
    while True:
        folders: dict[str, set[str]] = defaultdict(set)
        for patient, names in places.items():
            for name in names:
                parts = name.split("/")[:-1]
                folders["/".join(parts[: level + 1]) if len(parts) > level else ""].add(patient)
        if len(folders) != 1 or "" in folders:
            return {} if "" in folders else folders
        level += 1


def _is_name(word: str, patients: Iterable[str]) -> bool:
    plain = bool(_NAME.fullmatch(word)) and not is_role(word) and not TIMEPOINT.fullmatch(word)
    return plain and word != CENTRE and not any(len(one) > 2 and one in word for one in patients)
