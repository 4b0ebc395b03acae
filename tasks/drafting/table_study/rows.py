"""What a table's columns say of its rows, as the catalog names it: the centre, and the given split."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from features.core.errors import ConfigError, Fault
from tasks.drafting.columns import slug
from tasks.drafting.table_study.values import Values

TRAIN = frozenset("train training trained development dev derivation discovery learning".split())  # noqa: SIM905
TEST = frozenset("test testing tested validation valid val holdout hold-out held-out external".split())  # noqa: SIM905
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def centre_names(values: Values) -> dict[str, str]:
    """Cell → name of the centre: the cell itself where it can be one, else a name made of it. Raises ConfigError."""
    _need_whole(values)
    found: dict[str, str] = {}
    for cell in values.counts:
        name = cell if _NAME.fullmatch(cell) else slug(f"{values.column}_{cell}")[:40].rstrip("_")
        if name in found.values():
            raise values.fault("has values that become one name of a centre", hint="write one of them otherwise")
        found[cell] = name
    return found


def centre_column(column: str, names: dict[str, str]) -> dict[str, Any]:
    """The column of the centre as a table of the catalog names it."""
    return {"column": column} | ({"codes": names} if any(cell != name for cell, name in names.items()) else {})


def split_column(values: Values, test: str) -> dict[str, Any]:
    """The column of a given split with its two values. test: the one that means held out, where its word does not tell.

    Raises ConfigError if there are more or fewer than two, or nothing tells which is which.
    """
    _need_whole(values)
    if len(values.counts) != 2:
        raise values.fault("does not split the patients in two", allowed="one value for train, one for test")
    if test:
        held_out = values.held(test, "--test")
        (train,) = set(values.counts) - {held_out}
    else:
        train, held_out = _by_words(values, TRAIN), _by_words(values, TEST)
    if not train or not held_out:
        raise values.fault("does not say which patients are held out", hint="name their value: --test VALUE")
    return {"column": values.column} | (
        {"train": [train], "test": [held_out]} if (train, held_out) != ("train", "test") else {}
    )


def _by_words(values: Values, words: Collection[str]) -> str:
    found = [cell for cell in values.counts if cell.lower() in words]
    return found[0] if len(found) == 1 else ""


def _need_whole(values: Values) -> None:
    if values.empty:
        what = f'the column "{values.column}" is empty in {values.empty} of its rows'
        raise ConfigError([Fault(values.table, what, "", "a value in each row")])
