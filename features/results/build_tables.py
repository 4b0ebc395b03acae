"""build_tables: per-case results become the wide tables of a cohort. Rows of unchanged cases are taken from the tables before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from features.core.case import Scan, Target
from features.core.column import Column
from features.core.images import IMAGES
from features.core.kinds.recipe import Recipe
from features.core.quarantine import REASONS, Quarantined, Rejected, Stage, Warned
from features.core.storage.store import REGION
from features.core.storage.table import ARROW, Schema, typed
from features.images.region import REGION_COLUMNS, extra_columns
from features.results.image_copies import find_copies
from features.results.known_results import KnownResults
from features.results.measure_visit import NO_SUCH_REGION, after_checks
from features.results.picture import drawings_of
from features.results.prefixes import RESULT, feature_prefix, feature_table, region_prefix
from features.results.scan_name import ABSENT, PICTURE, SEGMENTATION
from features.results.schemas import KEY, SAMPLE, SHOWN
from features.results.work import Extraction, Lacking, Plan, Work

CHUNK = 256  # per-case results that are in memory as Python values at once


@dataclass(frozen=True)
class Group:
    """The columns of a table that share a prefix, and the result in a block of work/ that each case has there.

    facts: what all of these columns have in the dictionary, whatever they say themselves.
    """

    table: str
    prefix: str
    block: str
    columns: tuple[Column, ...]  # without the prefix
    addresses: Mapping[Scan, str]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class BuiltTables:
    """Tables by name, their columns, the scans that gave something for every recipe, and why the others did not.

    Each row of `rejected` and `warned` stands with the address of the result that says so. states: the code of its first
    rejection, or `absent`, of every scan that is not used.
    """

    tables: Mapping[str, tuple[pa.Table, tuple[Column, ...]]]
    states: Mapping[Scan, str]
    used: frozenset[Scan]
    rejected: tuple[tuple[Quarantined, str], ...]
    warned: tuple[tuple[Quarantined, str], ...]


def build_tables(plans: Sequence[Plan], measured: Sequence[tuple[Recipe, Target]], known: KnownResults) -> BuiltTables:
    """The region block of a cohort, and a table for each recipe and image block. measured: as `recipe_targets` gives it.

    Every scan ends as used, as absent or with at least one reason. Raises StoreError if a per-case result is damaged.
    """
    rejected: list[tuple[Quarantined, str]] = []
    warned: list[tuple[Quarantined, str]] = []
    states: dict[Scan, str] = {}
    shown: list[dict[str, object]] = []

    def usable(work: Work, stage: Stage) -> bool:
        """Whether there are values; what is to be said of them, or why there are none, is noted."""
        reason = known.rejection(work)
        if reason is not None:
            is_absent = reason.code == NO_SUCH_REGION
            (warned if is_absent else rejected).append((_quarantined(work.scan, stage, reason), work.address))
            if not (is_absent and work.scan.terms):
                states.setdefault(work.scan.counted, ABSENT if is_absent else reason.code)
            return False
        warned.extend((_quarantined(work.scan, stage, one), work.address) for one in known.warnings(work))
        return True

    passed = [plan for plan in plans if usable(plan.check, "quality")]
    groups: list[Group] = []
    own: dict[tuple[str, str], tuple[Column, ...]] = {}  # columns of an extractor, the same for every image and region
    regions: dict[Target, dict[Scan, str]] = {}
    for plan in passed:
        regions.setdefault(plan.scan.target, {})[plan.scan] = plan.check.address
    for target, found in sorted(regions.items()):
        facts = {"modality": next(iter(found)).modality, "image": target.image, "roi": target.roi, "family": "region"}
        extra = dict.fromkeys(column for scan in found for column in extra_columns(scan))
        columns = (*REGION_COLUMNS, *extra)
        groups.append(Group(REGION, region_prefix(target), REGION, columns, found, facts))
    works: dict[str, list[Extraction]] = {}
    for work in after_checks(plans, known):
        works.setdefault(work.prefix, []).append(work)
    for recipe, target in measured:
        for extractor in recipe.extractors:
            prefix = feature_prefix(recipe, extractor.word, target)
            here = [(work, usable(work, "extract")) for work in works.get(prefix, [])]
            facts = {"modality": recipe.modality, "recipe": recipe.name, "version": extractor.version}
            facts |= {"image": target.image, "roi": target.roi}
            if (recipe.name, extractor.word) not in own:
                own[recipe.name, extractor.word] = tuple(extractor.columns(recipe))
            columns = own[recipe.name, extractor.word]
            addresses = {work.scan: work.address for work, there in here if there}
            if extractor.gives == IMAGES:
                shown += [row for work, there in here if there for row in _shown_rows(work, target)]
            table = feature_table(extractor.block, recipe.name)
            groups.append(Group(table, prefix, extractor.block, columns, addresses, facts))
    for plan in plans:
        for lack in plan.lacking:
            rejected.append((_quarantined(plan.scan, "extract", _needed(lack)), ""))
            states.setdefault(plan.scan, "ROI_NEEDED")
    tables = {
        name: _table(name, [group for group in groups if group.table == name], known)
        for name in dict.fromkeys([REGION, *(group.table for group in groups)])
    }
    if any(extractor.gives == IMAGES for recipe, _ in measured for extractor in recipe.extractors):
        tables[SHOWN.name] = SHOWN.table(shown), SHOWN.columns
    copied: set[tuple[object, ...]] = set()
    for target, addresses in sorted(regions.items()):
        for scan, warning in find_copies(addresses, tables[REGION][0], region_prefix(target)):
            told = *scan.key[:2], warning.details["alike"]
            if told not in copied:  # an image that is a copy is one with each of its ROIs
                copied.add(told)
                warned.append((_quarantined(scan, "quality", warning), ""))
    used = frozenset(plan.scan for plan in passed) - states.keys()
    return BuiltTables(tables, states, used, tuple(rejected), tuple(warned))


def _shown_rows(work: Extraction, target: Target) -> list[dict[str, object]]:
    """A row for each sampling of a region."""
    of = {**case_row(work.scan), "image": target.image, "roi": target.roi, "recipe": work.recipe.name}
    of[SEGMENTATION] = work.scan.segmentation
    return [
        {
            **of,
            "sampling": one.shown.sampling.kind,
            "place": place,
            "size": " × ".join(map(str, one.shown.shape.size)),
            SAMPLE: one.address,
        }
        for place, one in enumerate(work.samples)
    ]


def _needed(lack: Lacking) -> Rejected:
    """Why a recipe measures nothing of an image."""
    missing = ", ".join(lack.missing)
    image = f"there is no image {lack.image} that has a" if lack.image else "the image has no"
    message = f'the recipe {lack.recipe} measures "{lack.roi}", and {image} ROI {missing}'
    return Rejected("ROI_NEEDED", message, recipe=lack.recipe, needed=str(lack.roi), missing=missing)


def _table(name: str, groups: Sequence[Group], known: KnownResults) -> tuple[pa.Table, tuple[Column, ...]]:
    """One row per case that has a result in any group, in the order of the case ids."""
    cases = {str(scan.case): scan for group in groups for scan in group.addresses}
    order = sorted(cases)
    facts = [case_row(cases[case]) for case in order]
    arrays: dict[str, pa.Array] = {c.name: pa.array([row[c.name] for row in facts], pa.string()) for c in KEY}
    columns = list(KEY)
    for group in groups:
        of = {name: group.facts[name] for name in ("modality", "recipe", "image", "roi") if name in group.facts}
        told = "address of the per-case result"
        columns.append(Column(group.prefix + RESULT, "string", told, role="fact", **of))  # type: ignore[arg-type]
        columns += [replace(column, name=group.prefix + column.name, **group.facts) for column in group.columns]  # type: ignore[arg-type]
        arrays |= _group_arrays(group, order, known)
        if group.block == REGION:
            made = {str(scan.case): scan.segmentation for scan in group.addresses}
            own = Column(group.prefix + SEGMENTATION, "string", "how the ROI was made, as in scans", role="fact")
            columns.append(replace(own, **group.facts))  # type: ignore[arg-type]
            arrays[own.name] = pa.array([made.get(case) for case in order], pa.string())
    schema = Schema(name, tuple(columns))
    return schema.checked(pa.table(arrays)), schema.columns


def _group_arrays(group: Group, order: Sequence[str], known: KnownResults) -> dict[str, pa.ChunkedArray]:
    """The columns of a group in the order of the cases: known rows are taken, the others loaded, missing ones null."""
    types = [(RESULT, pa.string()), *((column.name, ARROW[column.type]) for column in group.columns)]
    wanted = pa.schema([(group.prefix + name, type_) for name, type_ in types])
    before = known.columns(group.table, wanted.names)
    rows: Mapping[str, int] = {}
    there = {} if before is None else dict(zip(before.schema.names, before.schema.types, strict=True))
    if before is not None and all(there.get(field.name) == field.type for field in wanted):
        before, rows = typed(before.select(wanted.names), wanted), known.rows(group.table, group.prefix)
    else:
        before = wanted.empty_table()
    place: dict[str, int] = {}
    parts, loaded = [before], list[dict[str, object]]()
    for scan, address in group.addresses.items():
        if address in rows:
            place[str(scan.case)] = rows[address]
            continue
        values = known.load(group.block, address)
        if isinstance(values, Rejected):
            raise AssertionError(f"{address}: a rejection among values")
        place[str(scan.case)] = sum(part.num_rows for part in parts) + len(loaded)
        loaded.append({group.prefix + name: _null_if_nan(value) for name, value in {RESULT: address, **values}.items()})
        if len(loaded) == CHUNK:
            parts.append(pa.Table.from_pylist(loaded, schema=wanted))
            loaded.clear()
    places = [place.get(case) for case in order]
    if len(parts) == 1 and not loaded and places == list(range(before.num_rows)):  # as it was: nothing is copied
        return dict(zip(wanted.names, before.columns, strict=True))
    both = pa.concat_tables([*parts, pa.Table.from_pylist(loaded, schema=wanted)]).combine_chunks()
    taken = both.take(pa.array(places, pa.int64()))
    return dict(zip(taken.schema.names, taken.columns, strict=True))


def case_row(scan: Scan) -> dict[str, object]:
    """The key columns of a scan's case."""
    case = scan.case
    facts = {"case": str(case), "cohort": case.cohort, "centre": scan.centre, "patient": case.patient}
    return {**facts, "timepoint": case.timepoint, "lesion": case.lesion}


