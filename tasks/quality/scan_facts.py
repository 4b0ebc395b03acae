"""ScanFacts: what the checks learnt of each scan of a cohort, a row per scan, ready for tables and figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from features.core.case import ROI
from features.core.column import Column
from features.images.region import REGION_COLUMNS
from features.results.manifest import Mart
from features.results.prefixes import RESULT
from features.results.regions import long_regions
from features.results.scan_name import SCAN

KEYS = (*SCAN, "modality", "centre", "patient", "timepoint", "lesion", "unit", "state", "reader", "picture")
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
        """Words of the ROIs of an image, but for those of single readers, sorted."""
        return sorted(self.scans.loc[(self.scans["image"] == image) & (self.scans["reader"] == ""), "roi"].unique())

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
    """What the newest refresh knows of a cohort's scans, but for facts of registered images and of readers, which have sections of
    their own. Raises StoreError if a table is missing or damaged."""
    scans = mart.read("scans", cohort, list(KEYS)).to_pandas()
    dictionary = mart.read("dictionary", cohort).to_pylist()
    region = long_regions(mart.read("region", cohort), dictionary)
    refused = mart.read("quarantine", cohort, [*SCAN, "stage", RESULT]).to_pandas()
    there = [column for column in REGION_COLUMNS if column.name in region.schema.names]
    names = [column.name for column in there]
    whole = scans.merge(region.select([*SCAN, RESULT, *names]).to_pandas(), on=list(SCAN), how="left")
    whole["known"] = whole[RESULT].notna()
    lost = refused[refused["stage"] == "quality"].drop_duplicates(SCAN).set_index(list(SCAN))[RESULT]
    missing = lost.reindex(pd.MultiIndex.from_frame(whole[list(SCAN)])).fillna("").to_numpy()
    whole[RESULT] = whole[RESULT].where(whole["known"], missing)
    return ScanFacts(whole.sort_values(list(SCAN), ignore_index=True), tuple(map(_fact, there)))


def _fact(column: Column) -> Fact:
    label = re.sub(r" \(.*?\)|,.*", "", column.description)
    return Fact(column.name, label, column.unit, column.type != "string")
