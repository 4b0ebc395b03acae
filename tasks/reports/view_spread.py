"""How far the views of a network agree: what a case's features differ by as a view is mirrored, turned or moved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from features.deep.view_names import SPREAD
from features.results.manifest import Mart
from tasks.reports.number_format import decimal


@dataclass(frozen=True, slots=True)
class ViewSpread:
    """Over cases of a study, of a network on one view of a recipe: quartiles and highest of the spread; n: how many have it."""

    network: str
    recipe: str
    view: str
    quartiles: tuple[float, float, float]
    highest: float
    n: int

    @property
    def sentence(self) -> str:
        """For the report."""
        low, median, high = map(decimal, self.quartiles)
        return (
            f"{self.network} of {self.recipe}, view {self.view}: {median} in the median case (quartiles {low} and {high}, highest "
            f"{decimal(self.highest)}; n = {self.n})."
        )


def view_spreads(
    mart: Mart, cohorts: Sequence[str], recipes: Sequence[str], cases: Collection[str]
) -> tuple[ViewSpread, ...]:
    """One for each network, recipe and view that was augmented; none where no network was. cases: of the study.

    Reads the columns of the spread alone, which are facts of the block deep and never predictors.
    """
    values: dict[tuple[str, str, str], list[float]] = {}
    for cohort in cohorts:
        known = mart.read("dictionary", cohort, ["block", "name", "role", "family", "filter", "recipe"]).to_pylist()
        facts = {
            one["name"]: (one["family"], one["recipe"], one["filter"])
            for one in known
            if (one["block"], one["role"]) == ("deep", "fact")
            and one["name"].endswith(f"_{SPREAD}")
            and one["recipe"] in recipes
        }
        if not facts:
            continue
        table = mart.read("deep", cohort, ["case", *facts], recipes).to_pandas().set_index("case")
        own = table.loc[table.index.isin(list(cases))]
        for name, key in facts.items():
            if name in own:
                values.setdefault(key, []).extend(own[name].dropna().tolist())
    found = []
    for (network, recipe, view), of_cases in values.items():
        if of_cases:
            low, median, high = np.quantile(of_cases, [0.25, 0.5, 0.75])
            quartiles = float(low), float(median), float(high)
            found.append(ViewSpread(network, recipe, view, quartiles, max(of_cases), len(of_cases)))
    return tuple(found)
