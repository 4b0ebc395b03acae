"""dementia: FDG-PET and T1 of Alzheimer's disease, controls and mild impairment, with an atlas of 30 regions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import expit

from features.simulate import declared
from features.simulate.dementia import REGIONS, TEMPLATE, Brain, atlas, pet, signs, t1, template
from features.simulate.fields import STILL, Rigid, Waves
from features.simulate.oracle import Outcome
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.site import Site
from features.simulate.write_csv import csv_bytes
from features.simulate.write_nifti import write_volume

BRAIN = "brain"  # all regions together: nothing is planted in what is seen of it as a whole
IN_TEMPLATE = ("A", "C", "X")  # these centres send scans that lie in the space of the template
FOLLOW_UP_DAYS = 1096
PATTERN, AGE = 2.1, 0.03
CONVERSION, CONVERSION_DAYS, WEIBULL_SHAPE = 1.4, 1100.0, 1.4
UPTAKE_STEP, UPTAKE_SD = 0.08, 0.06
THINNING_STEP, THINNING_SD = 0.25, 0.15


class Dementia(Planted):
    """The disease shows in which regions take up less and thin more than the others, not in the whole brain."""

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", TEMPLATE.shape, TEMPLATE.spacing_mm, 0.4, 1.0, noise=0.6, smoothing_mm=1.0, bias=0.05),
        Site("B", "development", (40, 48, 42), (3.8, 3.8, 3.8), 0.0, 1.12, noise=1.0, smoothing_mm=2.0, bias=0.10),
        Site(
            "C", "development", TEMPLATE.shape, TEMPLATE.spacing_mm, -0.4, 0.90, noise=0.8, smoothing_mm=2.6, bias=0.08
        ),
        Site("X", "external", TEMPLATE.shape, TEMPLATE.spacing_mm, 0.0, 1.05, noise=0.8, smoothing_mm=1.6, bias=0.08),
        Site("Y", "external", (38, 46, 40), (4.0, 4.0, 4.0), 0.0, 0.95, noise=0.7, smoothing_mm=2.2, bias=0.06),
    )
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome(
            "alzheimer",
            "binary",
            "disease_logit",
            ("alzheimer",),
            (("pet", "state_pet"), ("t1", "state_t1"), ("age", "age_score")),
        ),
        Outcome("converted", "binary", "conversion_score", ("converted",), (("pet", "state_pet"), ("t1", "state_t1"))),
        Outcome("conversion", "survival", "conversion_score", ("conversion_days", "converted")),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal(
            "uptake of some regions falls and that of the others rises, at an equal mean over the brain",
            "pet: hippocampus, amygdala, posterior cingulate, precuneus, parietal, lateral temporal, temporal pole and lateral "
            "frontal regions against the others, both sides",
            f"log factor of a region = {UPTAKE_STEP} · sign · state_pet + {UPTAKE_SD} · N(0, 1)",
        ),
        PlantedSignal(
            "fluid between folds grows wider in the same regions and narrower in the others",
            "t1",
            f"widening of a region = {THINNING_STEP} · -sign · state_t1 + {THINNING_SD} · N(0, 1)",
        ),
        PlantedSignal(
            "Alzheimer's disease against controls",
            "tables: alzheimer, missing of patients with mild impairment",
            f"logit = site + {PATTERN} · (state_pet + state_t1) / √2 + {AGE} · (age - 72)",
        ),
        PlantedSignal(
            f"conversion of mild impairment within {FOLLOW_UP_DAYS} days",
            "tables: converted and conversion_days, of patients with mild impairment alone",
            f"log hazard = {CONVERSION} · (state_pet + state_t1) / √2 + {AGE} · (age - 72) + site; Weibull, shape {WEIBULL_SHAPE}",
        ),
        PlantedSignal(
            "where a scan lies in the space of the template",
            "centres B and Y, PET and T1 alike; truth/patients.csv holds the 12 numbers of the affine map: a point of the "
            "scan is matrix·p + shift of the template (LPS, mm)",
            "scales within 5 %, turns up to 4 degrees, shifts up to 5 mm",
        ),
    )

    kind: Literal["dementia"] = "dementia"
    impaired: float = Field(
        0.35,
        ge=0,
        lt=1,
        description="share of patients with mild impairment; the others have the disease or are controls",
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """Hidden states, outcomes, clinical values, and what the images are made by; NaN where an outcome does not apply."""
        there = 0.0 if self.null else 1.0
        states = rng.standard_normal((2, n))
        pattern = states.sum(axis=0) / np.sqrt(2)
        age = np.round(np.clip(rng.normal(72, 7, n), 55, 92), 1)
        disease = there * (PATTERN * pattern + AGE * (age - 72))
        score = there * (CONVERSION * pattern + AGE * (age - 72))
        event = CONVERSION_DAYS * (rng.exponential(size=n) * np.exp(-score - site.shift)) ** (1 / WEIBULL_SHAPE)
        impaired = rng.random(n) < self.impaired
        sick = rng.random(n) < expit(disease + site.shift)
        return pd.DataFrame(
            {
                "state_pet": states[0],
                "state_t1": states[1],
                "disease_logit": disease,
                "conversion_score": score,
                "age_score": there * age,
                "group": np.where(impaired, "impaired", np.where(sick, "alzheimer", "control")),
                "alzheimer": np.where(impaired, np.nan, sick),
                "converted": np.where(impaired, event <= FOLLOW_UP_DAYS, np.nan),
                "conversion_days": np.where(
                    impaired, np.maximum(np.ceil(np.minimum(event, FOLLOW_UP_DAYS)), 1), np.nan
                ),
                "age_years": age,
                "sex": np.where(rng.random(n) < 0.55, "female", "male"),
                "education_years": np.clip(np.round(rng.normal(14, 3, n)), 6, 22).astype(np.int64),
                "global_suv": 6.2 * np.exp(0.2 * rng.standard_normal(n)),
            }
        )

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """t1.nii.gz and pet.nii.gz, in one space. The truth: the affine map from it to the template."""
        facts, rng = person.facts, person.stream("regions")
        place, told = (STILL, {}) if site.name in IN_TEMPLATE else _place(person.stream("place"))
        own = rng.standard_normal((2, len(REGIONS)))
        brain = Brain(
            uptake=np.exp(UPTAKE_STEP * signs() * facts["state_pet"] + UPTAKE_SD * own[0]),
            thinning=-THINNING_STEP * signs() * facts["state_t1"] + THINNING_SD * own[1],
            global_suv=facts["global_suv"],
            place=place,
        )
        folds = Waves.draw(person.stream("folds"), 7.0)
        image, tissues = t1(brain, folds, site, person.stream("t1"))
        where = folder / person.id
        where.mkdir(parents=True)
        write_volume(where / "t1.nii.gz", image, site.grid)
        write_volume(where / "pet.nii.gz", pet(brain, tissues, site, person.stream("pet")), site.grid)
        return told

    def write_shared(self, folder: Path) -> None:
        """The atlas and the image that it is drawn on, the same whatever the seed."""
        (folder / "atlas").mkdir()
        write_volume(folder / "atlas" / "labels.nii.gz", atlas(TEMPLATE, STILL), TEMPLATE)
        write_volume(folder / "atlas" / "t1.nii.gz", template(), TEMPLATE)

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """A clinical table a centre: the group, and of mild impairment whether and when it became dementia."""
        rows = [
            [
                one["patient"],
                one["age_years"],
                one["sex"][0].upper(),
                one["education_years"],
                {"control": "CN", "impaired": "MCI", "alzheimer": "AD"}[one["group"]],
                "" if np.isnan(one["converted"]) else int(one["converted"]),
                "" if np.isnan(one["converted"]) else int(one["conversion_days"]),
            ]
            for one in people.to_dict("records")
        ]
        names = ["patient", "age", "sex", "education", "dx", "converted", "days"]
        (folder / f"{site.name}_clinical.csv").write_bytes(csv_bytes([names, *rows]))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """The catalog's cohort."""
        return declared.cohort(
            f"Simulated FDG-PET and T1 of dementia, {name}",
            sites,
            images=[image for site in sites for image in _images(site)],
            variables=VARIABLES,
            tables=[declared.clinical_table(site, COLUMNS) for site in sites],
            endpoints={
                "alzheimer": declared.binary("alzheimer", "Alzheimer's disease against controls"),
                "converted": declared.binary("converted", "mild impairment became dementia within three years"),
                "conversion": declared.survival(
                    "conversion_days", "converted", FOLLOW_UP_DAYS, "time to dementia of mild impairment"
                ),
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """First order alone of every region: what a region takes up is the signal here."""
        bins, scaled = {"bin_count": 24}, {"normalise": {"kind": "zscore", "scale": 100}}
        means = {"extractors": [{"kind": "radweave", "families": ["firstorder"]}]}
        return {
            "regions_mr": declared.recipe("MR", "arbitrary", None, bins, **scaled, **means),
            "regions_pet": declared.recipe("PT", "SUV", None, bins, **means),
        }


def _place(rng: np.random.Generator) -> tuple[Rigid, dict[str, float]]:
    """Where scans lie in the template, and its numbers as patients.csv tells them."""
    turns, shifts = (tuple(map(float, rng.uniform(-most, most, 3))) for most in (4.0, 5.0))
    turned = Rigid.of(turns, shifts)  # type: ignore[arg-type]
    matrix = np.round(turned.matrix @ np.diag(rng.uniform(0.95, 1.05, 3)), 6)
    shift = np.round(turned.shift_mm, 3)
    told = {f"affine_{row}{column}": float(matrix[row, column]) for row in range(3) for column in range(3)}
    told |= {f"affine_shift_{axis}_mm": float(value) for axis, value in zip("xyz", shift, strict=True)}
    return Rigid(matrix, shift), told


def _images(site: Site) -> list[dict[str, Any]]:
    """The image sources of a centre: T1 with the atlas, by registration where it is not in its space; PET beside it."""
    folder = f"{site.name}/{{patient}}"
    facts = {"format": "nifti", "centre": site.name}
    regions: dict[str, Any] = {name: number for number, name in enumerate(REGIONS, 1)}
    regions[BRAIN] = list(range(1, len(REGIONS) + 1))
    mask = {"format": "nifti", "path": "atlas/labels.nii.gz"}
    t1: dict[str, Any] = {**facts, "image": "t1", "modality": "MR", "unit": "arbitrary", "path": f"{folder}/t1.nii.gz"}
    if site.name in IN_TEMPLATE:
        t1 |= {"mask": {**mask, "rois": regions}}
    else:
        t1 |= {
            "mask": {**mask, "template": "atlas/t1.nii.gz", "rois": regions},
            "registration": {"to": "template", "kind": "affine"},
        }
    pet = {"image": "pet", "modality": "PT", "unit": "SUV", "path": f"{folder}/pet.nii.gz"}
    return [t1, {**facts, **pet, "mask": {"format": "of", "image": "t1"}}]


COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "education_years": "education",
    "alzheimer": {"from": "dx", "codes": {"AD": True, "CN": False}, "missing": ["MCI"]},
    "converted": {"from": "converted", "codes": {"1": True, "0": False}},
    "conversion_days": "days",
}
VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at the scan"),
    "sex": declared.SEX,
    "education_years": {"type": "number", "description": "years of education", "unit": "years", "allowed": [0, 40]},
    "alzheimer": declared.flag("Alzheimer's disease; missing of patients with mild impairment"),
    "converted": declared.flag("mild impairment became dementia; missing of others"),
    "conversion_days": declared.days("days from the scan to dementia or the end of follow-up; missing of others"),
}
