"""ScanFacts: what the checks learnt of each scan of a cohort, a row per scan, ready for tables and figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from features.core.case import ROI
from features.results.manifest import Mart
from features.results.prefixes import RESULT
from features.results.regions import long_regions
from features.results.scan_name import SCAN

KEYS = (*SCAN, "modality", "centre", "patient", "timepoint", "lesion", "unit", "state", "drawn_on", "picture")
OF_PAIRS = "registration_"  # begins facts of registered images, which have a section of their own
AS_IMAGE = "as image"  # unit of the facts that stand in the unit of the scan's intensities
OF_ROI = ("voxels", "volume_ml", "components", "touches_border")  # facts of a ROI, beside the intensities in it


@dataclass(frozen=True)
class Fact:
    """A column of the block region. numeric: numbers, else words."""

    name: str
    label: str
    unit: str
    numeric: bool

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def is_of_roi(self) -> bool:
        """Whether it is a fact of the ROI; else it is one of the image, whatever ROI is looked at."""
        return self.name in OF_ROI or self.name.startswith("intensity_")


@dataclass(frozen=True)
class ScanFacts:
    """scans: the columns KEYS, `result` (address of the check, "" if there is none), `known` (whether there are facts) and the
    facts; rows by case, image and ROI.
    """

    scans: pd.DataFrame
    facts: tuple[Fact, ...]

    @cached_property
    def images(self) -> list[str]:
        """Words of the images, sorted."""
        return sorted(self.scans["image"].unique())

    @cached_property
    def rois(self) -> list[str]:
        """Words of the ROIs of all images, sorted."""
        return sorted(self.scans["roi"].unique())

    @property
    def is_named(self) -> bool:
        """Whether a ROI has a name."""
        return any(roi != ROI for roi in self.rois)

    def rois_of(self, image: str) -> list[str]:
        """Words of the ROIs of an image, sorted."""
        return sorted(self.scans.loc[self.scans["image"] == image, "roi"].unique())

    def facts_of(self, image: str) -> dict[str, Fact]:
        """Facts of an image by name, in the unit of its scans."""
        units = sorted(self.scans.loc[self.scans["image"] == image, "unit"].unique())
        unit = units[0] if len(units) == 1 else AS_IMAGE
        return {f.name: replace(f, unit=unit) if f.unit == AS_IMAGE else f for f in self.facts}

    def of(self, image: str, roi: str | None = None) -> pd.DataFrame:
        """Scans of an image and a ROI whose facts are known; None: one of each case, whatever its ROI."""
        own = self.scans[(self.scans["image"] == image) & self.scans["known"]]
        return own.drop_duplicates("case") if roi is None else own[own["roi"] == roi]


def read_scan_facts(mart: Mart, cohort: str) -> ScanFacts:
    """What the newest refresh knows of a cohort's scans. Raises StoreError if a table is missing or damaged."""
    scans = mart.read("scans", cohort, list(KEYS)).to_pandas()
    dictionary = mart.read("dictionary", cohort).to_pylist()
    region = long_regions(mart.read("region", cohort), dictionary)
    refused = mart.read("quarantine", cohort, [*SCAN, "stage", RESULT]).to_pandas()
    others = {*KEYS, "cohort", RESULT}
    names = [name for name in region.schema.names if name not in others and not name.startswith(OF_PAIRS)]
    whole = scans.merge(region.select([*SCAN, RESULT, *names]).to_pandas(), on=list(SCAN), how="left")
    whole["known"] = whole[RESULT].notna()
    lost = refused[refused["stage"] == "quality"].drop_duplicates(SCAN).set_index(list(SCAN))[RESULT]
    missing = lost.reindex(pd.MultiIndex.from_frame(whole[list(SCAN)])).fillna("").to_numpy()
    whole[RESULT] = whole[RESULT].where(whole["known"], missing)
    described = {row["name"]: row for row in dictionary if row["block"] == "region"}
    facts = []
    for name in names:
        row = next(row for column, row in described.items() if column.endswith(f"__{name}"))
        label = re.sub(r" \(.*?\)|,.*", "", str(row["description"]))
        facts.append(Fact(name, label, str(row["unit"]), str(row["type"]) != "string"))
    return ScanFacts(whole.sort_values(list(SCAN), ignore_index=True), tuple(facts))