def scan_rows(plans: Iterable[Plan], states: Mapping[Scan, str]) -> list[dict[str, object]]:
    """Rows of the table of scans. states: of those that are not used."""
    checks = [plan.check for plan in plans]
    pictures = {drawing.image: drawing.address for drawing in drawings_of(checks)}
    return [
        {
            **case_row(scan),
            "image": scan.image_name,
            "roi": scan.roi_name,
            "modality": scan.modality,
            "unit": scan.unit,
            "image_format": scan.image.format,
            "image_files": len(scan.image.paths),
            "image_digest": scan.image.digest,
            "mask_format": scan.mask.format,
            "mask_digest": scan.mask.digest,
            "roi_pattern": scan.roi,
            "reader": scan.reader,
            "drawn_on": scan.drawn_on.image_name if scan.drawn_on else "",
            SEGMENTATION: scan.segmentation,
            "segmented_by": scan.settings,
            "state": states.get(scan, "used"),
            PICTURE: pictures[scan.key[:2]],
        }
        for scan in (work.scan for work in checks)
    ]


def _quarantined(scan: Scan, stage: Stage, reason: Rejected | Warned) -> Quarantined:
    """A row about a scan; of a region that several ROIs make up, about the first of them, the region in the details."""
    case, sets = scan.case, scan.file_sets
    region = {"region": str(scan.roi)} if scan.terms else {}
    return Quarantined(
        cohort=case.cohort,
        centre=scan.centre,
        case=str(case),
        modality=scan.modality,
        stage=stage,
        code=reason.code,
        message=reason.message or REASONS[reason.code].means.removeprefix("warning: "),
        details={**reason.details, **region},
        files=len({path for one in sets for path in one.paths}),
        bytes=sum({one.paths: one.bytes for one in sets}.values()),
        digests=tuple(dict.fromkeys(one.digest[:12] for one in sets)),
        image=scan.image_name,
        roi=scan.counted.roi_name,
        segmentation=scan.segmentation,
    )


def _null_if_nan(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
