"""thorax: CT of lung tumours before treatment, with the response to it, an EGFR mutation, and death in five years.

All follow one hidden state that is seen in the grain of the tumour; the response depends on stage and age too, the mutation on sex
and smoking, and death on age, stage and smoking much. After Coroller et al. 2016, Rios Velazquez et al. 2017, Bibault et al. 2018
and Oakden-Rayner et al. 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from features.simulate import declared
from features.simulate.chest import Chest, to_hu, with_noise
from features.simulate.fields import Histogram
from features.simulate.oracle import Outcome
from features.simulate.people import (
    AGE_YEARS,
    COLUMNS,
    VARIABLES,
    YES_NO,
    draw_people,
    first_day,
    toss,
    write_people,
)
from features.simulate.planted import Person, Planted, PlantedSignal
from features.simulate.site import Site
from features.simulate.tissue import Tissue
from features.simulate.write_chest import chest_source, write_chest
from features.simulate.write_dicom import StudyFacts

RESPONSE, EGFR = 1.9, 1.9  # on the logits of a complete response and of a mutation, by a sd of the state
FEMALE, NEVER_SMOKED = 1.0, 1.5  # on the logit of a mutation
DEATH = 1.4  # on the logit of death within five years, by a sd of the state
DEATH_YEAR, DEATH_STAGE, DEATH_SMOKER = 0.08, 0.8, 1.2  # on the same, by a year of age, a stage, and of who has smoked
SMOKERS = 0.7
GRAIN_MM, GRAIN_SLOPE, GRAIN_NOISE = 3.6, 0.5, 0.06  # of the log of the grain, by a sd of the state; beside it
TUMOUR_HU = (35.0, 26.0)  # mean and sd


class Thorax(Planted):
    """A cohort of lung tumours on CT, whose grain goes with the response to treatment, an EGFR mutation, and death."""

    kind: Literal["thorax"] = "thorax"

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", (26, 64, 64), (3.0, 3.0, 3.0), 0.55, noise=0.3, manufacturer="Northlight", format="rtstruct"),
        Site("B", "development", (26, 64, 64), (2.9, 2.9, 3.0), 0.0, offset=6.0, noise=0.4, smoothing_mm=1.3,
             manufacturer="Sund Medical", format="seg"),
        Site("C", "development", (26, 64, 64), (3.0, 3.0, 3.0), -0.55, offset=-4.0, noise=0.3, manufacturer="Vega"),
        Site("X", "external", (26, 64, 64), (3.0, 3.0, 3.0), offset=3.0, noise=0.4, smoothing_mm=1.2, manufacturer="Orion"),
        Site("Y", "external", (26, 64, 64), (2.8, 2.8, 3.0), offset=-2.0, noise=0.3, manufacturer="Tarn", format="seg"),
    )  # fmt: skip
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("response", "binary", "logit", ("response",), (("clinical", "clinical_logit"),)),
        Outcome("egfr", "binary", "egfr_logit", ("egfr",), (("clinical", "egfr_clinical"), ("radiomics", "state"))),
        Outcome(
            "longevity", "binary", "death_logit", ("died",), (("clinical", "death_clinical"), ("radiomics", "state"))
        ),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal("grain", "CT, tumour", f"log mm: {GRAIN_SLOPE} a sd of the hidden state"),
        PlantedSignal("logit of a complete response", "tables: hidden state, stage, age", f"{RESPONSE} a sd of the state"),
        PlantedSignal(
            "logit of an EGFR mutation",
            "tables: hidden state, sex, smoking",
            f"{EGFR} a sd of the state, {FEMALE} of women, {NEVER_SMOKED} of those who never smoked",
        ),
        PlantedSignal(
            "logit of death within five years",
            "tables: hidden state, age, stage, smoking",
            f"{DEATH} a sd of the state, {DEATH_YEAR} a year, {DEATH_STAGE} a stage, {DEATH_SMOKER} of those who smoked",
        ),
    )  # fmt: skip

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        people = draw_people(rng, n)
        state, size, noise = rng.standard_normal((3, n))
        effect = 0.0 if self.null else 1.0
        people["smoker"] = rng.random(n) < SMOKERS
        people["state"] = state
        people["clinical_logit"] = -people["clinical"]
        people["logit"] = effect * (people["clinical_logit"] + RESPONSE * state)
        people["response"] = toss(rng, people["logit"].to_numpy() + site.shift)
        female, never = people["sex"] == "female", ~people["smoker"]
        people["egfr_clinical"] = FEMALE * (female - 0.45) + NEVER_SMOKED * (never - (1 - SMOKERS))
        people["egfr_logit"] = effect * (people["egfr_clinical"] + EGFR * state)
        people["egfr"] = toss(rng, people["egfr_logit"].to_numpy() - 0.7 + site.shift)
        people["volume_ml"] = np.clip(28.0 * np.exp(0.35 * size), 13.0, 60.0)
        people["tumour_grain_mm"] = np.clip(GRAIN_MM * np.exp(GRAIN_SLOPE * state + GRAIN_NOISE * noise), 1.5, 12.0)
        people["death_clinical"] = (
            DEATH_YEAR * (people["age_years"] - AGE_YEARS)
            + DEATH_STAGE * (people["stage"] - 2.5)
            + DEATH_SMOKER * (people["smoker"] - SMOKERS)
        )
        people["death_logit"] = effect * (people["death_clinical"] + DEATH * state)
        people["died"] = toss(rng, people["death_logit"].to_numpy() + site.shift)
        return people

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        facts, grid = person.facts, site.grid
        tumour = Tissue(Histogram.draw(person.stream("histograms"), *TUMOUR_HU), facts["tumour_grain_mm"])
        scan = Chest.draw(grid, person.stream).scan(facts["volume_ml"], tumour, site.smoothing_mm)
        hu = with_noise(scan.hu, site.noise * TUMOUR_HU[1], grid, site.smoothing_mm, person.stream("noise"))
        study = StudyFacts((self.kind, self.seed), person.id, facts["sex"], first_day(facts), "baseline")
        write_chest(folder / person.id, to_hu(hu, site.offset), scan, grid, study, site, lungs=False)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        write_people(folder / f"{site.name}_clinical.csv", people, ["smoker", "response", "egfr", "died"])

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        return declared.cohort(
            f"Simulated CT before treatment, {name}",
            sites,
            images=[chest_source(site) for site in sites],
            variables={**VARIABLES, **FLAGS},
            tables=[declared.clinical_table(site, {**COLUMNS, **FLAG_COLUMNS}) for site in sites],
            endpoints={
                "response": declared.binary("response", "complete pathological response"),
                "egfr": declared.binary("egfr", "EGFR mutation"),
                "longevity": declared.binary("died", "death within five years"),
            },
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        return {"ct_tumour": declared.recipe("CT", "HU", (3, 3, 3), {"bin_width": 25})}


FLAGS: dict[str, Any] = {
    "smoker": {"type": "flag", "description": "has ever smoked"},
    "response": declared.flag("no tumour was left after treatment"),
    "egfr": declared.flag("the tumour has an EGFR mutation"),
    "died": declared.flag("died within five years of the scan"),
}
FLAG_COLUMNS: dict[str, Any] = {word: {"from": word, "codes": YES_NO} for word in FLAGS}
