"""choose_rois: the regions that structure sets and segmentations have in common, by the names of their ROIs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from features.core.wording import counted
from features.privacy.words import Vocabulary
from tasks.drafting.dicom_headers import Mask
from tasks.drafting.image_words import slug_of
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.words import TUMOUR, TUMOUR_WORD, is_tumour

MOST_SHOWN = 8
MOST_REGIONS = 8  # of a structure set that are written
COMMON = 0.5  # share of masks that have a region which is written
_OUTLINES = frozenset(
    (
        "body",
        "external",
        "skin",
        "outline",
        "patient",
        "couch",
        "table",
        "support",
        "bolus",
        "fixation",
        "avoid",
        "help",
    )
)


@dataclass(frozen=True)
class Choice:
    """The pattern of an ROI, and what is said about it. shown: names that may be shown, with how many masks have each."""

    pattern: str
    remarks: tuple[Remark, ...]
    shown: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Regions:
    """The keys of a mask in the catalog: `roi`, or `rois` with `absent` if some masks lack one; and what is said of them."""

    values: dict[str, Any]
    remarks: tuple[Remark, ...]


def choose_rois(masks: Sequence[Mask]) -> Regions:
    """The ROI that `choose_roi` takes, and beside it those that most masks have under one name, outlines of the body excepted."""
    chosen = choose_roi(masks)
    groups: dict[str, list[str]] = defaultdict(list)
    for name in chosen.shown:
        if not re.fullmatch(chosen.pattern, name, re.IGNORECASE) and _OUTLINES.isdisjoint(
            re.findall("[a-z]+", name.lower())
        ):
            groups[slug_of(name)].append(name)
    regions = {_word(chosen.pattern): chosen.pattern}
    for word, names in sorted(groups.items(), key=lambda one: (-sum(chosen.shown[name] for name in one[1]), one[0])):
        pattern = "|".join(dict.fromkeys(_plain(name) for name in sorted(names)))
        once, often, _ = _matches(pattern, masks)
        if once > COMMON * len(masks) and not often and word not in regions and len(regions) < MOST_REGIONS:
            regions[word] = pattern
    if len(regions) < 2 or chosen.pattern == ".*":
        return Regions({"roi": chosen.pattern}, chosen.remarks)
    values: dict[str, Any] = {"rois": regions}
    if any(_matches(pattern, masks)[2] for pattern in regions.values()):
        values["absent"] = "ignore"
    told = [f"{word} in {_matches(pattern, masks)[0]}" for word, pattern in regions.items()]
    text = f"{', '.join(told)} of {several(len(masks), 'mask')}; features of each, unless a recipe says `roi`"
    return Regions(values, (guess("regions", text, *_answers(chosen.remarks, regions)), *_others(chosen.remarks)))


def _answers(remarks: Sequence[Remark], regions: Mapping[str, str]) -> tuple[str, ...]:
    """The lines of names that are no region yet."""
    own = {f"roi: {_quoted(one)} " for pattern in regions.values() for one in pattern.split("|")}
    first = remarks[0].answers if remarks else ()
    return tuple(line for line in first if not any(line.startswith(one) for one in own))


def _others(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """What is asked beside which ROI is meant."""
    return tuple(one for one in remarks if one.about != "ROI")


def _word(pattern: str) -> str:
    """The word of a region, by its pattern: that of a tumour is `tumour`, whatever its centre calls it."""
    name = pattern.replace(".*", "").replace("\\", "")
    return TUMOUR_WORD if is_tumour(name) else slug_of(name)


def _plain(name: str) -> str:
    return re.escape(name).replace(r"\ ", " ").replace(r"\-", "-")


def choose_roi(masks: Sequence[Mask]) -> Choice:
    """The pattern that matches exactly one ROI in most masks; those of tumours go before others.

    Names are shown that at least two patients have, or all of whose words are in radweave's list of words for regions; the
    others may be names of persons, and are counted.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for mask in masks:
        for name in mask.names:
            owners[name].add(mask.patient)
    shown = {name for name, patients in owners.items() if len(patients) > 1 or Vocabulary().clean(name) == name}
    hidden = len(owners) - len(shown)
    patterns = _patterns(shown)
    if not patterns:
        text = (
            f"none of the {several(hidden, 'ROI name')} stands in two patients, so that none is shown: which is meant?"
        )
        return Choice(".*", (question("ROI", text, "roi: GTV.*", "roi: TUMOUR"),))
    ranked = sorted(patterns, key=lambda pattern: _rank(pattern, masks), reverse=True)
    chosen = ranked[0]
    once, often, never = _matches(chosen, masks)
    text = f"one matches in {once} of {several(len(masks), 'mask')}"
    text += f", several in {often}" if often else ""
    text += f", none in {never}" if never else ""
    most = sorted(shown, key=lambda name: (-len(owners[name]), name.lower()))
    others = [f"roi: {_quoted(re.escape(name))}   # {several(len(owners[name]), 'patient')}" for name in most]
    others = [line for name, line in zip(most, others, strict=True) if not re.fullmatch(chosen, name, re.IGNORECASE)]
    more = len(others) - MOST_SHOWN
    answers = others[:MOST_SHOWN] + ([f"… and {counted(more, 'more name')}"] if more > 0 else [])
    answers += [f"… and {several(hidden, 'name')} of single patients, not shown"] if hidden else []
    counts = {name: sum(name in mask.names for mask in masks) for name in shown}
    if not is_tumour(chosen.replace("\\", "")):
        what = f"which is meant? None is named as a tumour. Of the one written, {text}"
        return Choice(chosen, (question("ROI", what, *answers),), counts)
    remarks = [guess("ROI", f"{chosen}, a tumour by its name; {text}", *answers)]
    if often:
        what = (
            f"{several(often, 'mask')} hold several ROIs that match: refuse them, or take their union or the largest?"
        )
        remarks.append(question("several ROIs", what, "several: union", "several: largest"))
    return Choice(chosen, tuple(remarks), counts)


def _patterns(shown: set[str]) -> list[str]:
    """Names as they are, and each word for a tumour with whatever follows."""
    found = {_plain(name) for name in shown}
    for word in TUMOUR:
        if any(name.lower().startswith(word) for name in shown):
            found.add(f"{word.upper() if word == 'gtv' else word}.*")
    return sorted(found)


def _rank(pattern: str, masks: Sequence[Mask]) -> tuple[bool, int, int, str]:
    once = _matches(pattern, masks)[0]
    tumour = next((i for i, word in enumerate(TUMOUR) if word in pattern.lower()), len(TUMOUR))
    return tumour < len(TUMOUR), once, -tumour, "" if ".*" in pattern else pattern


def _matches(pattern: str, masks: Sequence[Mask]) -> tuple[int, int, int]:
    """In how many masks one, several and no ROIs match."""
    compiled = re.compile(pattern, re.IGNORECASE)
    counts = [sum(bool(compiled.fullmatch(name)) for name in mask.names) for mask in masks]
    return counts.count(1), sum(count > 1 for count in counts), counts.count(0)


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace(r"\ ", " ").replace(r"\-", "-").replace("'", "''") + "'"
