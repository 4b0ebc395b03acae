"""Derived outcomes: every table of cases in docs/endpoints.md is run line by line, and so is the page's example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.clinical.derive import derive_outcomes
from features.clinical.read_clinical import read_clinical
from features.core.catalog.catalog import Cohort, load_catalog
from features.core.errors import ConfigError
from features.core.kinds.derivation import DERIVATIONS, NotDerived
from features.core.kinds.endpoint import ENDPOINTS
from features.core.pseudonym import pseudonym
from features.core.quarantine import REASONS
from tests.support.catalog import catalog_of, cohort_of, dicom_images

PAGE = (Path(__file__).parents[3] / "docs" / "endpoints.md").read_text("utf-8")
WHY = "not derived because"
KEY = b"k" * 64
Cells = dict[str, str]


def rows_of(table: str) -> list[Cells]:
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def tables_of_cases() -> Iterator[tuple[dict[str, Any], list[Cells]]]:
    """Each block of derivations with each table of cases below it."""
    for part in re.split(r"^```yaml\n(?=derived:)", PAGE, flags=re.MULTILINE)[1:]:
        block, _, below = part.partition("```\n")
        for table in re.findall(r"^\| case \|.*\n(?:\|.*\n)+", below, re.MULTILINE):
            yield yaml.safe_load(block)["derived"], rows_of(table)


TABLES = list(tables_of_cases())
CASES = [
    pytest.param(derived, rows, case, id=f"{next(iter(derived))}-{case['case']}")
    for derived, rows in TABLES
    for case in rows
]


def cohort_for(derived: dict[str, Any], rows: list[Cells]) -> Cohort:
    """A cohort with the variables that the derivations read; the levels of a category are those of the table's cells."""
    parsed = {word: DERIVATIONS.parse(settings) for word, settings in derived.items()}
    variables: dict[str, Any] = {}
    for one in (one for derivation in parsed.values() for one in derivation.inputs()):
        levels = sorted({row.get(one.variable, "") for row in rows} - {""}) or ["none"]
        own = {"levels": levels} if one.types[0] in ("category", "ordinal") else {"unit": one.unit}
        variables[one.variable] = {"type": one.types[0], "role": "outcome", "description": "x", **own}
    return Cohort.model_validate(cohort_of(dicom_images(), variables=variables, derived=derived))


def value_of(cell: str, type_: str) -> Any:
    if cell == "":
        return None
    return float(cell) if type_ == "number" else cell == "yes" if type_ == "flag" else cell


@pytest.mark.parametrize(("derived", "rows", "case"), CASES)
def test_the_case_of_the_page_is_derived_as_it_says(derived: dict[str, Any], rows: list[Cells], case: Cells) -> None:
    cohort = cohort_for(derived, rows)
    read = {name: value_of(case[name], cohort.declared[name].type) for name in case.keys() & cohort.declared.keys()}
    row: dict[str, Any] = {"centre": "A", **read}
    word = next(one for one in reversed(derived) if any(name.startswith(one) for name in case.keys() - read.keys()))
    cohort = cohort.model_copy(update={"derived": {word: cohort.derived[word]}})
    quarantined, warnings = derive_outcomes("demo", {"p": row}, cohort)
    shown = case.keys() - read.keys() - {"case", WHY}
    assert shown <= cohort.variables.keys()
    expected = {name: value_of(case[name], cohort.variables[name].type) for name in shown}
    assert {name: row[name] for name in shown} == pytest.approx(expected, abs=0.05)
    said = [one.code for one in quarantined] + [one.message.partition(": ")[2].removesuffix(" (1)") for one in warnings]
    assert said == [why for why in [case.get(WHY, "")] if why]


def test_the_page_has_cases_of_every_kind_of_derivation_and_every_reason() -> None:
    assert {settings["kind"] for derived, _ in TABLES for settings in derived.values()} == set(DERIVATIONS.modules)
    told = {case.get(WHY, "") for _, rows in TABLES for case in rows} - {""}
    assert told - REASONS.keys() == set(NotDerived)


