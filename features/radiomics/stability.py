"""stability: which features stay the same if regions are perturbed a little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field, NonNegativeInt, SerializeAsAny

from features.core.digest import digest_json
from features.core.frozen import Frozen
from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.yaml import Document
from features.images.prepare import prepare_region
from features.radiomics.perturb import PERTURBATIONS, Perturbation, margin_of, perturb
from features.radiomics.reliability import Reliability, reliability

Chain = Sequence[Perturbation]
AnyPerturbation = Annotated[SerializeAsAny[Perturbation], BeforeValidator(PERTURBATIONS.parse)]
VERSION = "4"  # raise it when the same perturbations should give other regions


class Perturbations(Frozen):
    """How often and how regions are perturbed; read from a YAML file."""

    chains: tuple[tuple[AnyPerturbation, ...], ...] = Field(min_length=2, description="one measurement each")
    seed: NonNegativeInt = 0

    def digest(self) -> str:
        """Address of all settings."""
        return digest_json([VERSION, self.model_dump(mode="json")])

    def generator(self, address: str) -> np.random.Generator:
        """The generator of a region with that address (hexadecimal), whenever and wherever it is measured."""
        return np.random.default_rng([self.seed, int(address[:16], 16)])


def load_perturbations(path: Path) -> Perturbations:
    """Perturbations of a YAML file. Raises ConfigError with all faults."""
    return Document.load(path).parse(Perturbations)


def stability(
    regions: Sequence[Region], recipe: Recipe, extractor: Extractor, chains: Sequence[Chain], rng: np.random.Generator
) -> list[Reliability]:
    """Reliability of each feature of an extractor: regions are the targets, chains of perturbations the raters.

    regions: as they were read, before the recipe. An empty chain stands for the region as it is. A region of which a
    perturbation cannot be measured is missing for all features. Equal generators give equal tables.

    No outcome is looked at, but figures depend on how much the regions differ: choose features by those of other patients.
    """
    found = [
        measure(region, recipe, extractor, chains, own)
        for region, own in zip(regions, rng.spawn(len(regions)), strict=True)
    ]
    return compare(found, [column.name for column in extractor.columns(recipe) if column.role == "predictor"])


def measure(
    region: Region, recipe: Recipe, extractor: Extractor, chains: Sequence[Chain], rng: np.random.Generator
) -> list[Values]:
    """Features of one region under each chain; none where the region was rejected."""
    margin = margin_of(recipe, region.volume.spacing_mm)
    found: list[Values] = []
    for chain, own in zip(chains, rng.spawn(len(chains)), strict=True):
        try:
            changed = prepare_region(perturb(region, chain, own, margin_mm=margin), recipe)
            found.append(extractor.extract(changed, recipe))
        except Rejected:
            found.append({})
    return found


def compare(measured: Sequence[Sequence[Values]], features: Sequence[str]) -> list[Reliability]:
    """Reliability of each feature. measured: what `measure` gave of each region."""
    tables = {
        name: np.array([[float(values.get(name, math.nan)) for values in chains] for chains in measured], np.float64)
        for name in features
    }
    return [reliability(name, table) for name, table in tables.items()]
