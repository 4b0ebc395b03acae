"""find_pairs: which templates are images, which are masks, and which mask belongs to which image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.core.case import Modality
from tasks.drafting.templates import PATIENT, Key, Template, split_ending
from tasks.drafting.voxels import Look, look_at, sample
from tasks.drafting.words import IMAGE, MASK, WHOLE, modality_in, names_mask, tokens


@dataclass(frozen=True)
class Kind:
    """A template with what a few of its files hold."""

    template: Template
    looks: Mapping[Key, Look]
    is_mask: bool

    @property
    def modality(self) -> Modality | None:
        """The modality that the names tell."""
        return modality_in(self.template.text.replace(PATIENT, ""))

    @property
    def labels(self) -> tuple[int, ...]:
        """All numbers above 0 in the label maps that were looked at."""
        return tuple(sorted({label for look in self.looks.values() for label in look.labels}))


@dataclass(frozen=True)
class Pair:
    """An image and its mask, and other masks that could be meant.

    patients: how many have both. same_grid: of how many that were looked at the grids are one; looked: how many that is.
    """

    image: Kind
    mask: Kind
    others: tuple[Kind, ...]
    patients: int
    same_grid: int
    looked: int


def kinds_of(templates: Sequence[Template], paths: Mapping[str, Path]) -> list[Kind]:
    """Each template with whether it is a mask: by its voxels, and where these can be either, by its names.

    Templates of which no file can be read are left out. paths: where the files of a name lie.
    """
    chosen = [_keys(one, templates) for one in templates]
    pairs = list(zip(templates, chosen, strict=True))
    looks = look_at(list(dict.fromkeys(paths[one.files[key]] for one, keys in pairs for key in keys)))
    found = []
    for one, keys in pairs:
        own = {key: look for key in keys if (look := looks.get(paths[one.files[key]]))}
        if own:
            found.append(Kind(one, own, _is_mask(one, own)))
    return found


def find_pairs(kinds: Sequence[Kind]) -> tuple[list[Pair], list[Kind]]:
    """Images with their masks, and images without any. The mask with the same grid and the nearest name is taken."""
    masks = [one for one in kinds if one.is_mask]
    pairs, alone = [], []
    for image in (one for one in kinds if not one.is_mask and not _is_called_mask(one.template)):
        fitting = sorted((one for one in masks if _both(image, one)), key=lambda one: _rank(image, one), reverse=True)
        if not fitting:
            alone.append(image)
            continue
        mask = fitting[0]
        named = _rank(image, mask)
        others = tuple(
            one
            for one in fitting[1:]
            if (rank := _rank(image, one))[0] == named[0] and (rank[1:3] == named[1:3] or named[2] < 1)
        )
        same, looked = _same_grid(image, mask)
        pairs.append(Pair(image, mask, others, len({key.patient for key in _both(image, mask)}), same, looked))
    return pairs, alone


def role_words(template: str) -> frozenset[str]:
    """The words of a template that tell more than that it is an image or a mask."""
    words = {word for word in tokens(split_ending(template.replace(PATIENT, ""))[0]) if not word.isdigit()}
    return frozenset(words - MASK - IMAGE - {"derivatives", "nii", "sub"})


def _keys(one: Template, templates: Sequence[Template]) -> list[Key]:
    """Whose files to look at: those with most files, so that images and masks of the same patients are seen."""
    count = {key: sum(key in other.files for other in templates) for key in one.files}
    most = max(count.values())
    return sample(sorted(key for key, found in count.items() if found == most))


def _is_mask(template: Template, looks: Mapping[Key, Look]) -> bool:
    can_be = all(look.labels for look in looks.values())
    text = template.text.replace(PATIENT, "")
    said = names_mask(text)
    words = set(tokens(text))
    is_image = not said and (bool(words & IMAGE) or modality_in(text) is not None)
    return can_be and (said or not is_image)


def _is_called_mask(template: Template) -> bool:
    """Whether a file that is no label map calls itself a mask, and no image: probabilities, or a mask without a voxel."""
    own = template.text.rsplit("/", 1)[-1].replace(PATIENT, "")
    return names_mask(own) and modality_in(own) is None and IMAGE.isdisjoint(tokens(own))


def _both(image: Kind, mask: Kind) -> set[Key]:
    return image.template.files.keys() & mask.template.files.keys()


def _same_grid(image: Kind, mask: Kind) -> tuple[int, int]:
    there = image.looks.keys() & mask.looks.keys()
    return sum(image.looks[one].grid.matches(mask.looks[one].grid) for one in there), len(there)


def _rank(image: Kind, mask: Kind) -> tuple[bool, bool, float, bool, bool, int, str]:
    """Same grid first, then no whole brain or body, words in common, tumours, the same folder, patients who have both."""
    same, looked = _same_grid(image, mask)
    own, other = role_words(image.template.text), role_words(mask.template.text)
    alike = len(own & other) / len(own | other) if own | other else 1.0
    tumour = bool(re.search("gtv|tumou?r|lesion", mask.template.text, re.IGNORECASE))
    beside = image.template.text.rpartition("/")[0] == mask.template.text.rpartition("/")[0]
    part = WHOLE.isdisjoint(tokens(mask.template.text.replace(PATIENT, "")))
    return same == looked and looked > 0, part, alike, tumour, beside, len(_both(image, mask)), mask.template.text
