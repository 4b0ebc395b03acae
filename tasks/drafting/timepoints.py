"""with_timepoints: templates that differ in a word for a time point alone, as one template with {timepoint}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.drafting.templates import Key, Template, split_ending
from tasks.drafting.words import SESSION, TIMEPOINT

TIMEPOINT_HOLE = "{timepoint}"
BASELINE = "baseline"
_FIRST = ("baseline", "bl", "pre")


@dataclass(frozen=True)
class Timepoints:
    """The words that stand for time points in paths, in their likely order, and the catalog's word for each."""

    codes: dict[str, str]

    @property
    def are_words(self) -> bool:
        """Whether the paths say the catalog's own words."""
        return all(code == word for code, word in self.codes.items())


def with_timepoints(templates: Sequence[Template]) -> tuple[list[Template], Timepoints]:
    """The templates, those of several time points joined, and the time points; none if no template has several."""
    joined: dict[str, dict[str, Template]] = {}
    for one in templates:
        text, word = _cut(one.text)
        joined.setdefault(text, {})[word] = one
    found: list[Template] = []
    words: set[str] = set()
    for text, parts in joined.items():
        if len(parts) < 2:
            found += parts.values()
            continue
        words |= parts.keys()
        files = {Key(key.patient, word): name for word, part in parts.items() for key, name in part.files.items()}
        found.append(Template(text, files))
    found.sort(key=lambda one: (-len(one.files), one.text))
    return found, Timepoints(_name(sorted(words, key=_place)))


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


def _name(words: Iterable[str]) -> dict[str, str]:
    """A word of the catalog for each: its own if it can be, else `ses` and its letters and digits; the first is the baseline."""
    found: dict[str, str] = {}
    for word in words:
        plain = re.sub("[^a-z0-9]", "_", word.lower())
        plain = plain if re.match("[a-z]", plain) else f"ses{plain}"
        found[word] = plain if found else BASELINE
    return found
