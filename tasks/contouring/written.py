"""What radweave contour writes beside its network: a table of cases, a summary, and a page to look at."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isnan
from pathlib import Path

from features.core.storage.place import write_bytes
from features.deep.contouring.settings import Contouring
from features.simulate.write_csv import csv_bytes
from tasks.contouring.agreed import COVERAGE, LEAST_DICE, Drawn, Mean, mean_of
from tasks.reports.page import render_page

MOST_PICTURES = 24
FIGURES = (
    ("dice", "Dice coefficient", ""),
    ("hausdorff95_mm", "95th percentile of the distances of surfaces", "mm"),
    ("surface_mm", "mean distance of surfaces", "mm"),
)


@dataclass(frozen=True, slots=True)
class Contoured:
    """What was trained, and how well it draws. left_out: code → cases that could not be shown."""

    cohort: str
    image: str
    roi: str
    settings: Contouring
    folds: int
    rows: tuple[Drawn, ...]
    left_out: Mapping[str, int]
    sha256: str

    @property
    def means(self) -> dict[str, Mean]:
        """Figure → its mean over cases, each drawn by the network of a fold that has not seen the patient."""
        return {name: mean_of(self.rows, lambda one: getattr(one, name), self.settings.seed) for name, _, _ in FIGURES}  # noqa: B023

    @property
    def failures(self) -> list[Drawn]:
        """Cases that were not found, or hardly; the worst first."""
        return sorted((one for one in self.rows if one.failure), key=lambda one: (one.dice, one.case))

    def sentences(self) -> list[str]:
        """What is said of it on the screen."""
        told = []
        for name, meaning, unit in FIGURES:
            one = self.means[name]
            figure = f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" if one.n else "none"
            told.append(f"{meaning}: {figure}{f' {unit}' if unit else ''}, of {one.n} of {len(self.rows)} cases")
        told.append(f"failures (nothing found, elsewhere, or Dice below {LEAST_DICE:g}): {len(self.failures)}")
        told += [f"  {one.case}: {one.failure}, Dice {one.dice:.2f}" for one in self.failures]
        told += [f"left out: {code} {count}" for code, count in sorted(self.left_out.items())]
        return told


def write_contoured(folder: Path, found: Contoured, pictures: Mapping[str, bytes]) -> None:
    """cases.csv, contour.json and contours.html. pictures: case → PNG with what was drawn by people and by the network."""
    names = [one.name for one in fields(Drawn)]
    rows = [[_cell(getattr(one, name)) for name in names] for one in found.rows]
    write_bytes(folder / "cases.csv", csv_bytes([names, *rows]))
    facts = {
        "cohort": found.cohort,
        "image": found.image,
        "roi": found.roi,
        "folds": found.folds,
        "cases": len(found.rows),
        "patients": len({one.patient for one in found.rows}),
        "failures": len(found.failures),
        "left_out": dict(found.left_out),
        "coverage": COVERAGE,
        "means": {name: {k: _cell(v) for k, v in asdict(one).items()} for name, one in found.means.items()},
        "settings": found.settings.model_dump(mode="json"),
        "sha256": found.sha256,
    }
    write_bytes(folder / "contour.json", (json.dumps(facts, indent=2) + "\n").encode())
    worst = sorted(found.rows, key=lambda one: (one.dice, one.case))[:MOST_PICTURES]
    shown = [(one, base64.b64encode(pictures[one.case]).decode()) for one in worst if one.case in pictures]
    page = render_page(Path(__file__).with_name("contours.html"), found=found, figures=FIGURES, shown=shown)
    write_bytes(folder / "contours.html", page.encode())


def _cell(value: str | float) -> str | int | float:
    if isinstance(value, float):
        return "" if isnan(value) else round(value, 6)
    return value
