"""name_series: which of a patient's DICOM series is which image, and by which attributes a catalog can select it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

from features.core.catalog.series_choice import ABSENT, PRESENT, judge
from tasks.drafting.dicom_headers import Series
from tasks.drafting.image_words import sequence_in

DESCRIPTION, CONTRAST, TYPE = "SeriesDescription", "ContrastBolusAgent", "ImageType"
FACTS = (DESCRIPTION, "ProtocolName", CONTRAST, TYPE, "EchoTime", "RepetitionTime", "InversionTime", "DiffusionBValue")
AFTER = ".*(post|gad|gd|contrast|enhanced|[+]c|t1c|t1 ?ce).*"
# Patterns hold words of radiology alone: a description may hold the name of a person.
_PATTERNS = {
    "flair": (".*flair.*", ".*(flair|dark.?fluid|t2f).*"),
    "t1": (".*t1.*", ".*(t1|mprage|spgr).*"),
    "t1c": (AFTER, ".*t1.*", ".*(t1|mprage|spgr).*"),
    "t2": (".*t2.*",),
    "adc": (".*adc.*", ".*(adc|apparent).*"),
    "dwi": (".*(dwi|diff|trace).*",),
    "dce": (".*(dce|dyn|twist).*",),
    "swi": (".*swi.*",),
    "pd": (".*pd.*",),
}
_DERIVED = re.compile("derived", re.IGNORECASE)
_SCOUT = re.compile("loc|scout|survey|calib|asset", re.IGNORECASE)
_LEAST = 0.5  # of the patients who have several series: how many have the series of a word


@dataclass(frozen=True)
class Found:
    """The series of one image. select, ignore: as a catalog has them; empty if nothing was found that takes these alone.

    is_sure: that descriptions name it, and not echo and repetition times alone. doubled: how many patients have several.
    derived: how many series of the word are left out, because they were made of others.
    """

    word: str
    series: tuple[Series, ...]
    select: dict[str, Any]
    ignore: dict[str, Any]
    is_sure: bool
    doubled: int
    derived: int = 0

    @property
    def patients(self) -> set[str]:
        """Whose series these are, by pseudonym."""
        return {one.patient for one in self.series}


def name_series(series: Sequence[Series]) -> list[Found]:
    """The images of a modality, those of most patients first; nothing if most patients have one series a study.

    Left out are series that nothing names, and words that few patients have.
    """
    studies = Counter((one.patient, one.facts.get("StudyInstanceUID", "")) for one in series)
    if not studies or median(studies.values()) < 2:
        return []
    groups: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        if word := word_of(one.facts)[0]:
            groups[word].append(one)
    everybody = len({one.patient for one in series})
    every = {word: len(own) for word, own in groups.items()}
    groups = {word: _originals(word, own) for word, own in groups.items()}
    kept = {
        word: own
        for word, own in groups.items()
        if len({one.patient for one in own}) >= max(_LEAST * everybody, min(2, everybody))
    }
    if len(kept) < 2:
        return []
    found = []
    for word, own in kept.items():
        others = [one for other, rest in kept.items() if other != word for one in rest]
        unnamed = [one for one in series if one not in own and one not in others]
        select, ignore = _chosen(word, own, others, unnamed)
        often = Counter((one.patient, one.facts.get("StudyInstanceUID", "")) for one in own)
        doubled = len({patient for (patient, _), count in often.items() if count > 1})
        is_sure = all(word_of(one.facts)[1] for one in own)
        found.append(Found(word, tuple(own), select, ignore, is_sure, doubled, every[word] - len(own)))
    return sorted(found, key=lambda one: (-len(one.patients), one.word))


def _originals(word: str, own: list[Series]) -> list[Series]:
    """The series of a word; of studies that have several, those that were not made of others, such as a projection."""
    if word == "adc":
        return own
    original = [one for one in own if not _DERIVED.search(one.facts.get(TYPE, ""))]
    studies = Counter((one.patient, one.facts.get("StudyInstanceUID", "")) for one in own)
    told = Counter((one.patient, one.facts.get("StudyInstanceUID", "")) for one in original)
    return original if max(studies.values(), default=0) > 1 and told.keys() == studies.keys() else own


def word_of(facts: Mapping[str, str]) -> tuple[str, bool]:
    """The word of a series, and whether its description names it; "" if nothing tells.

    >>> word_of({"SeriesDescription": "AX T1 FSE", "ContrastBolusAgent": "Gadovist"}), word_of({"EchoTime": "95"})
    (('t1c', True), ('t2', False))
    """
    if "ADC" in facts.get(TYPE, "").upper():
        return "adc", True
    described = facts.get(DESCRIPTION, "") or facts.get("ProtocolName", "")
    word = sequence_in(described)
    if word:
        return ("t1c" if word == "t1" and facts.get(CONTRAST) else word), True
    echo, repetition, inversion = (_number(facts, name) for name in ("EchoTime", "RepetitionTime", "InversionTime"))
    if echo is None or _SCOUT.search(described):
        return "", False
    if inversion is not None and inversion >= 1500 and echo >= 70:
        return "flair", False
    if echo >= 70:
        return "t2", False
    if echo <= 30 and repetition is not None and 200 <= repetition <= 1200:
        return ("t1c" if facts.get(CONTRAST) else "t1"), False
    return "", False


def _chosen(
    word: str, own: Sequence[Series], others: Sequence[Series], unnamed: Sequence[Series]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fewest conditions that take all series of a word and none of the other words, if possible none that has no word."""
    best: tuple[int, int, dict[str, Any], dict[str, Any]] | None = None
    for select, ignore in _conditions(word, own):
        takes = _judge(select, ignore)
        if not all(takes(one.facts) for one in own) or any(takes(one.facts) for one in others):
            continue
        cost = sum(takes(one.facts) for one in unnamed), len(select) + len(ignore)
        if best is None or cost < best[:2]:
            best = (*cost, select, ignore)
    return (best[2], best[3]) if best else ({}, {})


