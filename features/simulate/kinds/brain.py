"""brain: MR of gliomas, five sequences and a label map, with IDH, grade and survival; one centre needs registration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import expit

from features.simulate import declared
from features.simulate.brain import SEQUENCES, Glioma, Head, scan
from features.simulate.fields import STILL, Rigid
from features.simulate.oracle import Outcome
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.site import Site
from features.simulate.write_csv import csv_bytes
from features.simulate.write_nifti import write_volume

MOVED = ("flair", "adc")  # at centre B the patient moved before these; nobody drew on them
MAY_LACK = ("t2", "flair", "adc")
LACKS = 0.08  # share of the patients without one of these
NO_NECROSIS = 0.2
STATES = {"t1c": "state_t1c", "flair": "state_flair", "adc": "state_adc"}
ROMAN = {2: "II", 3: "III", 4: "IV"}
FOLLOW_UP_DAYS = 1826

IDH_PATTERN, IDH_AGE = 2.0, -0.035
GRADE_SHAPE, GRADE_AGE, GRADE_CUTS = 2.6, 0.03, (-1.2, 0.9)
HAZARD_PATTERN, HAZARD_SHAPE, HAZARD_AGE, HAZARD_KPS = -1.2, 1.1, 0.03, -0.03
MEDIAN_DAYS, WEIBULL_SHAPE, DROPOUT_DAYS = 620.0, 1.3, 4000.0
GRAIN_MM, GRAIN_SLOPE, GRAIN_NOISE = 2.8, 0.42, 0.06
BUMPS, BUMPS_SLOPE, BUMPS_NOISE = 0.16, 0.60, 0.10


class Brain(Planted):
    """IDH follows the grain of T1c, FLAIR and ADC; the grade follows how ragged the tumour is; survival follows both."""

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", (36, 72, 62), (2.6, 2.6, 3.8), 0.4, 1.0, noise=0.20, smoothing_mm=0.8, bias=0.06),
        Site("B", "development", (38, 74, 64), (2.5, 2.5, 3.6), 0.0, 1.9, noise=0.35, smoothing_mm=1.1, bias=0.12),
        Site("C", "development", (34, 68, 58), (2.8, 2.8, 4.0), -0.4, 0.6, noise=0.25, smoothing_mm=1.5, bias=0.09),
        Site("X", "external", (36, 72, 62), (2.6, 2.6, 3.8), 0.0, 1.4, noise=0.30, smoothing_mm=1.0, bias=0.10),
        Site("Y", "external", (36, 70, 60), (2.7, 2.7, 3.8), 0.0, 0.8, noise=0.20, smoothing_mm=1.3, bias=0.05),
    )
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome(
            "idh",
            "binary",
            "idh_logit",
            ("idh_mutant",),
            (("t1c", "state_t1c"), ("flair", "state_flair"), ("adc", "state_adc"), ("age", "younger")),
        ),
        Outcome("grade", "ordinal", "grade_score", ("grade",), (("shape", "state_shape"),)),
        Outcome("os", "survival", "log_hazard", ("os_days", "death"), (("clinical", "clinical_hazard"),)),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal(
            "grain: Gaussian sigma of the texture, at an equal histogram",
            "t1c, flair and adc, each by a state of its own or, where it is shared, all by one, in every part of the lesion",
            f"log sigma = log {GRAIN_MM} mm + {GRAIN_SLOPE} · state + {GRAIN_NOISE} · N(0, 1)",
        ),
        PlantedSignal(
            "raggedness: amplitude of bumps 6 mm wide on the tumour's surface, at equal volume",
            "the label map: tumour (labels 1 and 4)",
            f"log amplitude = log {BUMPS} + {BUMPS_SLOPE} · state_shape + {BUMPS_NOISE} · N(0, 1)",
        ),
        PlantedSignal(
            "IDH mutation",
            "tables",
            f"logit = site + {IDH_PATTERN} · pattern + {IDH_AGE} · (age - 50); pattern = Σ state / √3 of the three "
            "or the one state",
        ),
        PlantedSignal(
            "grade 2, 3, 4",
            "tables",
            f"{GRADE_SHAPE} · state_shape + {GRADE_AGE} · (age - 50) - site + logistic noise, cut at {GRADE_CUTS}",
        ),
        PlantedSignal(
            "survival",
            "tables",
            f"log hazard = {HAZARD_PATTERN} · pattern + {HAZARD_SHAPE} · state_shape + {HAZARD_AGE} · (age - 50) "
            f"+ {HAZARD_KPS} · (performance - 80) - site; Weibull, shape {WEIBULL_SHAPE}",
        ),
        PlantedSignal(
            "motion of the patient between t1c and flair, and between t1c and adc",
            "centre B; truth/patients.csv holds turns and shifts: a point p of the scan is Rz·Ry·Rx·p + shift of t1c (LPS, mm)",
            "turns up to 4 degrees about each axis through the image's middle, shifts up to 6 mm along each",
        ),
    )

    kind: Literal["brain"] = "brain"
    moved: bool = Field(
        True,
        description="at centre B the patient moves before FLAIR and ADC; false: nobody does, nothing is registered",
    )
    shared: bool = Field(
        False, description="one hidden state is the grain of all three sequences; false: each shows a state of its own"
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """Hidden states, outcomes, clinical values, and what the images are made by."""
        there = 0.0 if self.null else 1.0
        states = rng.standard_normal((4, n))
        if self.shared:
            states[1:3] = states[0]
        pattern = states[0] if self.shared else states[:3].sum(axis=0) / np.sqrt(3)
        age = np.round(np.clip(rng.normal(50, 13, n), 18, 85), 1)
        performance = rng.choice([60, 70, 80, 90, 100], n, p=[0.1, 0.2, 0.3, 0.25, 0.15])
        idh = there * (IDH_PATTERN * pattern + IDH_AGE * (age - 50))
        grade = there * (GRADE_SHAPE * states[3] + GRADE_AGE * (age - 50))
        clinical = there * (HAZARD_AGE * (age - 50) + HAZARD_KPS * (performance - 80))
        hazard = there * (HAZARD_PATTERN * pattern + HAZARD_SHAPE * states[3]) + clinical
        event = MEDIAN_DAYS * (rng.exponential(size=n) / np.log(2) * np.exp(site.shift - hazard)) ** (1 / WEIBULL_SHAPE)
        seen = np.minimum(rng.exponential(DROPOUT_DAYS, n), FOLLOW_UP_DAYS)
        return pd.DataFrame(
            {
                **dict(zip((*STATES.values(), "state_shape"), states, strict=True)),
                "idh_logit": idh,
                "grade_score": grade,
                "log_hazard": hazard,
                "clinical_hazard": clinical,
                "younger": -there * age,
                "idh_mutant": rng.random(n) < expit(idh + site.shift),
                "grade": np.digitize(grade - site.shift + rng.logistic(size=n), GRADE_CUTS) + 2,
                "os_days": np.maximum(np.ceil(np.minimum(event, seen)), 1).astype(np.int64),
                "death": event <= seen,
                "age_years": age,
                "sex": np.where(rng.random(n) < 0.42, "female", "male"),
                "performance": performance,
                "core_ml": np.clip(26 * np.exp(0.4 * rng.standard_normal(n)), 12, 60),
                "oedema_ml": np.clip(38 * np.exp(0.4 * rng.standard_normal(n)), 15, 80),
                "necrosis": np.where(rng.random(n) < NO_NECROSIS, 0.0, rng.uniform(0.1, 0.3, n)),
                "bumpiness": np.clip(_log_normal(rng, states[3], BUMPS, BUMPS_SLOPE, BUMPS_NOISE), 0.02, 0.6),
                **{
                    f"grain_{word}_mm": np.clip(_log_normal(rng, one, GRAIN_MM, GRAIN_SLOPE, GRAIN_NOISE), 1.2, 9.0)
                    for word, one in zip(STATES, states, strict=False)
                },
                "lacks": np.where(rng.random(n) < LACKS, rng.choice(MAY_LACK, n), ""),
            }
        )

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """Five volumes and seg.nii.gz, one or the other left out; at centre B two are moved. The truth: their motion."""
        facts = person.facts
        glioma = Glioma(
            facts["core_ml"],
            facts["oedema_ml"],
            facts["necrosis"],
            facts["bumpiness"],
            {word: facts[f"grain_{word}_mm"] for word in STATES},
        )
        head = Head(person.stream("anatomy"), glioma, site.grid)
        place = folder / person.id
        place.mkdir(parents=True)
        write_volume(place / "seg.nii.gz", head.still, site.grid)
        truth: dict[str, float] = {}
        for sequence in SEQUENCES:
            motion = STILL
            if self.moved and site.name == "B" and sequence in MOVED:
                motion, told = _motion(person.stream("motion", sequence), sequence)
                truth |= told
            if sequence != facts["lacks"]:
                image, _ = scan(head, sequence, site, glioma, person.stream("scan", sequence), motion)
                write_volume(place / f"{sequence}.nii.gz", image, site.grid)
        return truth

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """A clinical table a centre: IDH as mut and wt, grade in Roman numbers."""
        rows = [
            [
                one["patient"],
                one["age_years"],
                one["sex"][0].upper(),
                one["performance"],
                "mut" if one["idh_mutant"] else "wt",
                ROMAN[one["grade"]],
                one["os_days"],
                int(one["death"]),
            ]
            for one in people.to_dict("records")
        ]
        names = ["patient", "age", "sex", "kps", "idh", "who_grade", "os_days", "dead"]
        (folder / f"{site.name}_clinical.csv").write_bytes(csv_bytes([names, *rows]))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """The catalog's cohort."""
        return declared.cohort(
            f"Simulated glioma MR, {name}",
            sites,
            images=[image for site in sites for image in _images(site, self.moved and site.name == "B")],
            variables=VARIABLES,
            tables=[declared.clinical_table(site, COLUMNS) for site in sites],
            endpoints={
                "idh": declared.binary("idh_mutant", "IDH mutation"),
                "grade": {"kind": "ordinal", "column": "grade", "description": "WHO grade"},
                "os": declared.survival("os_days", "death", FOLLOW_UP_DAYS, "overall survival"),
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """One for the sequences without a unit, one for the ADC: original image, all families."""
        grid, bins = (3, 3, 3), {"bin_count": 24}
        scaled = {"normalise": {"kind": "zscore", "scale": 100}}
        return {
            "sequences": declared.recipe("MR", "arbitrary", grid, bins, **scaled),
            "diffusion": declared.recipe("MR", "um2/s", grid, bins),
        }


def _log_normal(rng: np.random.Generator, state: Any, median: float, slope: float, noise: float) -> Any:
    return median * np.exp(slope * state + noise * rng.standard_normal(state.size))


def _motion(rng: np.random.Generator, sequence: str) -> tuple[Rigid, dict[str, float]]:
    """A motion, and its numbers as patients.csv tells them."""
    turns, shifts = (tuple(map(float, np.round(rng.uniform(-most, most, 3), 3))) for most in (4.0, 6.0))
    told = {f"{sequence}_turn_{axis}_degrees": turn for axis, turn in zip("xyz", turns, strict=True)}
    told |= {f"{sequence}_shift_{axis}_mm": shift for axis, shift in zip("xyz", shifts, strict=True)}
    return Rigid.of(turns, shifts), told  # type: ignore[arg-type]


def _images(site: Site, moved: bool) -> list[dict[str, Any]]:
    """The image sources of a centre: one for what has no unit, one for the ADC, and where patients moved those to register."""
    folder = f"{site.name}/{{patient}}"
    mask = {
        "format": "nifti",
        "path": f"{folder}/seg.nii.gz",
        "rois": {"tumour": [1, 4], "oedema": 2, "necrosis": 1},
        "absent": "ignore",
    }
    facts = {"format": "nifti", "centre": site.name}
    of_t1c = {"mask": {"format": "of", "image": "t1c"}, "registration": {"to": "t1c", "kind": "rigid"}}
    plain = [word for word in SEQUENCES if word != "adc" and not (moved and word in MOVED)]
    arbitrary = {"modality": "MR", "unit": "arbitrary"}
    diffusion = {"image": "adc", "modality": "MR", "unit": "um2/s", "path": f"{folder}/adc.nii.gz"}
    sources: list[dict[str, Any]] = [
        {**facts, "image": plain, **arbitrary, "path": f"{folder}/{{image}}.nii.gz", "mask": mask}
    ]
    if moved:
        sources.append({**facts, "image": "flair", **arbitrary, "path": f"{folder}/flair.nii.gz", **of_t1c})
        return [*sources, {**facts, **diffusion, **of_t1c}]
    return [*sources, {**facts, **diffusion, "mask": of_t1c["mask"]}]


COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "performance": "kps",
    "idh_mutant": {"from": "idh", "codes": {"mut": True, "wt": False}},
    "grade": "who_grade",
    "os_days": "os_days",
    "death": {"from": "dead", "codes": {"1": True, "0": False}},
}
VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at diagnosis"),
    "sex": declared.SEX,
    "performance": {"type": "number", "description": "Karnofsky performance status", "allowed": [0, 100]},
    "idh_mutant": declared.flag("IDH is mutated"),
    "grade": {"type": "ordinal", "description": "WHO grade", "levels": list(ROMAN.values()), "role": "outcome"},
    "os_days": declared.days("time from diagnosis to death or last contact"),
    "death": declared.flag("death was seen"),
}
