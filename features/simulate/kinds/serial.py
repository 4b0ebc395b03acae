"""serial: a CT before and weekly during radiotherapy, with a signal in how texture changes; response and survival.

Every patient has days of its own, and misses some weeks. The tumour shrinks whatever happens later. After Fave et al. 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd

from features.simulate import declared
from features.simulate.chest import Chest, to_hu, with_noise
from features.simulate.fields import Histogram
from features.simulate.oracle import Outcome
from features.simulate.people import (
    COLUMNS,
    VARIABLES,
    YES_NO,
    draw_days,
    draw_people,
    first_day,
    follow,
    toss,
    write_people,
)
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.site import Site
from features.simulate.tissue import Tissue
from features.simulate.write_chest import chest_source, write_chest
from features.simulate.write_csv import csv_bytes
from features.simulate.write_dicom import TIMEPOINT_CODES, StudyFacts

WEEKS = 5
MIDDLE_DAYS = 17.5  # of the course: the grain of that day says nothing of the slope
MISSED, LEAST = 0.12, 3  # share of the weeks that are missed; weeks that everybody has
HORIZON_DAYS = 1826
SCALE_DAYS = 1300.0
STATE, RESPONSE = 1.6, 2.0  # on the log hazard of death; on the logit of response, downwards
GRAIN_MM, GRAIN_SPREAD = 2.5, 0.34  # of the log of the grain, between patients
GRAIN_SLOPE, GRAIN_NOISE = 0.18, 0.02  # of the log of the grain in half a course, by a sd of the state; beside it
TEXTURE_HU = 26.0
CODES = {"plan": "baseline", "w#": "week"}
FALLING = ("C", 1)  # the patient, counted from 0, whose table tells two visits in the wrong order


class Serial(Planted):
    """Lung tumours on CT before and in five weeks: the slope of the grain tells of the outcome, no single visit does."""

    kind: Literal["serial"] = "serial"

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", (26, 64, 64), (3.0, 3.0, 3.0), 0.55, noise=0.5, manufacturer="Northlight", format="rtstruct"),
        Site("B", "development", (26, 64, 64), (2.9, 2.9, 3.0), 0.0, offset=6.0, noise=0.6, smoothing_mm=1.3,
             manufacturer="Sund Medical"),
        Site("C", "development", (26, 64, 64), (3.0, 3.0, 3.0), -0.55, offset=-4.0, noise=0.5, manufacturer="Vega"),
        Site("X", "external", (26, 64, 64), (3.0, 3.0, 3.0), offset=3.0, noise=0.5, smoothing_mm=1.2, manufacturer="Orion"),
        Site("Y", "external", (26, 64, 64), (2.8, 2.8, 3.0), offset=-2.0, noise=0.5, smoothing_mm=1.1, manufacturer="Tarn"),
    )  # fmt: skip
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("response", "binary", "logit", ("response",), (("clinical", "clinical_logit"),)),
        Outcome("os", "survival", "log_hazard", ("os_days", "death"), (("clinical", "clinical"),)),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal("log hazard of death", "hidden state, stage, age", f"{STATE} a sd of the state"),
        PlantedSignal("logit of response", "hidden state, stage, age", f"-{RESPONSE} a sd of the state"),
        PlantedSignal(
            "slope of the grain over the course",
            "CT, tumour",
            f"log mm: {2 * GRAIN_SLOPE} between the first and the last day, a sd of the state",
        ),
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        people = draw_people(rng, n)
        state, grain, size = rng.standard_normal((3, n))
        effect = 0.0 if self.null else 1.0
        people["state"] = state
        people["clinical_logit"] = -people["clinical"]
        people["logit"] = effect * (people["clinical_logit"] - RESPONSE * state)
        people["response"] = toss(rng, people["logit"].to_numpy() + site.shift)
        people["log_hazard"] = effect * (people["clinical"] + STATE * state)
        days = draw_days(rng, people["log_hazard"].to_numpy() - site.shift, SCALE_DAYS)
        people["os_days"], people["death"] = follow(rng, days, HORIZON_DAYS / 2, HORIZON_DAYS)
        people["grain_mm"] = GRAIN_MM * np.exp(GRAIN_SPREAD * grain)
        people["grain_slope"] = GRAIN_SLOPE * state + GRAIN_NOISE * rng.standard_normal(n)
        people["volume_ml"] = np.clip(16.0 * np.exp(0.30 * size), 8.0, 30.0)
        people["shrinkage"] = np.clip(rng.normal(0.010, 0.005, n), -0.002, 0.022)
        people["fading"] = rng.normal(0.0, 0.004, n)
        there = rng.random((n, WEEKS)) >= MISSED
        there[there.sum(axis=1) < LEAST] = True
        own = 7 * np.arange(1, WEEKS + 1) + rng.integers(-2, 3, (n, WEEKS))
        for week in range(WEEKS):
            people[f"day_w{week + 1}"] = np.where(there[:, week], own[:, week], np.nan)
        people["visits_fall"] = (site.name == FALLING[0]) & (np.arange(n) == FALLING[1])
        return people

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        facts, grid = person.facts, site.grid
        chest = Chest.draw(grid, person.stream)
        histogram = Histogram.draw(person.stream("histograms"), 35.0, TEXTURE_HU)
        noise = site.noise * TEXTURE_HU
        for visit in visits_of(facts):
            day = visit.day
            spread = histogram.sd * np.exp(facts["fading"] * day)
            grain = facts["grain_mm"] * np.exp(facts["grain_slope"] * (day - MIDDLE_DAYS) / MIDDLE_DAYS)
            tumour = Tissue(Histogram(histogram.mean, float(spread), histogram.skew), float(np.clip(grain, 1.2, 9.0)))
            scan = chest.scan(facts["volume_ml"] * float(np.exp(-facts["shrinkage"] * day)), tumour, site.smoothing_mm)
            hu = with_noise(scan.hu, noise, grid, site.smoothing_mm, person.stream("noise", visit.week))
            when = first_day(facts) + timedelta(days=day)
            study = StudyFacts((self.kind, self.seed), person.id, facts["sex"], when, visit.code)
            own = folder / person.id / visit.word
            write_chest(own, to_hu(hu, site.offset), scan, grid, study, site, lungs=False)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        write_people(folder / f"{site.name}_clinical.csv", people, ["response", "os_days", "death"])
        if site.format != "nifti":
            return  # the headers tell the days
        rows: list[list[str | int | float]] = [["patient", "visit", "day"]]
        for facts in people.to_dict("records"):
            visits = visits_of(facts)
            days = [visit.day for visit in visits]
            if facts["visits_fall"]:
                days[1], days[2] = days[2], days[1]
            rows += [[facts["patient"], one.word, day] for one, day in zip(visits, days, strict=True)]
        (folder / f"{site.name}_visits.csv").write_bytes(csv_bytes(rows))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        return declared.cohort(
            f"Simulated weekly CT, {name}",
            sites,
            images=[chest_source(site, timepoint=_timepoint(site)) for site in sites],
            variables=OUTCOMES,
            tables=[declared.clinical_table(site, OUTCOME_COLUMNS) for site in sites],
            endpoints=ENDPOINTS,
            timepoints={"baseline": 0, "week": {"to": WEEKS, "every": 7}},
            visits=[_visit_table(site) for site in sites if site.format == "nifti"],
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        return {"ct_tumour": RECIPE}


OUTCOMES: dict[str, Any] = {
    **VARIABLES,
    "response": declared.flag("the tumour responded to treatment"),
    "os_days": declared.days("time from the start of treatment to death or last contact"),
    "death": declared.flag("death was seen"),
}
OUTCOME_COLUMNS: dict[str, Any] = {
    **COLUMNS,
    "os_days": "os_days",
    **{word: {"from": word, "codes": YES_NO} for word in ("response", "death")},
}
ENDPOINTS: dict[str, Any] = {
    "response": declared.binary("response", "response to treatment"),
    "os": declared.survival("os_days", "death", HORIZON_DAYS, "overall survival"),
}
RECIPE = declared.recipe("CT", "HU", (3, 3, 3), {"bin_width": 12})


class Visit(NamedTuple):
    """A visit that took place, on a day since the first one. week 0 is the CT that the treatment was planned on."""

    week: int
    day: int

    @property
    def word(self) -> str:
        """What folders and tables call it."""
        return f"w{self.week}" if self.week else "plan"

    @property
    def code(self) -> str:
        """What DICOM headers are told."""
        return f"W{self.week}" if self.week else "baseline"


def visits_of(facts: Mapping[Any, Any]) -> list[Visit]:
    """The visits of a patient, in their order."""
    days = ((week, facts[f"day_w{week}"]) for week in range(1, WEEKS + 1))
    return [Visit(0, 0), *(Visit(week, int(day)) for week, day in days if not np.isnan(day))]


def _timepoint(site: Site) -> dict[str, Any]:
    if site.format == "nifti":
        return {"codes": CODES}
    return {
        "tag": "ClinicalTrialTimePointID",
        "codes": {TIMEPOINT_CODES["baseline"]: "baseline", "W#": "week"},
        "date": "StudyDate",
    }


def _visit_table(site: Site) -> dict[str, Any]:
    timepoint = {"column": "visit", "codes": CODES}
    return {"path": f"tables/{site.name}_visits.csv", "id": "patient", "timepoint": timepoint, "day": "day"}