def _conditions(word: str, own: Sequence[Series]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What may tell the series of a word, fewer conditions first."""
    patterns: list[dict[str, Any]] = [{DESCRIPTION: one} for one in _PATTERNS.get(word, ())]
    contrast: list[dict[str, Any]] = [{}, {CONTRAST: PRESENT}, {CONTRAST: ABSENT}]
    times: list[dict[str, Any]] = [{}]
    for name in ("EchoTime", "InversionTime"):
        numbers = [_number(one.facts, name) for one in own]
        if numbers and all(number is not None for number in numbers):
            known = [number for number in numbers if number is not None]
            times.append({name: [_rounded(min(known), down=True), _rounded(max(known), down=False)]})
        elif not any(one.facts.get(name) for one in own):
            times.append({name: ABSENT})
    if word == "adc":
        patterns.insert(0, {TYPE: ".*ADC.*"})
    left: list[dict[str, Any]] = [{}, *({DESCRIPTION: one} for one in (AFTER, ".*flair.*", ".*(scout|loc).*"))]
    left.append({TYPE: ".*derived.*"})
    found = [
        ({**pattern, **agent, **time}, ignore)
        for pattern, agent, time, ignore in product([*patterns, {}], contrast, times, left)
    ]
    yield from sorted((one for one in found if one[0]), key=lambda one: len(one[0]) + len(one[1]))


def _judge(select: Mapping[str, Any], ignore: Mapping[str, Any]) -> Callable[[Mapping[str, str]], bool]:
    wanted = [(name, judge(_plain(choice))) for name, choice in select.items()]
    unwanted = [(name, judge(_plain(choice))) for name, choice in ignore.items()]
    return lambda facts: (
        all(fits(facts.get(name, "")) for name, fits in wanted)
        and not any(fits(facts.get(name, "")) for name, fits in unwanted)
    )


def _plain(choice: Any) -> Any:
    return tuple(choice) if isinstance(choice, list) else choice


def _number(facts: Mapping[str, str], name: str) -> float | None:
    try:
        return float(facts.get(name, ""))
    except ValueError:
        return None


def _rounded(value: float, *, down: bool) -> float | int:
    """A bound with some room: a tenth beyond the value, in whole numbers from 10 on."""
    room = 0.9 * value if down else 1.1 * value
    return round(room) if abs(room) >= 10 else round(room, 2)
