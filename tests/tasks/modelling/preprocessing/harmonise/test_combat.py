"""ComBat and location_scale equal neuroCombat 0.2.12 and neuroHarmonize 2.5.2, fold by fold: rows fitted on, and rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.combat import ABOUT, hosny_table
from tests.support.harmonised import VARIANTS, harmonised

GOLDEN = Path(__file__).parents[4] / "golden"
KEY = ("program", "variant", "fold", "row")


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / name, sep=";", comment="#")


def compare(table: pd.DataFrame, golden: pd.DataFrame) -> int:
    """How many values of the golden table these rows have, after fitting on the other folds."""
    names = [str(column) for column in golden if column not in KEY]
    values = table.drop(columns=list(ABOUT))
    columns = [values.columns.get_loc(name) for name in names]
    covariates = {name: table[name].to_numpy(float) for name in ("stage", "age")}
    compared = 0
    found: dict[Any, Any] = {}
    for (_, variant, fold), part in golden.groupby(["program", "variant", "fold"]):
        if (variant, fold) not in found:
            train = (table["fold"] != fold).to_numpy()
            own = values if variant != "non_parametric" or len(values.columns) < 100 else values.iloc[:, columns]
            all_rows = harmonised(own.to_numpy(float), table["centre"].to_numpy(str), covariates, train, str(variant))
            found[variant, fold] = all_rows if own is not values else all_rows[:, columns]
        mine, theirs = found[variant, fold][part["row"]], part[names].to_numpy()
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-7, err_msg=f"{variant}, fold {fold}")
        compared += theirs.size
    return compared


def test_values_are_those_of_both_programs() -> None:
    golden = read("combat.csv")
    assert set(golden["variant"]) == set(VARIANTS)
    assert compare(read("combat_table.csv"), golden) == 456 * 5


@pytest.mark.data
def test_values_are_those_of_both_programs_on_radiomics_of_three_centres(public_data: Path) -> None:
    golden = read("combat_hosny.csv")
    assert compare(hosny_table(public_data / "hosny-lung-3cohorts"), golden[golden["variant"] != "non_parametric"])