def test_the_page_tells_of_every_kind_of_endpoint_and_its_examples_are_some() -> None:
    told = rows_of(PAGE[PAGE.index("| kind | keys |") :].split("\n\n")[0])
    assert {row["kind"].strip("`") for row in told} == set(ENDPOINTS.modules)
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    shown = [ENDPOINTS.parse(one) for block in blocks for one in block.get("endpoints", {}).values()]
    assert {key for row in told for key in re.findall(r"`(\w+)`", row["keys"])} >= {
        need.key for one in shown for need in one.needs()
    }


def test_the_example_of_the_page_reads_dates_and_gives_the_outcomes_that_it_shows(tmp_path: Path) -> None:
    part = PAGE.split("<!-- example -->")[1].split("<!-- /example -->")[0]
    text, settings = re.findall(r"```\w+\n(.*?)```", part, re.DOTALL)
    (tmp_path / "follow_up.csv").write_text(text)
    cohort = catalog_of(tmp_path, demo=cohort_of(**yaml.safe_load(settings))).cohort("demo")
    found = read_clinical(tmp_path, "demo", cohort, KEY)
    rows = {row["patient"]: row for row in found.table.to_pylist()}
    for case in rows_of(part[part.index("| id |") :].split("\n\n")[0].replace("<!-- /example -->", "")):
        row = rows[pseudonym(KEY, "demo", case.pop("id"))]
        assert {name: row[name] for name in case} == {
            name: value_of(cell, cohort.variables[name].type) for name, cell in case.items()
        }
    (lost,) = found.quarantined
    assert (lost.code, lost.message) == ("TAB_ORDER", "progression_day is after contact_day")
    assert lost.details == {"column": "pfs_days", "endpoint": "pfs", "derived": "pfs"}
    assert not any("20" in str(value) for row in rows.values() for value in row.values() if isinstance(value, str))


DAY = {"type": "number", "unit": "days", "role": "outcome", "description": "x"}
FOLLOW_UP: dict[str, Any] = {
    "variables": {"died": DAY, "seen": {**DAY, "allowed": [0, 9000]}, "relapse": DAY},
    "derived": {
        "os": {"kind": "overall_survival", "death": "died", "last_contact": "seen"},
        "late": {"kind": "landmark", "time": "os_days", "event": "os_event", "day": 90},
        "rfs": {"kind": "recurrence_free_survival", "recurrence": "relapse", "death": "died", "last_contact": "seen"},
    },
    "endpoints": {
        "death": {"kind": "survival", "time": "os_days", "event": "os_event"},
        "died": {"kind": "binary", "column": "os_event"},
        "late": {"kind": "survival", "time": "late_days", "event": "late_event"},
    },
}


def derive(**values: float) -> tuple[dict[str, Any], list[tuple[str, Any]], list[str]]:
    """A patient's row with the outcomes of FOLLOW_UP, codes with their endpoints, and what was warned about."""
    row: dict[str, Any] = {"centre": "A", **values}
    cohort = Cohort.model_validate(cohort_of(dicom_images(), **FOLLOW_UP))
    quarantined, warnings = derive_outcomes("demo", {"p": row}, cohort)
    return row, [(one.code, one.details["endpoint"]) for one in quarantined], [one.message for one in warnings]


def test_what_is_made_of_a_rejected_outcome_is_lost_with_it_for_every_endpoint_that_reads_it() -> None:
    row, codes, _ = derive(died=-3.0)
    assert codes == [("TAB_ORDER", "death"), ("TAB_ORDER", "died"), ("TAB_ORDER", "late"), ("TAB_ORDER", "rfs")]
    assert {row[name] for name in ("os_days", "os_event", "late_days", "rfs_days")} == {None}


def test_a_patient_loses_what_reads_a_wrong_day_and_keeps_the_rest() -> None:
    row, codes, _ = derive(relapse=500.0, seen=400.0)
    assert codes == [("TAB_ORDER", "rfs")]  # which no endpoint reads
    assert (row["os_days"], row["late_days"], row["rfs_days"]) == (400.0, 310.0, None)


def test_a_day_out_of_its_range_is_made_into_nothing() -> None:
    row, codes, _ = derive(seen=9001.0)
    assert {code for code, _ in codes} == {"TAB_RANGE"}
    assert row["os_days"] is None


