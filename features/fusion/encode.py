"""Clinical columns as numbers, by the levels that the catalog declares: nothing is learnt from the data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.core.catalog.catalog import Variable
from features.core.errors import StoreError


def in_order(frame: pd.DataFrame, variables: Mapping[str, Variable]) -> pd.DataFrame:
    """The columns of the variables for readers: those with levels as ordered categories, in the catalog's order.

    Raises RadweaveError as `encode`.
    """
    for name, variable in variables.items():
        _check_levels(name, frame[name], variable)
    kinds = {name: pd.CategoricalDtype(list(v.levels), ordered=True) for name, v in variables.items() if v.levels}
    return frame[list(variables)].astype(kinds)


def encode(frame: pd.DataFrame, variables: Mapping[str, Variable], *, block: str = "clinical") -> pd.DataFrame:
    """Predictors as float columns `BLOCK__NAME`, one row as given; missing stays NaN.

    number: as it is. flag: 0 or 1. ordinal: the rank of its level from 0. category: one column per level, without the
    first where there are two levels. Raises RadweaveError if a value is none of the declared levels.
    """
    columns: dict[str, np.ndarray] = {}
    for name, variable in variables.items():
        values = frame[name]
        missing = values.isna().to_numpy()
        _check_levels(name, values, variable)
        own = column_names(name, variable, block=block)
        if variable.type == "category":
            for column, level in own.items():
                columns[column] = np.where(missing, np.nan, (values == level).to_numpy(float))
            continue
        if variable.type == "ordinal":
            values = values.map({level: float(rank) for rank, level in enumerate(variable.levels)})
        columns[next(iter(own))] = values.astype(object).where(~missing, np.nan).to_numpy(float)
    return pd.DataFrame(columns, index=frame.index)


def column_names(name: str, variable: Variable, *, block: str = "clinical") -> dict[str, str]:
    """The columns that a variable becomes → the level that each stands for, "" where it is one column."""
    if variable.type != "category":
        return {f"{block}__{name}": ""}
    levels = variable.levels[1:] if len(variable.levels) == 2 else variable.levels
    return {f"{block}__{name}_{level}": level for level in levels}


def categories_of(variables: Mapping[str, Variable], *, block: str = "clinical") -> dict[str, str]:
    """Column → its category, as `BLOCK__NAME`, of the predictors that are one."""
    own = {name: one for name, one in variables.items() if one.type == "category" and one.role == "predictor"}
    return {column: f"{block}__{name}" for name, one in own.items() for column in column_names(name, one, block=block)}


def _check_levels(name: str, values: pd.Series, variable: Variable) -> None:
    if variable.levels and not values.dropna().isin(variable.levels).all():
        raise StoreError(f'"{name}" holds levels that the catalog does not declare: run radweave refresh')
