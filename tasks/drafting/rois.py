"""choose_roi: the pattern of the ROI that is meant, from the names in structure sets and segmentations."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from features.privacy.words import Vocabulary
from tasks.drafting.dicom_headers import Mask
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.words import TUMOUR, is_tumour

MOST_SHOWN = 8


@dataclass(frozen=True)
class Choice:
    """The pattern of an ROI, and what is said about it."""

    pattern: str
    remarks: tuple[Remark, ...]


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
    answers = others[:MOST_SHOWN] + ([f"… and {more} more names"] if more > 0 else [])
    answers += [f"… and {several(hidden, 'name')} of single patients, not shown"] if hidden else []
    if not is_tumour(chosen.replace("\\", "")):
        return Choice(
            chosen,
            (question("ROI", f"which is meant? None is named as a tumour. Of the one written, {text}", *answers),),
        )
    remarks = [guess("ROI", f"{chosen}, a tumour by its name; {text}", *answers)]
    if often:
        what = (
            f"{several(often, 'mask')} hold several ROIs that match: refuse them, or take their union or the largest?"
        )
        remarks.append(question("several ROIs", what, "several: union", "several: largest"))
    return Choice(chosen, tuple(remarks))


def _patterns(shown: set[str]) -> list[str]:
    """Names as they are, and each word for a tumour with whatever follows."""
    found = {re.escape(name).replace(r"\ ", " ").replace(r"\-", "-") for name in shown}
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
