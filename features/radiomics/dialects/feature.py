"""Feature: a feature as a dialect names it; read from the dialect's table."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its name, its IBSI code ("" where IBSI defines none or another one), and its formula in words.

    deprecated: it is a function of other features, as in pyradiomics, and given only where it is named. figure: which of
    the figures of sizes it is, where it is one. tag: of IBSI's reference tables.
    """

    name: str
    ibsi: str
    formula: str
    deprecated: bool = False
    figure: str = ""
    tag: str = ""


def read_features(table: str) -> Mapping[str, tuple[Feature, ...]]:
    """Features by family, in the order of a table beside this file."""
    found: dict[str, list[Feature]] = {}
    with Path(__file__).with_name(table).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            deprecated, figure, tag = row.get("deprecated") == "yes", row.get("figure", ""), row.get("tag", "")
            feature = Feature(row["name"], row["ibsi"], row["formula"], deprecated, figure, tag)
            found.setdefault(row["family"], []).append(feature)
    return {family: tuple(features) for family, features in found.items()}
