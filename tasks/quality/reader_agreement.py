"""The section of ROIs that several readers drew: how their masks agree, and the cases where they agree least."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from features.results.manifest import Mart
from features.results.readers import reader_pairs
from features.results.regions import long_regions
from tasks.quality.distribution import number
from tasks.reports.page import render_part

MOST_CASES = 15
LEAST = ("case", "centre", "image", "roi", "dice_lowest", "hausdorff95_highest_mm")


def reader_section(mart: Mart, cohort: str) -> Markup:
    """The section as HTML; empty if no ROI of the cohort is a consensus of readers. Raises StoreError if a table is damaged."""
    pairs = reader_pairs(mart, cohort)
    if not pairs:
        return Markup()
    regions = long_regions(mart.read("region", cohort), mart.read("dictionary", cohort).to_pylist())
    rows = [row for row in regions.select(LEAST).to_pylist() if row["dice_lowest"] is not None]
    rows.sort(key=lambda row: (row["dice_lowest"], row["case"], row["image"], row["roi"]))
    return render_part(
        Path(__file__).with_name("reader_agreement.html"),
        pairs=pairs,
        least=rows[:MOST_CASES],
        number=lambda value: "–" if value is None or value != value else number(value),
    )
