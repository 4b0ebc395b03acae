"""split_lesions: a candidate for each lesion of a label map that holds a number for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from features.core.quarantine import Rejected
from features.images.index.conflicts import refused
from features.images.index.file_cache import FileCache
from features.images.index.findings import Candidate, Refusal
from features.images.masks.labels import labels_of

_THREADS = 2  # each holds a label map

Labels = tuple[int, ...]


def split_lesions(
    candidates: Sequence[Candidate], cache: FileCache, progress: Callable[[int, int], None]
) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates of one ROI each; those whose catalog entry says `lesions` have become one for each of their lesions.

    A label map is read once: its labels are kept in the cache, unless its voxels lie in a file of their own. Numbers that
    a mapping does not name are not meant. Refusals: LABEL_ABSENT (none of those that are named), and those of `labels_of`.
    """
    several = [one for one in candidates if one.lesions is not None]
    known = dict(_labels(list({one.mask: None for one in several}), cache, progress))
    found: list[Candidate] = []
    refusals: list[Refusal] = []
    for one in candidates:
        if one.lesions is None:
            found.append(one)
            continue
        labels = known[one.mask]
        names = {} if isinstance(labels, Rejected) else _names(one, labels)
        if isinstance(labels, Rejected):
            refusals.append(replace(refused(one, labels.code), message=labels.message, details=labels.details))
        elif not names:
            refusals.append(
                replace(refused(one, "LABEL_ABSENT"), message="the mask has none of the labels that are named")
            )
        found += [replace(one, roi=str(label), lesion=name, lesions=None) for label, name in names.items()]
    return found, refusals


def _names(one: Candidate, labels: Labels) -> dict[int, str]:
    """The lesions that are there: label → name."""
    if isinstance(one.lesions, Mapping):
        return {label: one.lesions[label] for label in labels if label in one.lesions}
    return {label: str(label) for label in labels}


def _labels(
    masks: Sequence[tuple[Path, ...]], cache: FileCache, progress: Callable[[int, int], None]
) -> list[tuple[tuple[Path, ...], Labels | Rejected]]:
    """Each mask with its labels, of those that are not known read side by side."""
    texts = {mask: cache.labels(mask[0]) if len(mask) == 1 else "" for mask in masks}
    unread = [mask for mask, text in texts.items() if not text]
    fresh: dict[tuple[Path, ...], Labels | Rejected] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, (mask, labels) in enumerate(zip(unread, pool.map(_read, unread), strict=True), start=1):
            fresh[mask] = labels
            if len(mask) == 1 and not isinstance(labels, Rejected):
                cache.labels(mask[0], " ".join(map(str, labels)))
            progress(done, len(unread))
    return [(mask, fresh[mask] if mask in fresh else tuple(map(int, text.split()))) for mask, text in texts.items()]


def _read(mask: tuple[Path, ...]) -> Labels | Rejected:
    try:
        return labels_of(mask[0])
    except Rejected as rejected:
        return rejected
