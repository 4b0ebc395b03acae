"""immuno: CT with gene expression in one cohort, without it in two others; CD8 cells, response to immunotherapy, survival.

The CD8 level is seen in the grain of the tumour and of the rim around it, and in a dozen genes; the response and the survival
follow it. Nobody of the cohort with genes was given immunotherapy. After Sun et al. 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from features.simulate.streams import stream
from features.simulate.tissue import Tissue
from features.simulate.write_chest import chest_source, write_chest
from features.simulate.write_csv import csv_bytes
from features.simulate.write_dicom import StudyFacts

SIGNATURE = (
    "CD8A", "CD8B", "GZMA", "GZMB", "GZMK", "PRF1", "IFNG", "NKG7", "GNLY", "CXCL9", "CXCL10", "TBX21",
)  # fmt: skip
OTHERS = tuple(f"GENE_{i:02d}" for i in range(1, 49))
GENES = (*SIGNATURE, *OTHERS)
MEAN, MEAN_SPREAD, GENE_NOISE = 7.0, 1.5, 0.8  # log2 expression
LOADING, SAMPLE_NOISE, BATCH = 0.7, 0.35, 0.5  # of the signature: of a sd of CD8; of a sample; of a site's shift

HORIZON_DAYS, SCALE_DAYS = 1460, 700.0
RESPONSE, DEATH = 2.0, -1.6  # on the logit of response, and on the log hazard of death, by a sd of CD8
GRAIN_MM, RING_GRAIN, TUMOUR_GRAIN, GRAIN_NOISE = 2.8, 0.36, 0.34, 0.17  # of the log of the grain, by a sd of CD8
TUMOUR_HU, RING_HU = (35.0, 26.0), (-620.0, 80.0)  # mean and sd
WITH_GENES = "development"


class Immuno(Planted):
    """Three cohorts of lung tumours on CT: the CD8 level behind genes, response and survival is the grain of tumour and rim."""

    kind: Literal["immuno"] = "immuno"

    sites: ClassVar[tuple[Site, ...]] = (
        Site("A", WITH_GENES, (26, 64, 64), (3.0, 3.0, 3.0), 0.55, noise=0.5, manufacturer="Northlight", format="rtstruct"),
        Site("B", WITH_GENES, (26, 64, 64), (2.9, 2.9, 3.0), 0.0, offset=6.0, noise=0.6, smoothing_mm=1.3,
             manufacturer="Sund Medical", format="seg"),
        Site("C", WITH_GENES, (26, 64, 64), (3.0, 3.0, 3.0), -0.55, offset=-4.0, noise=0.5, manufacturer="Vega"),
        Site("X", "external", (26, 64, 64), (3.0, 3.0, 3.0), offset=3.0, noise=0.6, smoothing_mm=1.2, manufacturer="Orion"),
        Site("Y", "external", (26, 64, 64), (2.8, 2.8, 3.0), offset=-2.0, noise=0.5, manufacturer="Tarn", format="seg"),
        Site("Z", "survival", (26, 64, 64), (3.0, 3.0, 3.0), offset=1.0, noise=0.5, smoothing_mm=1.1, manufacturer="Lys"),
    )  # fmt: skip
    outcomes: ClassVar[tuple[Outcome, ...]] = (
        Outcome("cd8", "continuous", "cd8_level", ("cd8_score",)),
        Outcome("response", "binary", "logit", ("response",), (("clinical", "clinical_logit"),)),
        Outcome("os", "survival", "log_hazard", ("os_days", "death"), (("clinical", "clinical"),)),
    )
    planted: ClassVar[tuple[PlantedSignal, ...]] = (
        PlantedSignal("grain", "CT, up to 9 mm around the tumour in the lung", f"log mm: {RING_GRAIN} a sd of CD8"),
        PlantedSignal("grain", "CT, tumour", f"log mm: {TUMOUR_GRAIN} a sd of CD8"),
        PlantedSignal(
            "log2 expression",
            f"tables of genes: {', '.join(SIGNATURE)}",
            f"{LOADING} a sd of CD8; {BATCH} of the site's shift, which the images do not show",
        ),
        PlantedSignal("logit of response", "tables of external: CD8, stage, age", f"{RESPONSE} a sd of CD8"),
        PlantedSignal(
            "log hazard of death", "tables of external and survival: CD8, stage, age", f"{DEATH} a sd of CD8"
        ),
    )

    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        people = draw_people(rng, n)
        state = rng.standard_normal(n)
        effect = 0.0 if self.null else 1.0
        people["state"] = state
        people["cd8_level"] = effect * LOADING * state
        sample = SAMPLE_NOISE * rng.standard_normal(n) + BATCH * site.shift
        genes = GENE_NOISE / np.sqrt(len(SIGNATURE)) * rng.standard_normal(n)
        people["cd8_score"] = np.round(MEAN + people["cd8_level"] + sample + genes, 3)
        people["clinical_logit"] = -people["clinical"]
        people["logit"] = effect * (people["clinical_logit"] + RESPONSE * state)
        people["response"] = toss(rng, people["logit"].to_numpy() + site.shift)
        people["log_hazard"] = effect * (people["clinical"] + DEATH * state)
        days = draw_days(rng, people["log_hazard"].to_numpy() - site.shift, SCALE_DAYS)
        people["os_days"], people["death"] = follow(rng, days, HORIZON_DAYS / 2, HORIZON_DAYS)
        people["volume_ml"] = np.clip(12.0 * np.exp(0.35 * rng.standard_normal(n)), 5.0, 26.0)
        for name, slope in {"ring_grain_mm": RING_GRAIN, "tumour_grain_mm": TUMOUR_GRAIN}.items():
            noise = GRAIN_NOISE * rng.standard_normal(n)
            people[name] = np.clip(GRAIN_MM * np.exp(slope * state + noise), 1.2, 8.0)
        return people

    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        facts, grid = person.facts, site.grid
        own = person.stream("histograms")
        tumour = Tissue(Histogram.draw(own, *TUMOUR_HU), facts["tumour_grain_mm"])
        ring = Tissue(Histogram.draw(own, *RING_HU), facts["ring_grain_mm"])
        scan = Chest.draw(grid, person.stream).scan(facts["volume_ml"], tumour, site.smoothing_mm, ring)
        hu = with_noise(scan.hu, site.noise * TUMOUR_HU[1], grid, site.smoothing_mm, person.stream("noise"))
        study = StudyFacts((self.kind, self.seed), person.id, facts["sex"], first_day(facts), "baseline")
        write_chest(folder / person.id, to_hu(hu, site.offset), scan, grid, study, site, lungs=False)
        return {}

    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        write_people(folder / f"{site.name}_clinical.csv", people, _outcomes(site.cohort))
        if site.cohort != WITH_GENES:
            return
        rng = stream(self.seed, self.kind, "expression", site.name)
        values = express(stream(self.seed, self.kind, "genes"), rng, people["cd8_score"].to_numpy())
        rows: list[list[str | int | float]] = [["sample", *GENES]]
        rows += [[name, *row] for name, row in zip(people["patient"], values.tolist(), strict=True)]
        (folder / f"{site.name}_genes.csv").write_bytes(csv_bytes(rows))

    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        outcomes = _outcomes(name)
        endpoints = {word: one for word, one in ENDPOINTS.items() if one.get("column", one.get("event")) in outcomes}
        return declared.cohort(
            f"Simulated immunotherapy CT, {name}",
            sites,
            images=[chest_source(site) for site in sites],
            variables={**VARIABLES, **{word: OUTCOMES[word] for word in outcomes}},
            tables=[table for site in sites for table in _tables(site)],
            endpoints=endpoints,
        )

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        ring = {"roi": {"kind": "shell", "thickness_mm": 8}}
        return {"ct_tumour": RECIPE, "ct_ring": {**RECIPE, **ring}}

    def studies(self) -> Mapping[str, Mapping[str, Any]]:
        return STUDIES


OUTCOMES: dict[str, Any] = {
    "cd8_score": {
        "type": "number",
        "description": "mean log2 expression of the CD8 signature",
        "role": "outcome",
        "unit": "log2 expression",
    },
    "response": declared.flag("the tumour responded to immunotherapy"),
    "os_days": declared.days("time from the start of immunotherapy to death or last contact"),
    "death": declared.flag("death was seen"),
}
ENDPOINTS: dict[str, dict[str, Any]] = {
    "cd8": {"kind": "continuous", "column": "cd8_score", "description": "CD8 signature"},
    "response": declared.binary("response", "response to immunotherapy"),
    "os": declared.survival("os_days", "death", HORIZON_DAYS, "overall survival"),
}
RECIPE = declared.recipe("CT", "HU", (3, 3, 3), {"bin_width": 25})
_BOTH = {"catalog": "../data_catalog.yaml", "recipes": ["ct_tumour", "ct_ring"]}
_USES = {
    "signatures": {"cd8": {"study": "immuno_cd8.yaml"}},
    "blocks": {"signature": ["signature"], "combined": ["signature", "clinical"], "radiomics": ["radiomics"]},
}
STUDIES: dict[str, dict[str, Any]] = {
    "immuno_cd8": {
        "title": "CD8 cells on CT",
        **_BOTH,
        "cohorts": [WITH_GENES],
        "endpoint": "cd8",
        "blocks": {"radiomics": ["radiomics"]},
        "models": ["elastic_net"],
    },
    "immuno_response": {
        "title": "Response to immunotherapy by a signature of CD8 cells",
        **_BOTH,
        "cohorts": ["external"],
        "endpoint": "response",
        **_USES,
        "models": ["ridge_logistic"],
    },
    "immuno_survival": {
        "title": "Survival after immunotherapy by a signature of CD8 cells",
        **_BOTH,
        "cohorts": ["external", "survival"],
        "endpoint": "os",
        **_USES,
        "models": ["ridge_cox"],
    },
}


def express(genes: np.random.Generator, rng: np.random.Generator, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """log2 expression (patients, genes), three decimals: that of the signature has the mean `score`. genes: of their means."""
    means = MEAN + MEAN_SPREAD * genes.standard_normal(len(GENES))
    own = slice(0, len(SIGNATURE))
    means[own] -= means[own].mean()
    values = GENE_NOISE * rng.standard_normal((score.size, len(GENES)))
    values[:, own] += score[:, None] - values[:, own].mean(axis=1, keepdims=True)
    return np.asarray(np.round(means + values, 3))


def _outcomes(cohort: str) -> list[str]:
    """The outcomes that a cohort's tables hold."""
    return {WITH_GENES: ["cd8_score"], "external": ["response", "os_days", "death"]}.get(cohort, ["os_days", "death"])


def _tables(site: Site) -> list[dict[str, Any]]:
    outcomes = _outcomes(site.cohort)
    columns = {word: {"from": word, "codes": YES_NO} if OUTCOMES[word]["type"] == "flag" else word for word in outcomes}
    tables = [declared.clinical_table(site, {**COLUMNS, **columns})]
    if site.cohort == WITH_GENES:
        path = f"tables/{site.name}_genes.csv"
        genes = {"id": "sample", "unit": "log2 expression", "scale": "log2"}
        tables.append({"block": "genomic", "centre": site.name, "path": path, **genes})
    return tables