def test_those_without_an_outcome_are_counted_by_centre_and_reason() -> None:
    cohort = Cohort.model_validate(cohort_of(dicom_images(), **FOLLOW_UP))
    rows: dict[str, Any] = {
        code: {"centre": centre, "seen": seen}
        for code, centre, seen in (("p1", "A", 60.0), ("p2", "A", 400.0), ("p3", "A", None), ("p4", "B", 400.0))
    }
    quarantined, warnings = derive_outcomes("demo", rows, cohort)
    assert quarantined == []
    late = next(one for one in warnings if one.details["column"] == "late")
    assert (late.code, late.centre, late.case) == ("TAB_NOT_DERIVED", "A", "")
    reasons = "a value that is needed is missing (1); follow-up had ended by the landmark (1)"
    assert late.message == f"late is not derived for 2 of 3 patients: {reasons}"


CATALOG = """version: 1
cohorts:
  demo:
    title: Demo
    licence: CC0
    root: .
    centres: {A: {}}
    variables:
      died: {type: number, unit: days, role: outcome, description: death}
      seen: {type: number, unit: days, role: outcome, description: last contact}
      trg: {type: category, levels: ["1a", "1"], role: outcome, description: grade}
    tables:
    - {block: clinical, path: t.csv, id: id, columns: {died: D, seen: S, trg: G}}
    derived:
      os: {kind: overall_survival, death: died, last_contact: seen}
    endpoints:
      os: {kind: survival, time: os_days, event: os_event}
"""
OS = "os: {kind: overall_survival, death: died, last_contact: seen}"


@pytest.mark.parametrize(
    ("old", "new", "at", "fault"),
    [
        (OS, OS.replace("overall", "overal"), "os: {kind", 'unknown kind "overal_survival"; allowed: change'),
        (OS, OS.replace("died", "dyed"), "os: {kind", 'unknown variable; found "dyed"; allowed: died, seen, trg; did'),
        (
            OS,
            OS.replace("death:", "deaths:"),
            "os: {kind",
            'unknown key "cohorts.demo.derived.os.deaths"; allowed: death',
        ),
        (OS, OS.replace("seen", "trg"), "os: {kind", '"trg" is of another type; found category; allowed: number'),
        (
            "seen: {type: number, unit: days",
            "seen: {type: number, unit: months",
            "os: {kind",
            '"seen" has another unit',
        ),
        (
            "unit: days, role: outcome, description: last contact",
            "unit: days, leak_checked: true, description: last contact",
            "os: {kind",
            'an outcome is made of the predictor "seen", which is known at baseline; declare role: outcome',
        ),
        (
            OS,
            OS.replace("os:", "trg:") + "\n      trg_days: {kind: change, before: died, after: seen}",
            "trg_days:",
            'it gives "trg_days"',
        ),
        (
            "columns: {died: D",
            "columns: {os_days: T, died: D",
            "- {block",
            'unknown variable; found "os_days"; allowed: died',
        ),
        (
            OS,
            "grade: {kind: response_grade, system: dworak, grade: trg}",
            "grade: {kind",
            '"trg" has a level that is no grade of dworak; found "1a"; allowed: 0, 1, 2, 3, 4',
        ),
        (
            'trg: {type: category, levels: ["1a", "1"]',
            "trg: {type: number, unit: ml",
            "growth: {kind",
            'the two values have different units; found "days" and "ml"',
        ),
    ],
)
def test_what_does_not_fit_is_a_fault_of_the_catalog_with_its_line(
    tmp_path: Path, old: str, new: str, at: str, fault: str
) -> None:
    text = CATALOG.replace(old, new)
    if at.startswith("growth"):
        text = text.replace(OS, f"{OS}\n      growth: {{kind: change, before: seen, after: trg}}")
    path = tmp_path / "c.yaml"
    path.write_text(text)
    line = next(i for i, one in enumerate(text.splitlines(), 1) if one.strip().startswith(at))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    said = [str(one) for one in caught.value.faults]
    assert any(one.startswith(f"{path}:{line}: ") and fault in one for one in said), said
