"""settle_computed: candidates whose ROIs are computed, with the box of each case; stand_in: those that replace missing masks."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from features.core.case import FileSet, ReadRule, Scan, Segmentation
from features.core.digest import digest_json
from features.core.errors import DataError, did_you_mean
from features.core.kinds.mask import MaskSource
from features.core.quarantine import REASONS
from features.images.index.conflicts import refused
from features.images.index.findings import Candidate, Findings, Pseudonyms, Refusal

SIDES = tuple(f"{axis}_{end}_mm" for axis in "xyz" for end in ("min", "max"))
MISSING = "MASK_MISSING"
Corners = tuple[tuple[float, float, float], tuple[float, float, float]]


class _Row(NamedTuple):
    """A row of a table of boxes. timepoint: "" where the table has none."""

    timepoint: str
    lesion: str
    corners: Corners


def stand_in(findings: Findings) -> None:
    """Of what `otherwise` gives, only what stands in for a mask that is missing is left, and that is then not missing."""
    every: list[Candidate | Refusal] = [*findings.candidates, *findings.refusals]
    instead = [one for one in every if one.instead]
    if not instead:
        return
    missing = {_key(one) for one in findings.refusals if one.code == MISSING and not one.instead}
    told = {_key(one) for one in instead} & missing
    findings.candidates = [one for one in findings.candidates if not one.instead or _key(one) in told]
    findings.refusals = [
        one
        for one in findings.refusals
        if (_key(one) in told if one.instead else not (one.code == MISSING and _key(one) in told))
    ]
    findings.doubts = [one for one in findings.doubts if not one.instead]


def _key(one: Candidate | Refusal) -> tuple[str, ...]:
    return one.centre, one.patient, one.timepoint, one.image_name.lower(), one.roi_name


def settle_computed(
    candidates: Sequence[Candidate], names: Pseudonyms, root: Path, timepoints: Sequence[str], folder: Path | None
) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates with the box of their case in place of a table of boxes, a candidate for each lesion that the table tells;
    and those that it lacks, MASK_MISSING.

    folder: that of the catalog, by which what else decides is found out, such as the version of a command; None: it is not.
    Raises DataError if a table is absent or a row of it cannot be understood; MachineError as `MaskSource.resolved`.
    """
    tables: dict[tuple[str, str], dict[str, list[_Row]]] = {}
    known: dict[MaskSource, MaskSource] = {}
    found: list[Candidate] = []
    told: list[Refusal] = []
    for one in candidates:
        if not one.steps:
            found.append(one)
            continue
        steps = list(one.steps)
        for i, step in enumerate(steps):
            if folder is not None:
                steps[i] = known[step] = known[step] if step in known else step.resolved(folder)
        table = next((str(path) for step in steps if (path := getattr(step, "table", ""))), "")
        if not table:
            found.append(replace(one, steps=tuple(steps)))
            continue
        if (one.centre, table) not in tables:
            tables[one.centre, table] = read_boxes(root / table, table, names.at(one.centre), timepoints)
        rows = tables[one.centre, table].get(one.patient, ())
        own = [row for row in rows if row.timepoint in ("", one.timepoint) and one.lesion in ("", row.lesion)]
        if not own:
            message = f'{REASONS[MISSING].means}: the table "{table}" has no box for it'
            told.append(replace(refused(one, MISSING), message=message))
        for row in own:
            placed = tuple(_placed(step, row.corners) for step in steps)
            found.append(replace(one, steps=placed, lesion=row.lesion or one.lesion))
    return found, told


def _placed(step: MaskSource, corners: Corners) -> MaskSource:
    if not getattr(step, "table", ""):
        return step
    return step.model_copy(update={"table": "", "low_mm": corners[0], "high_mm": corners[1]})


def read_boxes(path: Path, shown: str, names: Pseudonyms, timepoints: Sequence[str]) -> dict[str, list[_Row]]:
    """Pseudonym of a patient → boxes. Raises DataError with the line and what is allowed; it names no patient."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{shown}: the table of boxes cannot be read ({type(error).__name__})") from error
    lines = csv.DictReader(text.splitlines())
    there = [name.strip() for name in lines.fieldnames or ()]
    lines.fieldnames = there
    if missing := [name for name in ("patient", *SIDES) if name not in there]:
        hint = did_you_mean(missing[0], there)
        raise DataError(
            f'{shown}: the table of boxes has no column "{missing[0]}"; needed: patient, {", ".join(SIDES)}. {hint}'.strip()
        )
    found: dict[str, list[_Row]] = defaultdict(list)
    for number, row in enumerate(lines, start=2):
        patient = names.patient(row["patient"] or "")
        timepoint = (row.get("timepoint") or "").strip()
        if not patient or (timepoint and timepoint not in timepoints):
            what = "the timepoint is unknown" if patient else "the patient is blank or not of the declared form"
            raise DataError(f"{shown}, line {number}: {what}; time points: {', '.join(timepoints)}")
        values = [_number(row[name], f"{shown}, line {number}, {name}") for name in SIDES]
        low, high = (values[0], values[2], values[4]), (values[1], values[3], values[5])
        if bad := next((axis for axis, least, most in zip("xyz", low, high, strict=True) if not least < most), ""):
            raise DataError(f"{shown}, line {number}: {bad}_min_mm has to be less than {bad}_max_mm")
        found[patient].append(_Row(timepoint, (row.get("lesion") or "").strip(), (low, high)))
    return found


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: needed is a number in mm")
    return value


def computed_scan(scan: Scan, step: MaskSource, roi_name: str, folder: Path) -> Scan:
    """A scan whose ROI a step computes of the image, inside the ROI that the scan has, the whole image aside.

    folder: that of the catalog.
    """
    region = None if scan.segmentation == "none" else scan
    decides = [step.settings, [scan.mask.digest, scan.roi] if region else ""]
    told = "automatic" if region is None and getattr(step, "needs_region", False) else step.made
    made: Segmentation = "automatic" if region is not None and region.segmentation == "automatic" else told
    own: Mapping[str, object] = step.rule
    return replace(
        scan,
        mask=FileSet(step.kind, (), digest_json(decides)),
        roi=step.pattern,
        rule=ReadRule(regrid=scan.rule.regrid, volume=scan.rule.volume, **own),  # type: ignore[arg-type]
        roi_name=roi_name,
        reader="",
        drawn_on=None,
        segmentation=made,
        settings=step.settings,
        inside=region,
        place=step.place(folder),
    )
