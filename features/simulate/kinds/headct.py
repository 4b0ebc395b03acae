"""headct: CT of heads with a dense focus that is blood or only looks like it, and the radiologists' reports as texts.

Blood follows two hidden states: the grain of the focus, seen in the window of the brain, and that of the skull, seen in the window
of bone. A part of the patients of development is labelled by hand; of the others a report tells. After Titano et al. 2018 and Lee
et al. 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from features.simulate import declared
from features.simulate.headct import FOCUS, HEAD, PLACES, SKULL, scan
from features.simulate.headct import Planted as PlantedHead
from features.simulate.oracle import Outcome
from features.simulate.people import YES_NO, first_day, toss
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.reports import Read, write_report
from features.simulate.site import Site
from features.simulate.streams import stream
from features.simulate.write_csv import csv_bytes
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_nifti import write_volume
from features.simulate.write_seg import write_segments
from features.simulate.write_series import Series, write_series

EFFECT, AGE_EFFECT = 2.2, 0.03  # on the logit: of the two states together, and of a year
GRAIN_MM, GRAIN_SLOPE, GRAIN_NOISE = 3.2, 0.5, 0.06  # of the log of a grain, by a sd of its state; beside it
BY_HAND = 0.5  # share of the patients of development that is labelled by hand; of the other centres all are
TEACH = 0.5  # share of these who teach the text model of the others
SEGMENTS = {"focus": "Focus", "skull": "Skull", "head": "Head"}
INTERCEPT = -1024


class Headct(Planted):
    """Haemorrhage on head CT: the grain of a dense focus and that of the skull tell of it, each in a window of its own."""

    kind: Literal["headct"] = "headct"

    sites: ClassVar[tuple[Site, ...]] = (
        Site(
            "A", "development", (28, 70, 62), (2.6, 2.6, 4.0), 0.55, noise=0.6, manufacturer="Northlight", format="seg"
        ),
        Site("B", "development", (28, 72, 64), (2.5, 2.5, 4.0), 0.0, offset=3.0, noise=0.9, smoothing_mm=1.3),
        Site("C", "development", (26, 68, 60), (2.7, 2.7, 4.3), -0.55, offset=-2.0, noise=0.7),
        Site("X", "external", (28, 70, 62), (2.6, 2.6, 4.0), offset=2.0, noise=0.8, smoothing_mm=1.2),
        Site("Y", "external", (28, 70, 62), (2.6, 2.6, 4.2), offset=-1.0, noise=0.6, smoothing_mm=1.1),
    )
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome(
            "haemorrhage",
            "binary",
            "logit",
            ("haemorrhage",),
            (("brain_window", "state_focus"), ("bone_window", "state_bone"), ("age", "age_score")),
        ),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal(
            "grain at an equal histogram, place and volume",
            "CT: the focus by one state, the skull by another",
            f"log sigma = log {GRAIN_MM} mm + {GRAIN_SLOPE} · state + {GRAIN_NOISE} · N(0, 1)",
        ),
        PlantedSignal(
            "haemorrhage",
            "tables and reports",
            f"logit = site + {EFFECT} · (state_focus + state_bone) / √2 + {AGE_EFFECT} · (age - 65)",
        ),
        PlantedSignal("what the label is, in words", "reports of every patient", "no report contradicts its label"),
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """Hidden states, the outcome and its class, and what the images and reports are made by."""
        there = 0.0 if self.null else 1.0
        states = rng.standard_normal((2, n))
        age = np.round(np.clip(rng.normal(65, 14, n), 18, 95), 1)
        logit = there * (EFFECT * states.sum(axis=0) / np.sqrt(2) + AGE_EFFECT * (age - 65))
        blood = toss(rng, logit + site.shift)
        place = rng.choice(PLACES, n)
        grains = GRAIN_MM * np.exp(GRAIN_SLOPE * states + GRAIN_NOISE * rng.standard_normal((2, n)))
        return pd.DataFrame(
            {
                "state_focus": states[0],
                "state_bone": states[1],
                "logit": logit,
                "age_score": there * age,
                "haemorrhage": blood,
                "bleeding": np.where(blood, place, "none"),
                "place": place,
                "age_years": age,
                "sex": np.where(rng.random(n) < 0.5, "female", "male"),
                "by_hand": (rng.random(n) < BY_HAND) | (site.cohort != "development"),
                "start": rng.integers(0, 1200, n),
                "volume_ml": np.clip(20.0 * np.exp(0.3 * rng.standard_normal(n)), 12.0, 34.0),
                "focus_grain_mm": np.clip(grains[0], 1.3, 10.0),
                "bone_grain_mm": np.clip(grains[1], 1.3, 10.0),
            }
        )

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """The CT with a label map, or in DICOM with a segmentation."""
        facts, place, grid = person.facts, folder / person.id, site.grid
        head = PlantedHead(facts["place"], facts["volume_ml"], facts["focus_grain_mm"], facts["bone_grain_mm"])
        hu, labels = scan(head, site, person.stream)
        place.mkdir(parents=True)
        if site.format == "nifti":
            write_volume(place / "CT.nii.gz", hu, grid)
            write_volume(place / "labels.nii.gz", labels, grid)
            return {}
        study = StudyFacts((self.kind, self.seed), person.id, facts["sex"], first_day(facts), "baseline")
        series = Series("ct", "CT", "Head", 2, site.manufacturer, {"KVP": "120"}, slope=1.0, intercept=INTERCEPT)
        slices = write_series(place / "CT", (hu.astype(np.int32) - INTERCEPT).astype(np.uint16), grid, study, series)
        parts = {"Focus": labels == FOCUS, "Skull": labels == SKULL, "Head": labels > 0}
        write_segments(place / "SEG.dcm", parts, slices, study)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """A clinical table a centre, whose labels are those by hand alone, and a table of reports of all patients."""
        clinical: list[list[str | int | float]] = [["patient", "age", "sex", "haemorrhage", "bleeding"]]
        reports: list[list[str | int | float]] = [["patient", "report"]]
        for k, one in enumerate(people.to_dict("records")):
            label = ["yes" if one["haemorrhage"] else "no", one["bleeding"]] if one["by_hand"] else ["", ""]
            clinical.append([one["patient"], one["age_years"], one["sex"][0].upper(), *label])
            read = Read(one["patient"], one["haemorrhage"], one["place"], first_day(one).year)
            reports.append(
                [one["patient"], write_report(stream(self.seed, self.kind, "report", site.name, k), read, site)]
            )
        (folder / f"{site.name}_clinical.csv").write_bytes(csv_bytes(clinical))
        (folder / f"{site.name}_reports.csv").write_bytes(csv_bytes(reports))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """The catalog's cohort."""
        return declared.cohort(
            f"Simulated head CT, {name}",
            sites,
            images=[_source(site) for site in sites],
            variables=VARIABLES,
            tables=[*(declared.clinical_table(site, COLUMNS) for site in sites), *map(_reports, sites)],
            labelled={
                "bleed": {"by_hand": "haemorrhage", "texts": "reports", "teach": TEACH if name == "development" else 0}
            },
            endpoints={
                "bleed": declared.binary("bleed", "intracranial haemorrhage, by hand or out of a report"),
                "haemorrhage": declared.binary("haemorrhage", "intracranial haemorrhage, of patients labelled by hand"),
                "bleeding": {
                    "kind": "multiclass",
                    "column": "bleeding",
                    "description": "class of haemorrhage, or none",
                },
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """One for what the window of the brain shows, one for that of bone: their bins differ. Voxels as they are."""
        return {
            "brain_window": declared.recipe("CT", "HU", None, {"bin_width": 2}, roi="focus"),
            "bone_window": declared.recipe("CT", "HU", None, {"bin_width": 50}, roi="skull"),
        }


def _reports(site: Site) -> dict[str, Any]:
    path = f"tables/{site.name}_reports.csv"
    return {
        "block": "reports",
        "centre": site.name,
        "path": path,
        "id": "patient",
        "type": "text",
        "columns": ["report"],
    }


def _source(site: Site) -> dict[str, Any]:
    facts: dict[str, Any] = {"centre": site.name, "modality": "CT", "unit": "HU"}
    if site.format != "nifti":
        return {"format": "dicom", **facts, "path": site.name, "mask": {"format": site.format, "rois": SEGMENTS}}
    folder = f"{site.name}/{{patient}}"
    rois = {"focus": FOCUS, "skull": SKULL, "head": [FOCUS, SKULL, HEAD]}
    mask = {"format": "nifti", "path": f"{folder}/labels.nii.gz", "rois": rois}
    return {"format": "nifti", **facts, "path": f"{folder}/CT.nii.gz", "mask": mask}


COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "haemorrhage": {"from": "haemorrhage", "codes": YES_NO},
    "bleeding": "bleeding",
}
VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at the scan"),
    "sex": declared.SEX,
    "haemorrhage": declared.flag("a radiologist labelled the scan by hand: intracranial haemorrhage"),
    "bleeding": {
        "type": "category",
        "description": "class of haemorrhage, labelled by hand",
        "levels": ["none", *PLACES],
        "role": "outcome",
    },
}
