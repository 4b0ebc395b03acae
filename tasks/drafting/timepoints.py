"""with_timepoints: templates that differ in a word for a time point alone, as one template with {timepoint}."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.drafting.templates import Key, Naming, Template, split_ending
from tasks.drafting.words import SESSION, TIMEPOINT, date_format

TIMEPOINT_HOLE = "{timepoint}"
BASELINE = "baseline"
_FIRST = ("baseline", "bl", "pre")
NUMBERED_FROM = 4  # numbers of one word from which on its time points are numbered
_COUNTED = re.compile(r"([A-Za-z]+[_-]?)0*(\d{1,3})")
_EVERY = {"week": 7, "day": 1}
_LONG = {
    "v": "visit",
    "tp": "visit",
    "w": "week",
    "wk": "week",
    "m": "month",
    "mo": "month",
    "d": "day",
    "y": "year",
    "fu": "followup",
}


@dataclass(frozen=True)
class Visits:
    """The time points of images. plan: word → None where its day is not known, or the keys of a numbered word; in order.

    source: the key `timepoint` of a source; empty if paths hold the catalog's own words. told: why, if dates are read.
    """

    plan: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    told: str = ""


def plan_visits(words: Collection[str]) -> Visits:
    """The time points that words stand for: of a word with many numbers one that is numbered; or dates, if all are.

    >>> plan_visits(["W1", "W2", "W3", "W5", "plan"])
    Visits(plan={'plan': None, 'week': {'to': 5, 'every': 7}}, source={'codes': {'plan': 'plan', 'W#': 'week'}}, told='')
    """
    if words and all(map(date_format, words)):
        return Visits()
    numbers: dict[str, set[int]] = defaultdict(set)
    for word in words:
        if counted := _COUNTED.fullmatch(word):
            numbers[counted[1]].add(int(counted[2]))
    many = {stem: found for stem, found in numbers.items() if len(found) >= NUMBERED_FROM}
    if not many:
        codes = name_timepoints(words)
        alike = all(word == meant for word, meant in codes.items())
        return Visits(dict.fromkeys(codes.values()), {} if alike else {"codes": codes})
    rest = [word for word in words if not ((counted := _COUNTED.fullmatch(word)) and counted[1] in many)]
    codes = {word: re.sub("[^a-z0-9]+", "_", word.lower()).strip("_") for word in sorted(rest, key=_place)}
    plan: dict[str, Any] = dict.fromkeys(codes.values())
    for stem, found in many.items():
        name = re.sub("[^a-z]", "", stem.lower())
        name = _LONG.get(name, name) or "visit"
        plan[name] = {"to": max(found)} | ({"first": 0} if min(found) == 0 else {})
        plan[name] |= {"every": _EVERY[name]} if name in _EVERY else {}
        codes[f"{stem}#"] = name
    return Visits(plan, {"codes": codes})


def both_plans(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The time points of two plans: those that come before numbered ones, these as far as one of both goes, the others.

    >>> both_plans({"t0": None, "week": {"to": 5, "every": 7}}, {"plan": None, "week": {"to": 6, "every": 7}})
    {'t0': None, 'plan': None, 'week': {'to': 6, 'every': 7}}
    """
    found: dict[str, Any] = {**one}
    for word, day in other.items():
        known = found.get(word)
        if isinstance(known, dict) and isinstance(day, dict):
            day = {**known, **day, "to": max(known["to"], day["to"])}
        found[word] = day
    numbered = {word: day for word, day in found.items() if isinstance(day, dict)}
    if not numbered:
        return found
    early = [
        word for word in found if word not in numbered and (word.startswith((*_FIRST, "plan")) or word.endswith("0"))
    ]
    late = [word for word in found if word not in numbered and word not in early]
    return {**dict.fromkeys(early), **numbered, **dict.fromkeys(late)}


def visits_by_date(templates: Iterable[Template]) -> Visits:
    """Visits in the order of the dates in place of {timepoint}; none if not all of these are dates of one format."""
    own: dict[str, set[str]] = defaultdict(set)
    for template in templates:
        for key in template.files:
            if key.timepoint:
                own[key.patient].add(key.timepoint)
    formats = Counter(date_format(word) for words in own.values() for word in words)
    if len(formats) != 1 or "" in formats:
        return Visits()
    most = max(map(len, own.values()))
    told = "dates in the paths: visits in their order, with the days between them; no date is kept"
    return Visits({"visit": {"to": most}}, {"date": next(iter(formats))}, told)


def with_timepoints(naming: Naming) -> tuple[list[Template], dict[str, str], list[Template]]:
    """The templates, those of several time points joined; the words for these with the time points that they mean; the rest.

    The rest are templates that one patient alone has, also after joining. Folders named for dates are joined, whoever has them.
    """
    templates, rare = naming.templates, set(map(id, naming.rare))
    joined: dict[str, dict[str, Template]] = {}
    for one in (*templates, *naming.rare):
        text, word = _cut(one.text)
        joined.setdefault(text, {})[word] = one
    found: list[Template] = []
    words: set[str] = set()
    for text, parts in joined.items():
        by_date = all(map(date_format, parts)) and not all(id(one) in rare for one in parts.values())
        if not by_date and (len(parts) < 2 or all(id(one) in rare for one in parts.values())):
            found += parts.values()
            continue
        words |= parts.keys()
        files = {Key(key.patient, word): name for word, part in parts.items() for key, name in part.files.items()}
        found.append(Template(text, files))
    found.sort(key=lambda one: (-len(one.files), one.text))
    kept = [one for one in found if id(one) not in rare]
    meant = name_timepoints([word for word in words if not date_format(word)])
    return kept, meant, [one for one in found if id(one) in rare]


def _cut(text: str) -> tuple[str, str]:
    """A template with {timepoint} in place of the first word that names one, wherever it stands, and that word."""
    stem, ending = split_ending(text)
    if session := SESSION.search(stem):
        return re.sub(rf"ses-{session[1]}(?![A-Za-z0-9])", f"ses-{TIMEPOINT_HOLE}", stem) + ending, session[1]
    if dated := next((part for part in stem.split("/") if date_format(part)), ""):
        return "/".join(TIMEPOINT_HOLE if part == dated else part for part in stem.split("/")) + ending, dated
    parts = re.split(r"([/_.-])", stem)
    word = next((part for part in parts if TIMEPOINT.fullmatch(part)), "")
    if not word or word.lower() in ("t1", "t2"):  # weightings of MR as often as times
        return text, ""
    return "".join(TIMEPOINT_HOLE if part == word else part for part in parts) + ending, word


def _place(word: str) -> tuple[bool, int, str]:
    number = re.search(r"\d+", word)
    return not word.lower().startswith(_FIRST), int(number[0]) if number else 0, word


def name_timepoints(words: Iterable[str]) -> dict[str, str]:
    """Words that stand for time points, in their likely order, with the catalog's word for each; the first is the baseline.

    >>> name_timepoints(["W4", "T0"]), name_timepoints(["02", "01"])
    ({'T0': 'baseline', 'W4': 'week4'}, {'01': 'baseline', '02': 'ses02'})
    """
    found: dict[str, str] = {}
    for word in sorted(words, key=_place):
        plain = re.sub("[^a-z0-9]", "_", word.lower())
        if short := re.fullmatch(r"([a-z]+)_?(\d+)", plain):
            plain = _LONG.get(short[1], short[1]) + short[2]
        plain = plain if re.match("[a-z]", plain) else f"ses{plain}"
        found[word] = plain if found else BASELINE
    return found
