"""Readers: how the masks of several readers, and the features of their regions, agree, as the mart has it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import nan

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.images.masks.agreement import pair_column, volume_column
from features.results.manifest import Mart

Floats = NDArray[np.float64]
Roi = tuple[str, str]  # words of the image and of the ROI


@dataclass(frozen=True, slots=True)
class ReaderPair:
    """Two readers of a ROI over the cases that both drew; distances in mm, NaN where a case has none.

    more_ml: how much larger the second reader's volume is, in the mean.
    """

    image: str
    roi: str
    one: str
    other: str
    cases: int
    dice_mean: float
    dice_lowest: float
    hausdorff95_mean_mm: float
    hausdorff95_highest_mm: float
    surface_mean_mm: float
    more_ml: float


@dataclass(frozen=True, slots=True)
class ReaderValues:
    """A feature of the regions of readers: values (cases, readers), NaN where there is none. name: without the reader."""

    image: str
    roi: str
    recipe: str
    name: str
    cases: tuple[str, ...]
    readers: tuple[str, ...]
    values: Floats


def readers_of(mart: Mart, cohort: str, *, drawn: bool = False) -> dict[Roi, tuple[str, ...]]:
    """The ROIs that several readers drew, and the readers, sorted. drawn: only of images that they drew on."""
    rows = mart.read("scans", cohort, ["image", "roi", "reader", "drawn_on"]).to_pylist()
    found: dict[Roi, set[str]] = {}
    for row in rows:
        if row["reader"] and not (drawn and row["drawn_on"]):
            word = row["roi"].removesuffix(f"_by_{row['reader']}")
            found.setdefault((row["image"], word), set()).add(row["reader"])
    return {roi: tuple(sorted(own)) for roi, own in sorted(found.items()) if len(own) > 1}


def reader_pairs(mart: Mart, cohort: str) -> list[ReaderPair]:
    """How the masks of each two readers agree, on the image that they drew on; none where the cohort has no consensus."""
    readers = readers_of(mart, cohort, drawn=True)
    if not readers:
        return []
    region = mart.read("region", cohort)
    facts: dict[Roi, dict[str, str]] = {}
    for row in mart.read("dictionary", cohort).to_pylist():
        if row["block"] == "region" and row["image"]:
            facts.setdefault((row["image"], row["roi"]), {})[row["name"].rpartition("__")[2]] = row["name"]
    return [
        pair
        for (image, roi), own in readers.items()
        for one, other in combinations(own, 2)
        if (pair := _pair(image, roi, one, other, facts.get((image, roi), {}), region)) is not None
    ]


def reader_values(
    mart: Mart, cohort: str, *, recipes: Collection[str] = (), rois: Collection[str] = (), images: Collection[str] = ()
) -> Iterator[ReaderValues]:
    """Every feature that the regions of two readers or more have. Empty collections mean all that there are."""
    readers = readers_of(mart, cohort)
    wanted = {
        (image, f"{roi}_by_{reader}"): (image, roi, reader)
        for (image, roi), own in readers.items()
        for reader in own
        if (not rois or roi in rois) and (not images or image in images)
    }
    columns: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for row in mart.read("dictionary", cohort).to_pylist():
        place = wanted.get((row["image"], row["roi"]))
        if place and row["role"] == "predictor" and row["recipe"] and (not recipes or row["recipe"] in recipes):
            name = row["name"].replace(f"__{row['roi']}__", "__", 1)
            columns.setdefault((*place[:2], row["recipe"], name), {})[place[2]] = row["name"]
    for recipe in sorted({key[2] for key in columns}):
        own = {key: names for key, names in columns.items() if key[2] == recipe and len(names) > 1}
        table = mart.read(
            "radiomics", cohort, ["case", *(one for names in own.values() for one in names.values())], [recipe]
        )
        cases = tuple(table["case"].to_pylist())
        for (image, roi, _, name), names in own.items():
            values = np.column_stack([_numbers(table, column) for column in names.values()])
            yield ReaderValues(image, roi, recipe, name, cases, tuple(names), values)


def _pair(image: str, roi: str, one: str, other: str, facts: Mapping[str, str], region: pa.Table) -> ReaderPair | None:
    if pair_column("dice", one, other) not in facts:
        one, other = other, one
    figures = {}
    for figure in ("dice", "hausdorff95", "surface"):
        column = facts.get(pair_column(figure, one, other))
        if column is None:
            return None
        figures[figure] = _numbers(region, column)
    volumes = [_numbers(region, facts[volume_column(reader)]) for reader in (one, other)]
    there = np.isfinite(figures["dice"])
    return ReaderPair(
        image,
        roi,
        one,
        other,
        int(there.sum()),
        _of(np.mean, figures["dice"]),
        _of(np.min, figures["dice"]),
        _of(np.mean, figures["hausdorff95"]),
        _of(np.max, figures["hausdorff95"]),
        _of(np.mean, figures["surface"]),
        _of(np.mean, (volumes[1] - volumes[0])[there]),
    )


def _of(figure: Callable[[Floats], object], values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(figure(known)) if len(known) else nan  # type: ignore[arg-type]


def _numbers(table: pa.Table, column: str) -> Floats:
    return np.array([nan if value is None else value for value in table[column].to_pylist()], np.float64)
