"""pet: FDG-PET beside its CT, with a signal in the tissue around the tumour; distant metastasis, molecules.

The CT carries the mask, in DICOM with RTSTRUCT or SEG, or in NIfTI; the PET has the same frame of reference, a grid of its
own, and in DICOM the headers that its uptake is computed from. After Hao et al. 2018 (shell features of distant failure) and
Chen et al. (uptake and molecular status).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.simulate import declared
from features.simulate.chest import Chest, ChestScan, to_hu, with_noise
from features.simulate.fields import Histogram
from features.simulate.grid import Image
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
from features.simulate.uptake import PetScanner, draw_uptake
from features.simulate.write_chest import chest_source, write_chest
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_nifti import write_volume
from features.simulate.write_pet import Injected, write_pet

EARLY_DAYS, HORIZON_DAYS = 1095, 1826
SCALE_DAYS = 1500.0
STATE, UPTAKE, VOLUME = 1.55, 1.5, 0.8  # on the log hazard of metastasis; on the logit of HER2
MOLECULE = 1.7  # on the logits of LDHA and of PD-L1, by a sd of the log of the uptake
SHELL_GRAIN, TUMOUR_GRAIN, GRAIN_NOISE = 0.48, 0.12, 0.06  # of the log of the grain, by a sd of the state
GRAIN_MM = 3.5
CT_TUMOUR = Histogram(35.0, 22.0)
CT_GRAIN_MM = 3.0

SCANNERS = {
    "A": PetScanner((20, 64, 64), (4.0, 4.0, 4.0), 2.5, 0.10, 1.00),
    "B": PetScanner((22, 64, 64), (3.6, 3.6, 3.6), 2.8, 0.13, 1.08),
    "C": PetScanner((20, 64, 64), (4.0, 4.0, 4.0), 2.6, 0.12, 0.93),
    "X": PetScanner((22, 64, 64), (3.7, 3.7, 3.7), 2.7, 0.12, 1.04),
    "Y": PetScanner((20, 64, 64), (4.0, 4.0, 4.0), 2.5, 0.11, 0.97),
}


class Pet(Planted):
    """A cohort of lung tumours on PET/CT: streaks around the tumour tell of metastasis, their mean uptake does not."""

    kind: Literal["pet"] = "pet"

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", "development", (26, 64, 64), (3.0, 3.0, 3.0), 0.55, noise=0.5, manufacturer="Northlight", format="rtstruct"),
        Site("B", "development", (24, 64, 64), (2.9, 2.9, 3.3), 0.0, offset=6.0, noise=0.7, smoothing_mm=1.3,
             manufacturer="Sund Medical", format="seg"),
        Site("C", "development", (26, 64, 64), (3.0, 3.0, 3.0), -0.55, offset=-4.0, noise=0.6, manufacturer="Vega"),
        Site("X", "external", (26, 64, 64), (3.0, 3.0, 3.0), offset=3.0, noise=0.6, smoothing_mm=1.2,
             manufacturer="Orion", format="rtstruct"),
        Site("Y", "external", (26, 64, 64), (3.0, 3.0, 3.0), offset=-2.0, noise=0.5, manufacturer="Tarn"),
    )  # fmt: skip
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("metastasis", "binary", "log_hazard", ("early_metastasis",), (("clinical", "clinical"),)),
        Outcome(
            "metastasis_free", "survival", "log_hazard", ("metastasis_days", "metastasis"), (("clinical", "clinical"),)
        ),
        Outcome("her2", "binary", "her2_logit", ("her2",)),
        Outcome("ldha", "binary", "molecule_logit", ("ldha",)),
        Outcome("pdl1", "binary", "molecule_logit", ("pdl1",)),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal("log hazard of metastasis", "hidden state, stage, age", f"{STATE} a sd of the state"),
        PlantedSignal(
            "grain of the uptake", "PET, up to 12 mm around the tumour", f"log mm: {SHELL_GRAIN} a sd of the state"
        ),
        PlantedSignal("grain of the uptake", "PET, tumour", f"log mm: {TUMOUR_GRAIN} a sd of the state"),
        PlantedSignal(
            "logit of HER2", "PET, mean uptake of the tumour; its volume", f"{UPTAKE} and {VOLUME} a sd of their logs"
        ),
        PlantedSignal("logits of LDHA and PD-L1", "PET, mean uptake of the tumour", f"{MOLECULE} a sd of its log"),
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        people = draw_people(rng, n)
        state, uptake, size = rng.standard_normal((3, n))
        effect = 0.0 if self.null else 1.0
        people["state"] = state
        people["log_hazard"] = effect * (STATE * state + people["clinical"])
        days = draw_days(rng, people["log_hazard"].to_numpy() + site.shift, SCALE_DAYS)
        people["early_metastasis"] = days <= EARLY_DAYS
        people["metastasis_days"], people["metastasis"] = follow(rng, days, EARLY_DAYS, HORIZON_DAYS)
        people["her2_logit"] = effect * (UPTAKE * uptake + VOLUME * size)
        people["her2"] = toss(rng, people["her2_logit"].to_numpy() + site.shift)
        people["volume_ml"] = np.clip(11.0 * np.exp(0.35 * size), 4.0, 28.0)
        people["suv"] = 7.0 * np.exp(0.35 * uptake)
        people["shell_suv"] = 2.4 * np.exp(0.25 * rng.standard_normal(n))
        grains = {"shell_grain_mm": SHELL_GRAIN, "tumour_grain_mm": TUMOUR_GRAIN}
        for name, slope in grains.items():
            noise = GRAIN_NOISE if name == "shell_grain_mm" else 0.25
            people[name] = np.clip(GRAIN_MM * np.exp(slope * state + noise * rng.standard_normal(n)), 1.5, 9.0)
        people["weight_kg"] = np.round(np.clip(rng.normal(75, 13, n), 45, 130))
        people["wait_min"] = np.round(np.clip(rng.normal(62, 6, n), 50, 90))
        people["molecule_logit"] = effect * MOLECULE * uptake
        for name in ("ldha", "pdl1"):
            people[name] = toss(rng, people["molecule_logit"].to_numpy() + site.shift)
        return people

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        facts, scanner = person.facts, SCANNERS[site.name]
        ct_image, scan, suv = _draw_pair(person, site, scanner)
        own = folder / person.id
        study = StudyFacts((self.kind, self.seed), person.id, facts["sex"], first_day(facts), "baseline")
        write_chest(own, ct_image, scan, site.grid, study, site)
        if site.format == "nifti":
            write_volume(own / "PET.nii.gz", suv, scanner.grid)
            return {}
        injected = Injected(4.0 * facts["weight_kg"], facts["wait_min"], facts["weight_kg"], 1.7)
        write_pet(own / "PET", suv, scanner.grid, study, injected, site.manufacturer)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        outcomes = ["early_metastasis", "metastasis_days", "metastasis", *MOLECULES]
        write_people(folder / f"{site.name}_clinical.csv", people, outcomes)

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        return declared.cohort(
            f"Simulated PET/CT, {name}",
            sites,
            images=[source for site in sites for source in (chest_source(site), _pet_source(site))],
            variables=OUTCOMES,
            tables=[declared.clinical_table(site, OUTCOME_COLUMNS) for site in sites],
            endpoints=ENDPOINTS,
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        shell = {"roi": {"kind": "shell", "thickness_mm": 10}}
        return {
            "pet_tumour": {**PET_RECIPE, "discretise": {"bin_width": 0.5}},
            "pet_shell": {**shell, **PET_RECIPE},
            "ct_tumour": CT_RECIPE,
        }


MOLECULES = {
    "her2": "the tumour overexpresses HER2",
    "ldha": "the tumour has much lactate dehydrogenase A",
    "pdl1": "the tumour expresses PD-L1",
}
OUTCOMES: dict[str, Any] = {
    **VARIABLES,
    "early_metastasis": declared.flag("distant metastasis within three years"),
    "metastasis_days": declared.days("time from the PET to distant metastasis or last contact"),
    "metastasis": declared.flag("distant metastasis was seen"),
    **{name: declared.flag(what) for name, what in MOLECULES.items()},
}
OUTCOME_COLUMNS: dict[str, Any] = {
    **COLUMNS,
    "metastasis_days": "metastasis_days",
    **{word: {"from": word, "codes": YES_NO} for word in ("early_metastasis", "metastasis", *MOLECULES)},
}
ENDPOINTS: dict[str, Any] = {
    "metastasis": declared.binary("early_metastasis", "distant metastasis in three years"),
    "metastasis_free": declared.survival("metastasis_days", "metastasis", HORIZON_DAYS, "time to distant metastasis"),
    "her2": declared.binary("her2", "HER2 status"),
    "ldha": declared.binary("ldha", "lactate dehydrogenase A"),
    "pdl1": declared.binary("pdl1", "PD-L1 status"),
}
PET_RECIPE = declared.recipe("PT", "SUV", (4, 4, 4), {"bin_width": 0.25})
CT_RECIPE = declared.recipe("CT", "HU", (3, 3, 3), {"bin_width": 25}, resegment=[-1000, 400])


def _draw_pair(person: Person, site: Site, scanner: PetScanner) -> tuple[NDArray[np.int16], ChestScan, Image]:
    """The CT in HU, what it shows, and the PET in SUV."""
    facts, grid = person.facts, site.grid
    chest = Chest.draw(grid, person.stream)
    scan = chest.scan(facts["volume_ml"], Tissue(CT_TUMOUR, CT_GRAIN_MM), site.smoothing_mm)
    noise = site.noise * CT_TUMOUR.sd
    hu = to_hu(with_noise(scan.hu, noise, grid, site.smoothing_mm, person.stream("noise")), site.offset)
    own = person.stream("histograms")
    tumour = Tissue(Histogram.draw(own, facts["suv"], 0.18 * facts["suv"], spread=0.35), facts["tumour_grain_mm"])
    shell = Tissue(
        Histogram.draw(own, facts["shell_suv"], 0.48 * facts["shell_suv"], spread=0.35), facts["shell_grain_mm"]
    )
    return hu, scan, draw_uptake(scan, grid, scanner, tumour, shell, person.stream)


def _pet_source(site: Site) -> dict[str, Any]:
    """The PET of a site: the mask is that of the CT. Uptake is in the files, or is computed from the headers of DICOM."""
    facts = {"centre": site.name, "modality": "PT", "unit": "SUV"}
    mask = {"format": "of", "image": "CT"}
    if site.format == "nifti":
        return {"format": "nifti", **facts, "path": f"{site.name}/{{patient}}/PET.nii.gz", "mask": mask}
    return {"format": "dicom", **facts, "path": site.name, "mask": mask}
