"""Work: one result that a refresh needs of a scan, and where it is kept. It is made once and passed on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.storage.store import REGION
from features.images.prepare import VERSION as PREPARATION
from features.results.prefixes import feature_prefix, feature_table, region_prefix

CHECK = "5"  # raise it when the checks or the facts change: every scan is then checked again


@dataclass(frozen=True)
class Work:
    """The check of a scan. table: of the mart; prefix: of its columns there; block: folder of work/; address: in there."""

    scan: Scan
    table: str
    prefix: str
    block: str
    address: str


@dataclass(frozen=True)
class Extraction(Work):
    """The features of a scan by one extractor of a recipe."""

    recipe: Recipe
    extractor: Extractor


@dataclass(frozen=True)
class Plan:
    """All that a refresh needs of a scan: its check, and its features in the order of the recipes."""

    check: Work
    features: tuple[Extraction, ...] = ()

    @property
    def scan(self) -> Scan:
        return self.check.scan


def plan_scans(scans: Iterable[Scan], recipes: Sequence[Recipe]) -> tuple[Plan, ...]:
    """A plan for each scan, with the recipes that fit it."""
    return tuple(
        Plan(
            check_of(scan),
            tuple(
                features_of(scan, one, extractor) for one in recipes if fits(scan, one) for extractor in one.extractors
            ),
        )
        for scan in scans
    )


def fits(scan: Scan, recipe: Recipe) -> bool:
    """Whether a recipe is meant for a scan."""
    return scan.modality == recipe.modality and scan.unit == recipe.unit


def check_of(scan: Scan) -> Work:
    """The check: image and mask bytes and how they are read decide it."""
    address = digest_json({**scan_facts(scan), "version": CHECK})
    return Work(scan, REGION, region_prefix(scan.modality), REGION, address)


def features_of(scan: Scan, recipe: Recipe, extractor: Extractor) -> Extraction:
    """The features: what decides the pixels, the preparation, the extractor's settings and versions decide them."""
    decides = {
        **scan_facts(scan),
        "recipe": recipe.digest(),
        "extractor": extractor.model_dump(mode="json"),
        "version": extractor.version,
        "preparation": PREPARATION,
    }
    table, prefix = feature_table(extractor.block, recipe.name), feature_prefix(recipe, extractor.kind)
    return Extraction(scan, table, prefix, extractor.block, digest_json(decides), recipe, extractor)


def scan_facts(scan: Scan) -> dict[str, str]:
    """What decides the pixels of a scan's region."""
    facts = {"image": scan.image.digest, "mask": scan.mask.digest, "roi": scan.roi, "unit": scan.unit}
    facts |= {"modality": scan.modality, "formats": f"{scan.image.format}+{scan.mask.format}"}
    rule = scan.rule.facts()
    return {**facts, "rule": json.dumps(rule, sort_keys=True)} if rule else facts
