"""Planted: cohorts whose outcome follows a hidden state that is seen in patterns, not in brightness or size."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from features.simulate.oracle import Outcome, measure
from features.simulate.simulator import Progress, Simulator
from features.simulate.site import Site
from features.simulate.streams import stream
from features.simulate.write_catalog import dump_catalog, plain_yaml
from features.simulate.write_csv import csv_bytes

DRAWN = 100_000  # patients on whom the oracle's scores are measured: errors about 0.001
HEADER = """\
# A simulated cohort ({kind}): no real patient is in it.
# The planted truth lies beside the cohort in truth/, for tests alone; nothing below refers to it.
"""


@dataclass(frozen=True, slots=True)
class PlantedSignal:
    """One thing that a hidden state does to the images or tables, in words: what, where, and how strong."""

    what: str
    where: str
    strength: str


@dataclass(frozen=True, slots=True)
class Person:
    """One drawn patient: `facts` is the row of `draw`; `key` says where the randomness comes from."""

    id: str
    number: int
    facts: Mapping[Hashable, Any]
    key: tuple[int, str, int, int]

    def stream(self, *words: int | str) -> np.random.Generator:
        """The patient's own generator for one thing, such as ("noise", "flair")."""
        seed, kind, centre, number = self.key
        return stream(seed, kind, *words, centre, number)


class Planted(Simulator):
    """A cohort by the rules that all such simulators keep.

    A hidden state drives the outcome by a logit or a hazard, and the images by a pattern: volume, mean, spread and skew of a
    lesion are drawn without it. The site shifts the logit in development and not in the external cohort. `null` sets every
    effect to 0: the outcome then depends on the site alone, and the images show the same patterns.

    sites: in the order of their numbers, which the streams of randomness hold. outcomes and planted: for truth.json.
    """

    sites: ClassVar[tuple[Site, ...]]
    outcomes: ClassVar[tuple[Outcome, ...]]
    planted: ClassVar[tuple[PlantedSignal, ...]]

    null: bool = Field(False, description="plant nothing: the outcome depends on the site alone")

    @abstractmethod
    def draw(self, rng: np.random.Generator, site: Site, n: int) -> pd.DataFrame:
        """`n` patients of a site, a row each: hidden states, scores, outcomes, clinical values, what the images are made by."""

    @abstractmethod
    def write_images(self, folder: Path, person: Person, site: Site) -> Mapping[str, float]:
        """Write a patient's images and masks below the site's folder; more of the truth about them, such as a motion."""

    @abstractmethod
    def write_tables(self, folder: Path, site: Site, people: pd.DataFrame) -> None:
        """Write the site's tables into the folder `tables`. `people`: as drawn, with a column `patient`."""

    def write_shared(self, folder: Path) -> None:
        """Write what belongs to no patient, such as an atlas; nothing unless a kind has it."""

    @abstractmethod
    def cohort(self, name: str, sites: tuple[Site, ...]) -> dict[str, Any]:
        """What the catalog says of a cohort, in the words of YAML. Its root is the catalog's folder."""

    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """Recipes beside the catalog, by name: with `default: true`, every refresh extracts them."""
        return {}

    def studies(self) -> Mapping[str, Mapping[str, Any]]:
        """Studies in the folder `studies` beside the catalog, by name, where a kind asks for several that belong together."""
        return {}

    def write(self, folder: Path, progress: Progress | None) -> Path:
        """Write images, tables, truth, recipes, studies and catalog; the path of the catalog."""
        everyone: list[pd.DataFrame] = []
        self.write_shared(folder)
        tables = folder / "tables"
        tables.mkdir()
        done, total = 0, self.patients_per_centre * len(self.sites)
        for i, (site, people) in enumerate(zip(self.sites, self.people(), strict=True)):
            measured = []
            for k, facts in enumerate(people.to_dict("records")):
                person = Person(facts["patient"], k, facts, (self.seed, self.kind, i, k))
                measured.append(dict(self.write_images(folder / site.name, person, site)))
                if progress:
                    progress("simulate patients", done := done + 1, total)
            self.write_tables(tables, site, people)
            everyone.append(people.join(pd.DataFrame(measured, index=people.index)))
        self._write_truth(folder / "truth", pd.concat(everyone, ignore_index=True))
        catalog = folder / "data_catalog.yaml"
        names = dict.fromkeys(site.cohort for site in self.sites)
        cohorts = {name: self.cohort(name, tuple(site for site in self.sites if site.cohort == name)) for name in names}
        dump_catalog(catalog, HEADER.format(kind=self.kind), cohorts, short=True)
        for beside, files in {"recipes": self.recipes(), "studies": self.studies()}.items():
            for name, settings in files.items():
                (folder / beside).mkdir(exist_ok=True)
                (folder / beside / f"{name}.yaml").write_bytes(plain_yaml(settings, short=True).encode())
        return catalog

    def people(self) -> list[pd.DataFrame]:
        """The patients of each site, as drawn, with their ids, centre and cohort; under `null` those of the same images."""
        drawn = []
        for i, site in enumerate(self.sites):
            people = self.draw(stream(self.seed, self.kind, "patients", i), site, self.patients_per_centre)
            people.insert(0, "patient", [f"{site.name}-{k:04d}" for k in range(1, len(people) + 1)])
            people.insert(1, "centre", site.name)
            people.insert(2, "cohort", site.cohort)
            drawn.append(people)
        return drawn

    def oracle(self) -> dict[str, dict[str, object]]:
        """Endpoint → what somebody who knows the truth scores on new patients of a site that shifts nothing.

        One that no patient can have is left out.
        """
        site = next((one for one in self.sites if one.shift == 0), self.sites[-1])
        people = self.draw(stream(self.seed, self.kind, "scores"), site, DRAWN)
        there = [one for one in self.outcomes if people[list(one.columns)].notna().all(axis=1).any()]
        return {one.endpoint: measure(people, one, stream(self.seed, self.kind, "pairs")) for one in there}

    def _write_truth(self, folder: Path, people: pd.DataFrame) -> None:
        """truth.json: settings, oracle, what was planted, the sites. patients.csv: a row a patient, six decimals."""
        folder.mkdir()
        truth = {
            "kind": self.kind,
            "seed": self.seed,
            "null": self.null,
            "oracle": self.oracle(),
            "planted": [] if self.null else [asdict(one) for one in self.planted],
            "sites": [asdict(site) for site in self.sites],
        }
        (folder / "truth.json").write_bytes((json.dumps(truth, indent=2, ensure_ascii=False) + "\n").encode())
        rows = [[_cell(value) for value in row] for row in people.itertuples(index=False)]
        (folder / "patients.csv").write_bytes(csv_bytes([list(people.columns), *rows]))


def _cell(value: Any) -> str | int:
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.6f}"
    return str(value)
