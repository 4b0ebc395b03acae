"""Sources: the columns of each network, and of each family of handcrafted features, with how stable they were found to be."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.core.case import Target
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import read_with_provenance
from features.fusion.lesions import ENDINGS
from features.results.prefixes import feature_prefix, settings_digests

GOOD = 0.75  # lowest ICC(2,1) of good agreement: Koo & Li, J Chiropr Med 2016;15:155
Measured = Sequence[tuple[Recipe, Target]]  # as `recipe_targets` gives them
Rows = Mapping[str, Mapping[str, Any]]  # of a table of stability, by column


@dataclass(frozen=True)
class Source:
    """Columns that come from one network of a recipe, or are one family of an extractor of it, on one image and ROI.

    name: what begins their names, and the family. columns: those that a study uses. cohort: whose regions were perturbed, ""
    where stability is not known. regions, measurements: how many of each, the regions of the column that had most.
    median_icc: of ICC(2,1) over the columns that have one, NaN where none has. stable: how many columns have at least GOOD.
    mark: as of the extractor.
    """

    name: str
    block: str
    extractor: str
    family: str
    recipe: str
    image: str
    columns: tuple[str, ...]
    cohort: str = ""
    regions: int = 0
    measurements: int = 0
    median_icc: float = math.nan
    stable: int = 0
    mark: str = ""

    @property
    def stable_share(self) -> float:
        """Share of the columns that are stable; NaN where stability is not known. A column without an ICC is not stable."""
        return self.stable / len(self.columns) if self.cohort else math.nan


def measured_sources(
    store: Store, cohorts: Sequence[str], measured: Measured, used: Collection[str]
) -> tuple[Source, ...]:
    """The sources of the columns that are used, with their stability in the first of these cohorts that has it for each.

    measured: recipes with the images and ROIs that they measure. None at all where nothing was measured: scores of single sources
    cost fits, and are wanted beside stability alone. Scores of other settings of a recipe do not count.
    """
    found, columns = [], {name.removesuffix(_ending(name)): name for name in used}
    for one, extractor, prefix in _extractors(measured):
        cohort, rows = _scores(store, cohorts, one, extractor, prefix)
        found += [_with_stability(source, cohort, rows) for source in _sources(one, extractor, prefix, columns)]
    return tuple(found) if any(one.cohort for one in found) else ()


def stability_parts(store: Store, cohorts: Sequence[str], measured: Measured) -> list[str]:
    """What tells whether the stability of columns changed that a study may use; empty where none was measured."""
    prefixes = dict.fromkeys(prefix for _, _, prefix in _extractors(measured))
    paths = [store.stability(cohort, prefix) for cohort in cohorts for prefix in prefixes]
    tables = [read_with_provenance(path) for path in paths if path.is_file()]
    return [json.dumps([provenance.get("settings", ""), table.to_pylist()]) for table, provenance in tables]


def _extractors(measured: Measured) -> Iterator[tuple[tuple[Recipe, Target], Extractor, str]]:
    """Each extractor with its recipe and target, and what begins the names of its columns."""
    for recipe, target in measured:
        for extractor in recipe.extractors:
            yield (recipe, target), extractor, feature_prefix(recipe, extractor.word, target)


def _sources(
    one: tuple[Recipe, Target], extractor: Extractor, prefix: str, used: Mapping[str, str]
) -> Iterator[Source]:
    """Of an extractor: one, of handcrafted features one for each family. used: column of the mart → that of the study."""
    recipe, target = one
    of_family: dict[str, list[str]] = {}
    for column in extractor.columns(recipe):
        if column.role == "predictor" and prefix + column.name in used:
            family = column.family if extractor.block == "radiomics" else ""
            of_family.setdefault(family, []).append(used[prefix + column.name])
    image = f"{target.image} {target.roi}" if target.is_roi_named else target.image
    for family, columns in of_family.items():
        name = f"{prefix}* {family}".strip()
        own = tuple(columns)
        yield Source(name, extractor.block, extractor.word, family, recipe.name, image, own, mark=extractor.mark)


def _scores(
    store: Store, cohorts: Sequence[str], one: tuple[Recipe, Target], extractor: Extractor, prefix: str
) -> tuple[str, Rows]:
    """The first cohort whose stability of a prefix is of the settings of today, and its rows by column; "" if there is none."""
    for cohort in cohorts:
        path = store.stability(cohort, prefix)
        if path.is_file():
            table, provenance = read_with_provenance(path)
            alone = one[0].model_copy(update={"extractors": (extractor,)})
            if provenance.get("settings") == settings_digests([(alone, one[1])])[prefix]:
                return cohort, {row["feature"]: row for row in table.to_pylist()}
    return "", {}


def _ending(column: str) -> str:
    """What ends the name of a column that is made of several lesions; "" of any other."""
    return next((ending for ending in ENDINGS.values() if ending and column.endswith(ending)), "")


def _with_stability(source: Source, cohort: str, rows: Rows) -> Source:
    names = (name.removesuffix(_ending(name)) for name in source.columns)
    own = [rows[name] for name in names if name in rows]
    if not own:
        return source
    icc = np.array([math.nan if row["icc_2_1"] is None else row["icc_2_1"] for row in own], np.float64)
    known = icc[np.isfinite(icc)]
    return replace(
        source,
        cohort=cohort,
        regions=int(max(row["n"] for row in own)),
        measurements=int(max(row["k"] for row in own)),
        median_icc=float(np.median(known)) if len(known) else math.nan,
        stable=int((known >= GOOD).sum()),
    )
