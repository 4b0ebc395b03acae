"""with_timepoints: templates that differ in a word for a time point alone, as one template with {timepoint}."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.drafting.templates import Key, Naming, Template, split_ending
from tasks.drafting.words import SESSION, TIMEPOINT

TIMEPOINT_HOLE = "{timepoint}"
BASELINE = "baseline"
_FIRST = ("baseline", "bl", "pre")
_LONG = {"w": "week", "wk": "week", "m": "month", "mo": "month", "d": "day", "y": "year", "fu": "followup"}


def with_timepoints(naming: Naming) -> tuple[list[Template], dict[str, str], list[Template]]:
    """The templates, those of several time points joined; the words for these with the time points that they mean; the rest.

    The rest are templates that one patient alone has, also after joining.
    """
    templates, rare = naming.templates, set(map(id, naming.rare))
    joined: dict[str, dict[str, Template]] = {}
    for one in (*templates, *naming.rare):
        text, word = _cut(one.text)
        joined.setdefault(text, {})[word] = one
    found: list[Template] = []
    words: set[str] = set()
    for text, parts in joined.items():
        if len(parts) < 2 or all(id(one) in rare for one in parts.values()):
            found += parts.values()
            continue
        words |= parts.keys()
        files = {Key(key.patient, word): name for word, part in parts.items() for key, name in part.files.items()}
        found.append(Template(text, files))
    found.sort(key=lambda one: (-len(one.files), one.text))
    kept = [one for one in found if id(one) not in rare]
    return kept, name_timepoints(words), [one for one in found if id(one) in rare]


def _cut(text: str) -> tuple[str, str]:
    """A template with {timepoint} in place of the first word that names one, wherever it stands, and that word."""
    stem, ending = split_ending(text)
    if session := SESSION.search(stem):
        return re.sub(rf"ses-{session[1]}(?![A-Za-z0-9])", f"ses-{TIMEPOINT_HOLE}", stem) + ending, session[1]
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
