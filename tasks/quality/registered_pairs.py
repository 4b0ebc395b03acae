"""The section of images that were registered to those that their ROIs were drawn on: the largest shift first, with pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from markupsafe import Markup

from features.core.errors import StoreError
from features.core.storage.store import REGION, Store
from features.images.registration.facts import ADDRESS
from features.results.manifest import Mart
from features.results.pair_picture import load_pair_picture
from features.results.prefixes import RESULT
from tasks.quality.distribution import number
from tasks.reports.page import render_part

MOST_PICTURES = 60  # some 35 KB each
MOST_ROWS = 400


@dataclass(frozen=True)
class RegisteredPair:
    """An image of a case and the one that its ROIs were drawn on. png: base64, "" if there is none; rois: their words."""

    case: str
    image: str
    drawn_on: str
    rois: tuple[str, ...]
    metric_before: float
    metric: float
    shift_mm: float
    rotation_deg: float
    codes: tuple[str, ...]
    png: str = ""

    @property
    def name(self) -> str:
        """The case id without the cohort, which all share."""
        return self.case.split(":", 1)[1]

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        return (
            f"{self.drawn_on} with the ROI; {self.image} before and after registration with the edges of {self.drawn_on}, "
            f"of {self.name}: axial above, coronal below"
        )


def registered_section(mart: Mart, cohort: str) -> Markup:
    """The section as HTML; empty if the cohort has no images that were, or were to be, registered.

    Raises StoreError if a table is damaged.
    """
    warned: dict[tuple[str, str], dict[str, None]] = {}
    for row in mart.read("warnings", cohort).to_pylist():
        if str(row["code"]).startswith("REGISTRATION_"):
            warned.setdefault((str(row["case"]), str(row["image"])), {})[str(row["code"])] = None
    failed = [row for row in mart.read("quarantine", cohort).to_pylist() if row["code"] == "REGISTRATION_FAILED"]
    pairs = registered_pairs(mart, cohort, warned)
    if not pairs and not failed:
        return Markup()
    lost = {(str(row["case"]), str(row["image"])): str(row["message"]) for row in failed}
    return render_part(
        Path(__file__).with_name("registered_pairs.html"),
        pairs=pairs[:MOST_ROWS],
        pictured=[pair for pair in pairs[:MOST_PICTURES] if pair.png],
        left_out=len(pairs) - min(len(pairs), MOST_ROWS),
        unpictured=len(pairs) - min(len(pairs), MOST_PICTURES),
        failed=sorted((case.split(":", 1)[1], image, message) for (case, image), message in lost.items()),
        number=number,
    )


def registered_pairs(mart: Mart, cohort: str, warned: Mapping[tuple[str, str], Iterable[str]]) -> list[RegisteredPair]:
    """The pairs of a cohort, those that were moved farthest first. warned: case and image → codes of warnings."""
    dictionary = mart.read("dictionary", cohort).to_pylist()
    own = [row for row in dictionary if row["block"] == REGION and str(row["name"]).endswith(f"__{ADDRESS}")]
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in own:
        prefix = str(row["name"]).removesuffix(ADDRESS)
        names = ["drawn_on", *(f"registration_{what}" for what in _NUMBERS), ADDRESS, RESULT]
        table = mart.read(REGION, cohort, ["case", *(prefix + name for name in names)])
        table = table.rename_columns(["case", *names]).filter(pc.field(ADDRESS).is_valid())
        for values in table.to_pylist():
            key = str(values["case"]), str(row["image"]), str(values[ADDRESS])
            found.setdefault(key, []).append({**values, "roi": str(row["roi"])})
    pairs = [_pair(case, image, rows, warned.get((case, image), ())) for (case, image, _), rows in found.items()]
    pairs.sort(key=lambda pair: (-pair[0].shift_mm, pair[0].case, pair[0].image))
    return [
        _with_picture(pair, mart.store, checks) if i < MOST_PICTURES else pair for i, (pair, checks) in enumerate(pairs)
    ]


_NUMBERS = ("metric", "metric_before", "image_shift_mm", "rotation_deg")


def _pair(
    case: str, image: str, rows: list[Mapping[str, Any]], codes: Iterable[str]
) -> tuple[RegisteredPair, list[str]]:
    """A pair of its rows, one for each ROI, and the addresses of their checks."""
    rows = sorted(rows, key=lambda row: str(row["roi"]))
    first = rows[0]
    metric, before, shift, rotation = (float(first[f"registration_{what}"]) for what in _NUMBERS)
    rois = tuple(str(row["roi"]) for row in rows)
    pair = RegisteredPair(case, image, str(first["drawn_on"]), rois, before, metric, shift, rotation, tuple(codes))
    return pair, [str(row[RESULT]) for row in rows]


def _with_picture(pair: RegisteredPair, store: Store, checks: Iterable[str]) -> RegisteredPair:
    """The pair with the first picture that is kept beside the checks of its ROIs."""
    for check in checks:
        try:
            png = load_pair_picture(store, check)
        except StoreError:  # a damaged picture is drawn again when its check is
            continue
        if png:
            return RegisteredPair(**{**vars(pair), "png": png})
    return pair
