"""ScanFacts: what the checks learnt of each scan of a cohort, a row per scan, ready for tables and figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pandas as pd

from features.results.manifest import Mart
from features.results.prefixes import RESULT

KEYS = ("case", "modality", "centre", "patient", "timepoint", "lesion", "unit", "state")
AS_IMAGE = "as image"  # unit of the facts that stand in the unit of the scan's intensities


@dataclass(frozen=True)
class Fact:
    """A column of the block region for one modality. numeric: numbers, else words."""

    name: str
    label: str
    unit: str
    numeric: bool

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class ScanFacts:
    """scans: the columns KEYS, `result` (address of the check, "" if there is none) and the facts; rows by case."""

    scans: pd.DataFrame
    facts: tuple[Fact, ...]

    @property
    def modalities(self) -> list[str]:
        """Modalities of the scans, sorted."""
        return sorted(self.scans["modality"].unique())

    def facts_of(self, modality: str) -> dict[str, Fact]:
        """Facts of a modality by name, in the unit of its scans."""
        units = sorted(self.scans.loc[self.scans["modality"] == modality, "unit"].unique())
        unit = units[0] if len(units) == 1 else AS_IMAGE
        return {f.name: replace(f, unit=unit) if f.unit == AS_IMAGE else f for f in self.facts}

    def of(self, modality: str) -> pd.DataFrame:
        """Scans of a modality whose facts are known."""
        return self.scans[(self.scans["modality"] == modality) & self.scans["known"]]


def read_scan_facts(mart: Mart, cohort: str) -> ScanFacts:
    """What the newest refresh knows of a cohort's scans. Raises StoreError if a table is missing or damaged."""
    scans = mart.read("scans", cohort, list(KEYS)).to_pandas()
    region = mart.read("region", cohort).to_pandas().set_index("case")
    dictionary = mart.read("dictionary", cohort).to_pandas()
    described = dictionary[(dictionary["block"] == "region") & dictionary["name"].str.startswith("region__")]
    refused = mart.read("quarantine", cohort).to_pandas()
    refused = refused[refused["stage"] == "quality"].drop_duplicates(["case", "modality"])
    addresses = dict(zip(zip(refused["case"], refused["modality"], strict=True), refused[RESULT], strict=True))
    facts: dict[str, Fact] = {}
    parts = []
    for modality, own in scans.groupby("modality", sort=True):
        prefix = f"region__{str(modality).lower()}__"
        columns = {c: c.removeprefix(prefix) for c in region.columns if c.startswith(prefix)}
        values = region.reindex(own["case"])[list(columns)].rename(columns=columns).reset_index(drop=True)
        part = pd.concat([own.reset_index(drop=True), values], axis=1)
        part[RESULT] = values.get(RESULT)
        part["known"] = part[RESULT].notna()
        keys = zip(part["case"], part["modality"], strict=True)
        lost = pd.Series([addresses.get(key) or "" for key in keys], index=part.index)
        part[RESULT] = part[RESULT].where(part["known"], lost)
        parts.append(part)
        for row in described.set_index("name").loc[list(columns)].itertuples():
            name = columns[str(row.Index)]
            if name != RESULT:
                label = re.sub(r" \(.*?\)|,.*", "", str(row.description))
                facts[name] = Fact(name, label, str(row.unit), str(row.type) != "string")
    whole = pd.concat(parts, ignore_index=True) if parts else scans.assign(**{RESULT: "", "known": False})
    return ScanFacts(whole.sort_values(["case", "modality"], ignore_index=True), tuple(facts.values()))
