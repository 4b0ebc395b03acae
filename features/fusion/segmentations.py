"""only_segmented: cases whose ROIs were made in a way that a study takes, and how those of all others were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.case import Segmentation, Target
from features.core.design import FlowRow
from features.core.errors import StoreError
from features.results.manifest import Mart

if TYPE_CHECKING:
    import pandas as pd

BY_PROGRAM = ("semiautomatic", "automatic")
ORDER: tuple[str, ...] = ("none", "manual", "given", *BY_PROGRAM)


def only_segmented(
    mart: Mart, name: str, cases: pd.DataFrame, targets: Collection[Target], allowed: Sequence[Segmentation]
) -> tuple[NDArray[np.bool_], FlowRow | None]:
    """Which rows stay, (n,), and the step of the flow of cases; none if all ROIs were drawn, or came with the data.

    cases: index case, column patient; targets: images and ROIs that are measured. allowed: how ROIs may have been made; none: in
    every way. A case leaves if one of its ROIs was made in another way. Raises StoreError if the mart does not tell how.
    """
    found = mart.read("scans", name, ["case", "image", "roi", "segmentation"])
    if "segmentation" not in found.schema.names:  # an earlier radweave knew no other ROIs
        if not allowed:
            return np.ones(len(cases), np.bool_), None
        raise StoreError(f'the mart does not tell how ROIs of cohort "{name}" were made: run radweave refresh {name}')
    asked = {(target.image, target.roi) for target in targets}
    made: dict[str, list[str]] = {}
    for row in found.to_pylist():
        if (row["image"], row["roi"]) in asked:
            made.setdefault(row["case"], []).append(row["segmentation"])
    worst = {case: max(words, key=lambda word: _rank(word, allowed)) for case, words in made.items()}
    own = cases.index.map(lambda case: worst.get(case, "given"))
    stays = np.array([not allowed or word in allowed for word in own], np.bool_)
    words = Counter(own[stays])
    if stays.all() and not any(words[word] for word in BY_PROGRAM):
        return stays, None
    told = ", ".join(f"{words[word]} {word}" for word in ORDER if words[word])
    patients = cases["patient"]
    kept = set(patients[stays])
    gone = {patient: word for patient, word in zip(patients, own, strict=True) if patient not in kept}
    reasons = {f"ROI {word}, which the study refuses": count for word, count in sorted(Counter(gone.values()).items())}
    label = f"{name}: how ROIs were made ({told or 'none left'})"
    return stays, FlowRow(label, patients.nunique(), len(kept), reasons)


def _rank(word: str, allowed: Collection[str]) -> tuple[bool, int]:
    """Of several ROIs of a case that one speaks for it which is refused, or else was most made by a program."""
    return bool(allowed) and word not in allowed, ORDER.index(word)
