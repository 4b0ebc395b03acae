"""Feature: a feature as a dialect names it; read from the dialect's table."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import AfterValidator

from features.core.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its name, its IBSI code ("" where IBSI defines none or another one), and its formula in words.

    deprecated: it is a function of other features, as in pyradiomics, and given only where it is named. figure: which of
    the figures of sizes it is, where it is one. tag: of IBSI's reference tables. unit: `image` is the image's own; "" for
    ratios and figures of grey levels.
    """

    name: str
    ibsi: str
    formula: str
    deprecated: bool = False
    figure: str = ""
    tag: str = ""
    unit: str = ""


def read_features(table: str) -> Mapping[str, tuple[Feature, ...]]:
    """Features by family, in the order of a table beside this file."""
    found: dict[str, list[Feature]] = {}
    for row in read_rows(table):
        deprecated, figure, tag = row.get("deprecated") == "yes", row.get("figure", ""), row.get("tag", "")
        feature = Feature(row["name"], row["ibsi"], row["formula"], deprecated, figure, tag, row["unit"])
        found.setdefault(row["family"], []).append(feature)
    return {family: tuple(features) for family, features in found.items()}


def read_rows(table: str) -> list[dict[str, str]]:
    """The rows of a table beside this file."""
    with Path(__file__).with_name(table).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def family_in(known: Collection[str]) -> AfterValidator:
    """Checks that a word of a file names one of the families. Raises ValueError."""

    def check(name: str) -> str:
        if name not in known:
            raise ValueError(no_family(name, known))
        return name

    return AfterValidator(check)


def no_family(name: str, known: Collection[str]) -> str:
    """What is said of a family that a dialect does not have.

    >>> no_family("glmc", ["glcm", "shape"])
    'there is no family "glmc"; allowed: glcm, shape; did you mean "glcm"?'
    """
    hint = did_you_mean(name, known)
    return f'there is no family "{name}"; allowed: {", ".join(known)}{"; " + hint if hint else ""}'
