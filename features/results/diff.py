"""diff: what changed between two refreshes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from features.results.manifest import Manifest, Mart, refresh_numbers
from features.results.scan_name import ABSENT, SCAN, scan_name

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["added", "restored", "changed", "gone", "rejected", "released", "table"]
_PIXELS = {
    "image_digest": "image files",
    "mask_digest": "mask files",
    "roi_pattern": "ROI",
    "drawn_on": "image that the ROI was drawn on",
    "segmentation": "how the ROI was made",
    "segmented_by": "what computed the ROI",
    "unit": "unit",
    "centre": "centre",
    "image_format": "image format",
    "mask_format": "mask format",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A case (kind "table": a patient) that differs, and why. `block`: its image and ROI, or the table of patients."""

    cohort: str
    case: str
    block: str
    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Diff:
    """From one refresh to another: cases that moved, and what holds for whole columns as (cohort, column prefix, why)."""

    before: int
    after: int
    changes: tuple[Change, ...]
    columns: tuple[tuple[str, str, str], ...]


def diff_refreshes(before: Mart, after: Mart, cohorts: Iterable[str] = ()) -> Diff:
    """What changed from one refresh to another, of some cohorts or of all.

    added: not there before; restored: not there before, but in an earlier refresh that is kept; gone: not there any more;
    rejected and released: used before or after, and in quarantine at the other end; changed: its files or its place in
    the catalog; table: a patient's row of a table without images. Raises StoreError if a table is damaged.
    """
    names = sorted(set(cohorts) or set(before.manifest.cohorts) | set(after.manifest.cohorts))
    changes: list[Change] = []
    columns: list[tuple[str, str, str]] = []
    for cohort in names:
        if _same(before.manifest, after.manifest, cohort):
            continue
        changes += _scans(before, after, cohort)
        for block in _patient_blocks(before, after, cohort):
            changes += _patients(before, after, cohort, block)
        columns += _columns(before, after, cohort)
    return Diff(before.manifest.refresh, after.manifest.refresh, tuple(changes), tuple(columns))


def _same(before: Manifest, after: Manifest, cohort: str) -> bool:
    return _files(before, cohort) == _files(after, cohort)


def _files(manifest: Manifest, cohort: str) -> dict[str, str]:
    return {name: file.sha256 for name, file in manifest.of_cohort(cohort).items()}


def _frame(mart: Mart, table: str, cohort: str, key: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    if mart.manifest.file(table, cohort) is None:
        return pd.DataFrame(columns=list(key)).set_index(list(key))
    frame: pd.DataFrame = mart.read(table, cohort).to_pandas().set_index(list(key))
    return frame


def _scans(before: Mart, after: Mart, cohort: str) -> Iterator[Change]:
    old, new = _rows_of_scans(before, cohort), _rows_of_scans(after, cohort)
    known = _earlier(before, cohort) if new.keys() - old.keys() else set()
    images = [{key[:2] for key in one} for one in (old, new)]
    for key in sorted(new.keys() - old.keys()):
        case, *words = key
        state = new[key]["state"]
        kind: Kind = "restored" if key in known else "added"
        yield Change(
            cohort,
            case,
            scan_name(*words),
            kind,
            state if state != "used" else "new ROI" if key[:2] in images[0] else "new files",
        )
    for key in sorted(old.keys() - new.keys()):
        case, *words = key
        why = "no longer a ROI of the image" if key[:2] in images[1] else "no longer among the files"
        yield Change(cohort, case, scan_name(*words), "gone", why)
    for key in sorted(old.keys() & new.keys()):
        (case, *words), then, now = key, old[key], new[key]
        moved = [word for column, word in _PIXELS.items() if then[column] != now[column]]
        if then["state"] != now["state"]:
            passed = [one["state"] in ("used", ABSENT) for one in (then, now)]
            kind = "changed" if all(passed) else "released" if passed[1] else "rejected"
            yield Change(
                cohort, case, scan_name(*words), kind, " + ".join([*moved, f"{then['state']} → {now['state']}"])
            )
        elif moved:
            yield Change(cohort, case, scan_name(*words), "changed", " + ".join(moved))


def _rows_of_scans(mart: Mart, cohort: str) -> dict[tuple[str, ...], dict[str, str]]:
    """Scans by case, image and ROI; none of a cohort that a refresh does not have."""
    there = mart.manifest.file("scans", cohort) is not None
    rows = mart.read("scans", cohort).to_pylist() if there else []
    return {tuple(row[name] for name in SCAN): row for row in rows}


def _earlier(mart: Mart, cohort: str) -> set[tuple[str, ...]]:
    """Scans of the refreshes before."""
    numbers = [number for number in refresh_numbers(mart.store) if number < mart.manifest.refresh]
    return {key for number in numbers for key in _rows_of_scans(Mart.open(mart.store, number), cohort)}


def _patients(before: Mart, after: Mart, cohort: str, block: str) -> Iterator[Change]:
    old, new = (_by_case(_frame(mart, block, cohort, ["patient"]), cohort) for mart in (before, after))
    for case in new.index.difference(old.index):
        yield Change(cohort, case, block, "table", "new row")
    for case in old.index.difference(new.index):
        yield Change(cohort, case, block, "table", "row is gone")
    both, shared = old.index.intersection(new.index), [column for column in old.columns if column in new.columns]
    then, now = old.loc[both, shared], new.loc[both, shared]
    different = (then != now) & ~(then.isna() & now.isna())
    for case in both[different.any(axis=1)]:
        names = different.columns[different.loc[case]].tolist()
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Change(cohort, case, block, "table", shown)


def _by_case(rows: pd.DataFrame, cohort: str) -> pd.DataFrame:
    """Rows, index patient, under `cohort:patient[:timepoint][:lesion]`."""
    names = [[f"{cohort}:{patient}" for patient in rows.index]]
    names += [rows[key].tolist() for key in ("timepoint", "lesion") if key in rows]
    return rows.set_axis([":".join(filter(None, parts)) for parts in zip(*names, strict=True)])


def _patient_blocks(before: Mart, after: Mart, cohort: str) -> list[str]:
    return list(dict.fromkeys(block for mart in (before, after) for block in mart.manifest.patient_blocks(cohort)))


def _columns(before: Mart, after: Mart, cohort: str) -> Iterator[tuple[str, str, str]]:
    """Recipes, extractors and variables that came, went or changed."""
    states = [mart.manifest.cohorts.get(cohort) for mart in (before, after)]
    old, new = (state.settings if state else {} for state in states)
    described = [_frame(mart, "dictionary", cohort, ["block", "name"]) for mart in (before, after)]
    for prefix in sorted(old.keys() | new.keys()):
        if prefix not in old or prefix not in new:
            yield cohort, prefix, "new columns" if prefix in new else "columns are gone"
        elif old[prefix] != new[prefix]:
            versions = [_version(frame, prefix) for frame in described]
            changed = f"version {versions[0]} → {versions[1]}" if versions[0] != versions[1] else "other settings"
            yield cohort, prefix, changed
    for block in _patient_blocks(before, after, cohort):
        names = [set(frame.loc[block].index) if block in frame.index else set() for frame in described]
        for words, why in ((names[1] - names[0], "new columns"), (names[0] - names[1], "columns are gone")):
            if words:
                shown = ", ".join(sorted(words)[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
                yield cohort, block, f"{why}: {shown}"


def _version(dictionary: pd.DataFrame, prefix: str) -> str:
    names = dictionary.index.get_level_values("name")
    found = dictionary.loc[names.str.startswith(prefix) & (dictionary["version"] != ""), "version"]
    return str(found.iloc[0]) if len(found) else ""
