"""ImageFacts: how the scans of an image were acquired and what their regions measure, as tables and figures by centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from features.core.case import ROI
from tasks.quality.distribution import QUIET, Distribution, distribution, same_value
from tasks.quality.scan_facts import Fact, ScanFacts
from tasks.reports.by_centre import CohortRow, CohortTable, variable_rows

NOT_LISTED = ("voxels", "touches_border", "intensity_min", "intensity_max", "components")
Values = tuple[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True)
class ImageFacts:
    """What is shown of the scans of one image.

    varied: histograms by the ROI that they are of, "" where it has no name or the image is meant. same: facts that all scans
    share, with their value. alike: an image before this one, and the facts whose values are those of that image.
    """

    name: str
    acquisition: CohortTable
    varied: tuple[tuple[str, tuple[Distribution, ...]], ...]
    same: tuple[tuple[str, str], ...]
    alike: tuple[tuple[str, tuple[str, ...]], ...]


def image_facts(found: ScanFacts) -> list[ImageFacts]:
    """What is shown of each image, in the order of their words."""
    seen: dict[Values, str] = {}
    return [_of_image(found, image, seen) for image in found.images]


def _of_image(found: ScanFacts, image: str, seen: dict[Values, str]) -> ImageFacts:
    varied: dict[str, list[Distribution]] = {}
    same: list[tuple[str, str]] = []
    alike: dict[str, list[str]] = {}
    for fact, roi, scans in _facts(found, image):
        if not fact.numeric or fact.name in QUIET or fact.name not in scans:
            continue
        known = scans[scans[fact.name].notna()]
        if known.empty:
            continue
        title = f"{roi}: {fact.title}" if roi else fact.title
        values = title, tuple(zip(known["case"], known[fact.name], strict=True))
        if (value := same_value(fact, known, len(scans))) and values not in seen:
            same.append((title, value))
        elif values in seen:
            alike.setdefault(seen[values], []).append(title)
        else:
            name = "-".join(filter(None, (image.lower(), roi, fact.name)))
            varied.setdefault(roi, []).append(distribution(name, fact, known))
        seen.setdefault(values, image)
    return ImageFacts(
        image,
        _acquisition(found, image),
        tuple((roi, tuple(plots)) for roi, plots in varied.items()),
        tuple(same),
        tuple((other, tuple(titles)) for other, titles in alike.items()),
    )


def _facts(found: ScanFacts, image: str) -> Iterator[tuple[Fact, str, pd.DataFrame]]:
    """Each fact with the ROI that it is of ("" without a name, or of the image) and the scans that have it."""
    facts, rois = found.facts_of(image).values(), found.rois_of(image)
    if rois == [ROI]:
        own = found.of(image, ROI)
        yield from ((fact, "", own) for fact in facts)
        return
    whole = found.of(image)
    yield from ((fact, "", whole) for fact in facts if not fact.is_of_roi)
    for roi in rois:
        own = found.of(image, roi)
        yield from ((fact, "" if roi == ROI else roi, own) for fact in facts if fact.is_of_roi)


def _acquisition(found: ScanFacts, image: str) -> CohortTable:
    texts: list[CohortRow] = []
    numbers: list[CohortRow] = []
    centres = sorted(found.of(image)["centre"].unique())
    parts: dict[str, pd.DataFrame] = {}
    of: pd.DataFrame | None = None
    for fact, roi, scans in _facts(found, image):
        if fact.name in NOT_LISTED or fact.name not in scans:
            continue
        if scans is not of:  # facts of one ROI follow each other
            parts, of = _parts(scans, centres), scans
        if not parts["All"][fact.name].notna().any():
            continue
        label = f"{roi}: {fact.title}" if roi else fact.title
        (numbers if fact.numeric else texts).extend(variable_rows(label, fact.name, parts))
    return CohortTable(("All", *centres), (*texts, *numbers))


def _parts(scans: pd.DataFrame, centres: Sequence[str]) -> dict[str, pd.DataFrame]:
    """All scans and those of each centre; unknown words are missing."""
    parts = {"All": scans, **{centre: scans[scans["centre"] == centre] for centre in centres}}
    return {head: part.replace({"": None}).infer_objects() for head, part in parts.items()}
