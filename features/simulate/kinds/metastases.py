"""metastases: MR of brains with several small metastases, in a black-blood image and in one whose vessels look like them.

How many metastases there are goes with new ones within half a year, at equal volume of all together: who finds them can count them.
The label map numbers them, so that what a detector finds can be judged. After Jun et al. 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from features.simulate import declared
from features.simulate.metastases import MOST, SEQUENCES, Head, scan
from features.simulate.oracle import Outcome
from features.simulate.people import YES_NO, toss
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.site import Site
from features.simulate.write_csv import csv_bytes
from features.simulate.write_nifti import write_volume

EFFECT, AGE_EFFECT = 2.2, -0.03  # on the logit: of the state, and of a year
COUNT, COUNT_SLOPE, COUNT_NOISE = 3.2, 0.55, 0.12  # median; of the log of the number, by a sd of the state; beside it
PRIMARIES = ("lung", "breast", "melanoma")


class Metastases(Planted):
    """Brain metastases: their number, at equal volume of all together, goes with new ones within half a year."""

    kind: Literal["metastases"] = "metastases"

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", (48, 80, 66), (2.2, 2.2, 2.6), 0.55, 1.0, noise=0.30, smoothing_mm=0.8, bias=0.06),
        Site("B", "development", (48, 84, 70), (2.1, 2.1, 2.6), 0.0, 1.7, noise=0.50, smoothing_mm=1.0, bias=0.10),
        Site("C", "development", (44, 76, 64), (2.3, 2.3, 2.8), -0.55, 0.7, noise=0.40, smoothing_mm=1.2, bias=0.08),
        Site("X", "external", (48, 80, 66), (2.2, 2.2, 2.6), 0.0, 1.3, noise=0.45, smoothing_mm=0.9, bias=0.09),
        Site("Y", "external", (46, 80, 66), (2.2, 2.2, 2.7), 0.0, 0.8, noise=0.30, smoothing_mm=1.1, bias=0.05),
    )
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome(
            "new_metastases",
            "binary",
            "logit",
            ("new_metastases",),
            (("count", "counted"), ("age", "age_score")),
        ),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal(
            "number of metastases, at an equal histogram and volume of all together",
            "bb, t1c and the label map, which numbers them from the largest on",
            f"log number = log {COUNT} + {COUNT_SLOPE} · state + {COUNT_NOISE} · N(0, 1), rounded, 1 to {MOST}",
        ),
        PlantedSignal(
            "vessels as bright as metastases",
            "t1c alone: in bb they are dark",
            "10 to 15 tubes of 1.8 to 3.2 mm radius in every patient, whatever the state",
        ),
        PlantedSignal(
            "new metastases within half a year",
            "tables",
            f"logit = site + {EFFECT} · state + {AGE_EFFECT} · (age - 62)",
        ),
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """The hidden state, the outcome, clinical values, and what the images are made by."""
        there = 0.0 if self.null else 1.0
        state = rng.standard_normal(n)
        age = np.round(np.clip(rng.normal(62, 10, n), 25, 90), 1)
        logit = there * (EFFECT * state + AGE_EFFECT * (age - 62))
        count = COUNT * np.exp(COUNT_SLOPE * state + COUNT_NOISE * rng.standard_normal(n))
        lesions = np.clip(np.rint(count), 1, MOST).astype(np.int64)
        return pd.DataFrame(
            {
                "state": state,
                "logit": logit,
                "counted": there * lesions,
                "age_score": -there * age,
                "new_metastases": toss(rng, logit + site.shift),
                "age_years": age,
                "sex": np.where(rng.random(n) < 0.5, "female", "male"),
                "primary": rng.choice(PRIMARIES, n, p=(0.5, 0.3, 0.2)),
                "lesions": lesions,
                "volume_ml": np.clip(5.0 * np.exp(0.35 * rng.standard_normal(n)), 2.5, 10.0),
            }
        )

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """bb.nii.gz, t1c.nii.gz and labels.nii.gz. The truth: how many metastases found room."""
        place = folder / person.id
        place.mkdir(parents=True)
        head = Head.draw(person.stream("anatomy"), site.grid, person.facts["lesions"], person.facts["volume_ml"])
        write_volume(place / "labels.nii.gz", head.lesions, site.grid)
        for sequence in SEQUENCES:
            write_volume(place / f"{sequence}.nii.gz", scan(head, sequence, site, person.stream), site.grid)
        return {"drawn_lesions": float(head.lesions.max())}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """A clinical table a centre. It does not tell the number: somebody has to find the metastases."""
        rows: list[list[str | int | float]] = [["patient", "age", "sex", "primary", "new_metastases"]]
        for one in people.to_dict("records"):
            told = [one["primary"], "yes" if one["new_metastases"] else "no"]
            rows.append([one["patient"], one["age_years"], one["sex"][0].upper(), *told])
        (folder / f"{site.name}_clinical.csv").write_bytes(csv_bytes(rows))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """The catalog's cohort."""
        return declared.cohort(
            f"Simulated MR of brain metastases, {name}",
            sites,
            images=[_source(site) for site in sites],
            variables=VARIABLES,
            tables=[declared.clinical_table(site, COLUMNS) for site in sites],
            endpoints={
                "new_metastases": declared.binary("new_metastases", "new brain metastases within half a year"),
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """Both images, without a unit, voxels as they are; all metastases are one region."""
        scaled = {"normalise": {"kind": "zscore", "scale": 100}}
        return {"metastases": declared.recipe("MR", "arbitrary", None, {"bin_count": 24}, **scaled)}


def _source(site: Site) -> dict[str, Any]:
    folder = f"{site.name}/{{patient}}"
    mask = {"format": "nifti", "path": f"{folder}/labels.nii.gz", "rois": {"metastases": list(range(1, MOST + 1))}}
    facts = {"format": "nifti", "centre": site.name, "image": list(SEQUENCES), "modality": "MR", "unit": "arbitrary"}
    return {**facts, "path": f"{folder}/{{image}}.nii.gz", "mask": mask}


COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "primary": "primary",
    "new_metastases": {"from": "new_metastases", "codes": YES_NO},
}
VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at the scan"),
    "sex": declared.SEX,
    "primary": {"type": "category", "description": "primary tumour", "levels": list(PRIMARIES)},
    "new_metastases": declared.flag("new brain metastases were seen within half a year"),
}
