"""rectum: DICOM of rectal tumours, T2 with contours, diffusion and contrast dynamics, with the response to treatment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from features.simulate import declared
from features.simulate.grid import Grid
from features.simulate.oracle import Outcome
from features.simulate.patient import FIRST_DAY
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.rectum import B_VALUES, PHASES_S, Pelvis, Tumour, diffusion, dynamics, t2
from features.simulate.site import Site
from features.simulate.write_csv import csv_bytes
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_rtstruct import Structure, write_structures
from features.simulate.write_seg import write_segments
from features.simulate.write_series import Series, write_series

PATTERN, STAGE, CEA = 2.1, -0.5, -0.25
CUTS = (-0.3, 1.1)  # of the score with logistic noise: above the first a good, above the second a complete response
STAGES = ("T2", "T3", "T4")
GRAIN_MM, GRAIN_SLOPE, GRAIN_NOISE = 2.8, 0.45, 0.06
MINUTES = {"t2": 0, "dwi": 6, "dce": 14}  # of the study, when a series began


class Rectum(Planted):
    """Complete response follows the grain of the ADC and that of the contrast uptake; T2 knows nothing."""

    sites: ClassVar[tuple[Site, ...]] = (
        Site(
            "A", "development", (16, 72, 76), (2.4, 2.4, 4.5), 0.4, 1.0, 0.0, 0.20, 0.8, 0.06, "Northlight", "rtstruct"
        ),
        Site("B", "development", (16, 68, 72), (2.5, 2.5, 4.5), 0.0, 1.7, 0.0, 0.35, 1.1, 0.12, "Sund Medical", "seg"),
        Site("C", "development", (15, 64, 68), (2.7, 2.7, 5.0), -0.4, 0.7, 0.0, 0.25, 1.5, 0.09, "Vega", "rtstruct"),
        Site("X", "external", (16, 70, 74), (2.5, 2.5, 4.5), 0.0, 1.3, 0.0, 0.25, 1.2, 0.10, "Boreal", "rtstruct"),
    )
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome(
            "pcr",
            "binary",
            "score",
            ("complete",),
            (("adc", "state_adc"), ("uptake", "state_uptake"), ("clinical", "clinical_score")),
        ),
        Outcome("good", "binary", "score", ("good",)),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal(
            "grain: Gaussian sigma of the texture, at an equal histogram",
            "the ADC (of b 0 and b 1000), and the contrast uptake (of the phases), in the tumour, each by a state of its own",
            f"log sigma = log {GRAIN_MM} mm + {GRAIN_SLOPE} · state + {GRAIN_NOISE} · N(0, 1)",
        ),
        PlantedSignal(
            "good and complete response",
            "tables",
            f"site + {PATTERN} · (state_adc + state_uptake) / √2 + {STAGE} · (stage - 1) + {CEA} · N(0, 1) of log CEA, with "
            f"logistic noise: good above {CUTS[0]}, complete above {CUTS[1]}",
        ),
    )

    kind: Literal["rectum"] = "rectum"
    patients_per_centre: int = Field(30, ge=1, le=9999, description="patients of each centre")

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """Hidden states, outcomes, clinical values, and what the images are made by."""
        there = 0.0 if self.null else 1.0
        states = rng.standard_normal((2, n))
        stage = rng.choice(3, n, p=[0.2, 0.6, 0.2])
        cea = rng.standard_normal(n)
        clinical = there * (STAGE * (stage - 1) + CEA * cea)
        score = there * PATTERN * states.sum(axis=0) / np.sqrt(2) + clinical
        seen = score + site.shift + rng.logistic(size=n)
        grain = GRAIN_MM * np.exp(GRAIN_SLOPE * states + GRAIN_NOISE * rng.standard_normal((2, n)))
        return pd.DataFrame(
            {
                "state_adc": states[0],
                "state_uptake": states[1],
                "score": score,
                "clinical_score": clinical,
                "good": seen > CUTS[0],
                "complete": seen > CUTS[1],
                "age_years": np.round(np.clip(rng.normal(63, 10, n), 25, 90), 1),
                "sex": np.where(rng.random(n) < 0.38, "female", "male"),
                "stage": stage,
                "cea_ug_l": np.round(np.exp(1.3 + 0.9 * cea), 1),
                "volume_ml": np.clip(26 * np.exp(0.35 * rng.standard_normal(n)), 12, 55),
                "grain_adc_mm": np.clip(grain[0], 1.1, 9.0),
                "grain_uptake_mm": np.clip(grain[1], 1.1, 9.0),
                "day": rng.integers(0, 1400, n),
            }
        )

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """Three series of a study, and the contours or the segmentation of T2."""
        facts = person.facts
        tumour = Tumour(facts["volume_ml"], facts["grain_adc_mm"], facts["grain_uptake_mm"])
        pelvis = Pelvis(person.stream("anatomy"), tumour, site.grid)
        study = StudyFacts(
            (self.kind, self.seed), person.id, facts["sex"], FIRST_DAY + timedelta(days=facts["day"]), "baseline"
        )
        place = folder / person.id
        coarse = _coarse(site)
        series = {
            "t2": Series("t2", "MR", "T2 tse axial", 2, site.manufacturer, {**_clock("t2"), **_echo(4000, 95)}),
            "dwi": Series("dwi", "MR", "ep2d diffusion", 3, site.manufacturer, {**_clock("dwi"), **_echo(5200, 70)}),
            "dce": Series("dce", "MR", "T1 vibe dynamic", 4, site.manufacturer, _echo(4.8, 1.9)),
        }
        slices = write_series(place / "t2", t2(pelvis, site, person.stream("t2")), site.grid, study, series["t2"])
        volumes = diffusion(pelvis, coarse, site, tumour.adc_grain_mm, person.stream("dwi"))
        for i, (b, volume) in enumerate(zip(B_VALUES, volumes, strict=True)):
            told = [{"DiffusionBValue": float(b)}] * len(volume)
            first = i * len(volume) + 1
            write_series(
                place / "dwi", volume, coarse, study, series["dwi"], slice_tags=told, first=first, part=f"b{b}"
            )
        volumes = dynamics(pelvis, site.grid, site, tumour.uptake_grain_mm, person.stream("dce"))
        for i, (begin, volume) in enumerate(zip(PHASES_S, volumes, strict=True)):
            tags = {
                "TemporalPositionIdentifier": i + 1,
                "NumberOfTemporalPositions": len(volumes),
                "AcquisitionNumber": i + 1,
                **_clock("dce", begin),
            }
            if i:
                tags["ContrastBolusAgent"] = "gadolinium"
            first = i * len(volume) + 1
            write_series(
                place / "dce",
                volume,
                site.grid,
                study,
                series["dce"],
                slice_tags=[tags] * len(volume),
                first=first,
                part=f"phase{i}",
            )
        if site.format == "seg":
            write_segments(place / "SEG.dcm", {"GTV": pelvis.drawn}, slices, study, number=5)
        else:
            roi = Structure("GTV", "GTV", ("255", "0", "0"), pelvis.drawn)
            write_structures(place / "RTSTRUCT.dcm", [roi], site.grid, slices, study, number=5)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """A clinical table a centre: regression grades, of which 0 is a complete response and 1 a good one."""
        rows = [
            [
                one["patient"],
                one["age_years"],
                one["sex"][0].upper(),
                STAGES[one["stage"]],
                one["cea_ug_l"],
                0 if one["complete"] else 1 if one["good"] else 2,
            ]
            for one in people.to_dict("records")
        ]
        names = ["patient", "age", "sex", "cT", "cea", "regression"]
        (folder / f"{site.name}_clinical.csv").write_bytes(csv_bytes([names, *rows]))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """The catalog's cohort."""
        return declared.cohort(
            f"Simulated rectal MR, {name}",
            sites,
            images=[image for site in sites for image in _images(site)],
            variables=VARIABLES,
            tables=[declared.clinical_table(site, COLUMNS) for site in sites],
            endpoints={
                "pcr": declared.binary("complete", "complete response"),
                "good": declared.binary("good", "good response, or a complete one"),
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """One for T2 and the subtraction, which have no unit, one for the ADC. Slices stay as thick as they are."""
        grid, bins = (2.5, 2.5, None), {"bin_count": 24}
        scaled = {"normalise": {"kind": "zscore", "scale": 100}}
        return {
            "sequences": declared.recipe("MR", "arbitrary", grid, bins, **scaled),
            "diffusion": declared.recipe("MR", "um2/s", grid, bins),
        }


def _coarse(site: Site) -> Grid:
    """The grid of diffusion: a little coarser than that of T2, about the same point."""
    z, y, x = site.shape
    step = round(site.spacing_mm[0] * 1.12, 1)
    rows, columns = (round(n * site.spacing_mm[0] / step) for n in (y, x))
    return Grid.centred((z, rows, columns), (step, step, site.spacing_mm[2]))


def _clock(series: str, after_s: int = 0) -> dict[str, Any]:
    """When a series, or a phase of it, was acquired."""
    seconds = MINUTES[series] * 60 + after_s
    time = f"12{seconds // 60:02d}{seconds % 60:02d}"
    return {"AcquisitionTime": time, "ContentTime": time}


def _echo(repetition_ms: float, echo_ms: float) -> dict[str, Any]:
    return {"RepetitionTime": f"{repetition_ms:g}", "EchoTime": f"{echo_ms:g}"}


def _images(site: Site) -> list[dict[str, Any]]:
    """The image sources of a centre: T2 with its mask, and two that are calculated and use it."""
    facts = {"format": "dicom", "centre": site.name, "path": site.name, "modality": "MR"}
    mask = {"format": site.format, "rois": {"tumour": "GTV"}}
    of_t2 = {"format": "of", "image": "t2"}
    return [
        {**facts, "image": "t2", "unit": "arbitrary", "select": {"SeriesDescription": "T2.*"}, "mask": mask},
        {
            **facts,
            "image": "adc",
            "unit": "um2/s",
            "select": {"SeriesDescription": ".*diffusion.*"},
            "calculate": {"kind": "adc", "b_values": list(B_VALUES)},
            "mask": of_t2,
        },
        {
            **facts,
            "image": "uptake",
            "unit": "arbitrary",
            "select": {"SeriesDescription": ".*dynamic"},
            "calculate": {"kind": "subtraction", "of": {"at_s": PHASES_S[1]}, "minus": {"number": 0}},
            "mask": of_t2,
        },
    ]


COLUMNS: dict[str, Any] = {
    "age_years": "age",
    "sex": declared.SEX_CODES,
    "ct_stage": "cT",
    "cea_ug_l": "cea",
    "complete": {"from": "regression", "codes": {"0": True, "1": False, "2": False}},
    "good": {"from": "regression", "codes": {"0": True, "1": True, "2": False}},
}
VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": declared.age("age at diagnosis"),
    "sex": declared.SEX,
    "ct_stage": {"type": "ordinal", "description": "clinical T stage", "levels": list(STAGES)},
    "cea_ug_l": {"type": "number", "description": "carcinoembryonic antigen before treatment", "unit": "ug/l"},
    "complete": declared.flag("complete response"),
    "good": declared.flag("good response, or a complete one"),
}
