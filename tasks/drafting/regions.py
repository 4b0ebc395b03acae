"""draft_masks: the regions of label maps: numbers in one map, several maps beside an image, or maps of several readers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

from features.privacy.words import Vocabulary
from tasks.drafting.commented import Noted, plain
from tasks.drafting.image_words import differing, joined, slug_of
from tasks.drafting.pairs import Kind, Pair
from tasks.drafting.remark import Remark, guess, question
from tasks.drafting.source import SourceDraft
from tasks.drafting.templates import PATIENT, split_ending
from tasks.drafting.voxels import overlap
from tasks.drafting.words import MASK, TUMOUR_WORD, WHOLE, is_tumour

MOST_REGIONS = 12  # numbers of a label map that are written as regions
READER_HOLE = "{reader}"
ALIKE, APART = 0.5, 0.2  # Dice from which on masks are of one region, and up to which they are of several
_READER = re.compile(r"(reader|rater|observer|obs|radiologist|doctor|annotator|r|o)_?\d{1,2}|reader|rater|observer")
_BRATS = (
    ({1, 2, 4}, "rois: {tumour: [1, 4], oedema: 2, necrosis: 1}   # if they are those of BraTS until 2022"),
    ({1, 2, 3}, "rois: {tumour: [1, 3], oedema: 2, necrosis: 1}   # if they are those of BraTS since 2023"),
)


@dataclass(frozen=True)
class MaskDraft:
    """The keys of one mask in the catalog, without format and path of a single map, and what is said of them.

    path: the template of the map, with {reader} if there are several.
    """

    path: str
    values: dict[str, Any]
    remarks: tuple[Remark, ...] = ()


def draft_masks(pair: Pair, about: str, paths: Mapping[str, Path], named: Mapping[int, str]) -> list[MaskDraft]:
    """What the masks of an image become: one entry for each map with regions of its own, one for maps of several readers.

    about: the modality, for remarks. paths: where the files of a name lie. named: words of numbers, as a file beside the
    images tells them.
    """
    rivals = [one for one in pair.others if _is_part(one)]
    whole = [one for one in pair.others if not _is_part(one)]
    kinds = [pair.mask, *rivals]
    if rivals:
        words = [slug_of(text) for text in _told_apart(kinds)]
        if sum(map(is_tumour, words)) == 1:
            words = [TUMOUR_WORD if is_tumour(word) else word for word in words]
        alike = _alike(kinds, paths)
        if (readers := _readers(kinds, words, alike)) is not None:
            return [readers]
        if (alike is not None and alike <= APART) or any(map(_is_region, words)):
            return _several_maps(kinds, words, about, whole)
    values, remarks = _numbers(pair.mask, about, named)
    return [MaskDraft(pair.mask.template.text, values, (*remarks, *_which(about, pair.others)))]


def name_alike(sources: Sequence[SourceDraft]) -> None:
    """Give the one ROI of a source the word of a tumour, if other sources name their regions and have one of a tumour.

    Else one region would be two, in columns of their own.
    """
    if not any(TUMOUR_WORD in source.regions for source in sources):
        return
    for source in sources:
        noted = source.values["mask"]
        mask = dict(plain(noted)) if isinstance(plain(noted), Mapping) else {}
        if mask.get("format") in (None, "of", "whole") or "rois" in mask or "lesions" in mask:
            continue
        named = mask.pop("roi", None) or mask.pop("label", 1)
        said = noted.remarks if isinstance(noted, Noted) else ()
        text = "the one ROI here is called as the tumour of other sources, so that it is in the same columns"
        source.values["mask"] = Noted({**mask, "rois": {TUMOUR_WORD: named}}, (*said, guess("word of the ROI", text)))


def _several_maps(kinds: Sequence[Kind], words: Sequence[str], about: str, whole: Sequence[Kind]) -> list[MaskDraft]:
    """An entry for each map; the region has the word by which its path is told from the others."""
    found = []
    for number, (kind, word) in enumerate(zip(kinds, words, strict=True)):
        label = kind.labels[0] if len(kind.labels) == 1 else list(kind.labels) or 1
        text = f"{', '.join(words)}, by the paths of their masks; readers' masks of one region would have {READER_HOLE} there"
        said = (guess(f"regions of {about}", text), *_which(about, whole)) if number == 0 else ()
        found.append(MaskDraft(kind.template.text, {"rois": {word: label}, "absent": "ignore"}, said))
    return found


def _readers(kinds: Sequence[Kind], words: Sequence[str], alike: float | None) -> MaskDraft | None:
    """Masks of one region by several readers; None if these are none, by their paths and by how far they agree."""
    found = joined([one.template.text for one in kinds], READER_HOLE)
    named = all(_READER.fullmatch(word) for word in words)
    unknown = not any(map(_is_region, words)) and alike is not None and alike >= ALIKE
    if found is None or not (named or unknown):
        return None
    path, readers = found
    labels = sorted({label for one in kinds for label in one.labels}) or [1]
    said = f"median overlap (Dice) of two is {alike:.2f}" if alike is not None else "by their names"
    text = (
        f"{', '.join(sorted(readers))}, {said}: masks of one region by several readers, and features of what most drew"
    )
    answers = ("consensus: staple", "consensus: none   # features of each reader's mask alone")
    values = {
        "readers": sorted(readers),
        "consensus": "majority",
        "rois": {"lesion": labels[0] if len(labels) == 1 else labels},
    }
    return MaskDraft(path, values, (guess("readers", text, *answers),))


def _numbers(mask: Kind, about: str, named: Mapping[int, str]) -> tuple[dict[str, Any], list[Remark]]:
    """The regions of one label map."""
    labels = mask.labels
    known = {label: named[label] for label in labels if label in named}
    if known and len(known) == len(labels):
        words = {slug_of(word): label for label, word in known.items()}
        if len(words) == len(labels):
            text = f"{', '.join(words)}, as dataset.json names the numbers"
            return {"rois": words, "absent": "ignore"}, [guess(f"regions of {about}", text)]
    if len(labels) < 2:
        if not labels or labels == (1,):
            return {}, []
        text = f"the ROI is {labels[0]}, the only number in the masks looked at"
        return {"label": labels[0]}, [guess(f"label of {about}", text)]
    numbers = ", ".join(map(str, labels[:MOST_REGIONS]))
    by_label = "lesions: by_label   # if each is a lesion, and a case of its own"
    if len(labels) > MOST_REGIONS:
        text = (
            f"the masks hold {len(labels)} numbers, {numbers} among them: which are regions? Written: {labels[0]} alone"
        )
        answers = (f"rois: {{label_{labels[0]}: {labels[0]}, label_{labels[1]}: {labels[1]}}}", by_label)
        return {"label": labels[0]}, [question(f"regions of {about}", text, *answers)]
    brats = tuple(answer for wanted, answer in _BRATS if about == "MR" and set(labels) == wanted)
    text = f"the masks hold the numbers {numbers}: what is each? Written are regions named for their numbers"
    others: tuple[str, ...] = (*brats, f"label: {labels[0]}   # if this one alone is a region", by_label)
    rois = {f"label_{label}": label for label in labels}
    return {"rois": rois, "absent": "ignore"}, [question(f"regions of {about}", text, *others)]


def _which(about: str, others: Sequence[Kind]) -> tuple[Remark, ...]:
    if not others:
        return ()
    answers = (f"path: '{one.template.text}'" for one in others[:8])
    return (question(f"which {about} mask", "other masks lie on the same grid: which is meant?", *answers),)


def _is_part(kind: Kind) -> bool:
    """Whether a mask is of a part of the body, and not of all that an image shows."""
    return WHOLE.isdisjoint(re.findall("[a-z]+", kind.template.text.replace(PATIENT, "").lower()))


def _told_apart(kinds: Sequence[Kind]) -> list[str]:
    """What sets the path of each mask apart, without words that only say that it is a mask if others are left."""
    found = []
    for text in differing([split_ending(one.template.text)[0] for one in kinds]):
        words = [word for word in text.split() if word != PATIENT]
        telling = [word for word in words if word.lower() not in MASK or is_tumour(word)]
        found.append(" ".join(telling or words))
    return found


def _is_region(word: str) -> bool:
    """Whether all of a word is of anatomy or tumours."""
    text = word.replace("_", " ")
    return is_tumour(text) or (Vocabulary().clean(text) == text and not _READER.fullmatch(word))


def _alike(kinds: Sequence[Kind], paths: Mapping[str, Path]) -> float | None:
    """The median Dice of two masks of a patient, of the few patients that were looked at; None if none has two."""
    found = []
    for one, other in combinations(kinds, 2):
        for key in one.looks.keys() & other.looks.keys():
            share = overlap(paths[one.template.files[key]], paths[other.template.files[key]])
            found += [] if share is None else [share]
    return median(found) if found else None
