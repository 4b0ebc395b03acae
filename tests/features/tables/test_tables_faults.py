"""The faults that tables come with, one test each: what stops, what is repaired as declared, what is warned about."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from features.clinical.read_clinical import read_clinical
from features.core.catalog.catalog import Cohort, load_catalog
from features.core.catalog.id_form import IdForm, normalise_id
from features.core.design import Design
from features.core.errors import ConfigError, RadweaveError
from features.core.pseudonym import pseudonym
from features.endpoints.binary import Binary
from features.endpoints.survival import Survival
from features.fusion.leakage import check_leakage
from features.genomic.read_genomic import read_genomic
from features.tables.patient import PatientTable
from tests.support.catalog import cohort_of, dicom_images
from tests.support.design import outcome_of

KEY = b"k" * 64
VARIABLES: dict[str, Any] = {
    "age": {"type": "number", "description": "age", "unit": "years"},
    "creatinine": {"type": "number", "description": "creatinine", "unit": "umol/l", "analyte": "creatinine"},
    "smoker": {"type": "flag", "description": "smoker"},
    "os_days": {"type": "number", "description": "survival", "unit": "days", "role": "outcome"},
    "death": {"type": "flag", "description": "died", "role": "outcome"},
}
ENDPOINTS = {
    "survival": {"kind": "survival", "time": "os_days", "event": "death"},
    "died": {"kind": "binary", "column": "death"},
}
Read = Callable[..., PatientTable]


def declared(tables: list[dict[str, Any]], **settings: Any) -> Cohort:
    own = {"centres": {"A": {}, "B": {}, "C": {}}, "variables": VARIABLES, "endpoints": ENDPOINTS, "tables": tables}
    return Cohort.model_validate(cohort_of(dicom_images(), **{**own, **settings}))


@pytest.fixture
def clinical(tmp_path: Path) -> Read:
    """The clinical block of tables given as {text or sheet, columns as VARIABLE: SOURCE, …}."""

    def build(*tables: dict[str, Any], **settings: Any) -> PatientTable:
        return read_clinical(tmp_path, "demo", declared(_written(tmp_path, tables, "clinical"), **settings), KEY)

    return build


@pytest.fixture
def genomic(tmp_path: Path) -> Read:
    def build(*tables: dict[str, Any], **settings: Any) -> PatientTable:
        return read_genomic(tmp_path, "demo", declared(_written(tmp_path, tables, "genomic"), **settings), KEY)

    return build


def _written(folder: Path, tables: tuple[dict[str, Any], ...], block: str) -> list[dict[str, Any]]:
    sources = []
    for i, table in enumerate(tables):
        text, sheet = table.get("text"), table.get("cells")
        path = f"{table.get('block', block)}{i}.{'csv' if sheet is None else 'xlsx'}"
        if text is not None:
            (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        if sheet is not None:
            book = openpyxl.Workbook()
            for row in sheet:
                book.active.append(row)
            table.get("change", lambda sheet: None)(book.active)
            book.save(folder / path)
        settings = {key: value for key, value in table.items() if key not in ("text", "cells", "change")}
        defaults = {"block": block, "centre": "A", "path": path, "id": "id"}
        if settings.get("block", block) == "genomic" and settings.get("form", "expression") == "expression":
            defaults |= {"genes": "*", "unit": "log2"}
        sources.append({**defaults, **settings})
    return sources


def _fault(read: Read, *tables: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*tables, **settings)
    return str(caught.value)


def _column(table: PatientTable, name: str, patients: str) -> list[Any]:
    rows = {row["patient"]: row[name] for row in table.table.to_pylist()}
    return [rows[pseudonym(KEY, "demo", patient)] for patient in patients.split()]


def test_tab_dup_id_stops_with_the_rows(clinical: Read) -> None:
    fault = _fault(clinical, {"text": "id,Age\nP-1,60\nP-2,61\nP-1,60\n", "columns": {"age": "Age"}})
    assert "patient ids stand twice; found rows 2, 4; allowed: one row per patient" in fault
    assert "P-1" not in fault


def test_tab_id_form_is_repaired_as_declared_and_not_otherwise(clinical: Read) -> None:
    one = {"text": "id,Age\n007,60\n p1 ,61\n", "columns": {"age": "Age"}}
    other = {"text": "id,S\n7.0,true\nP1,false\n", "columns": {"smoker": "S"}}
    apart = clinical(one, other)
    assert apart.table.num_rows == 4
    form = {"drop_decimal": True, "upper": True, "pad": 3}
    found = clinical(one, other, id_form=form)
    assert found.table.num_rows == 2
    assert _column(found, "age", "007 0P1") == [60.0, 61.0]
    assert _column(found, "smoker", "007 0P1") == [True, False]


def test_tab_id_form_of_a_table_stands_in_for_the_cohort_s(clinical: Read) -> None:
    table = {"text": "id,Age\nSITE-007,60\n", "columns": {"age": "Age"}, "id_form": {"pattern": "SITE-(.+)"}}
    assert _column(clinical(table, id_form={"upper": True}), "age", "007") == [60.0]


def test_tab_id_of_two_centres_is_one_fault_with_its_count_and_with_a_prefix_two_patients(
    clinical: Read, genomic: Read
) -> None:
    rows = "".join(f"{i},{40 + i}\n" for i in range(1, 31))
    tables = [{"text": f"id,Age\n{rows}", "columns": {"age": "Age"}, "centre": centre} for centre in "AB"]
    fault = _fault(clinical, *tables)
    assert "1 fault in the configuration" in fault
    assert "30 patients of centre B stand in a table of centre A, too; found row 2, row 3" in fault
    assert "if they are different people, declare id_form: prefix" in fault
    found = clinical(*tables, id_form="prefix")
    assert found.table.num_rows == 60
    assert _column(found, "age", "A-1 B-1") == [41.0, 41.0]
    tables[1]["id_form"] = {"pad": 3}
    assert _column(clinical(*tables, id_form="prefix"), "age", "A-1 B-001") == [41.0, 41.0]


def test_tab_id_form_refuses_ids_that_become_one_or_do_not_fit(clinical: Read) -> None:
    table = {"text": "id,Age\nA7,60\nb2,61\na7,62\n", "columns": {"age": "Age"}}
    fault = _fault(clinical, table, id_form={"upper": True})
    assert "different patient ids become one in the declared form; found rows 2, 4" in fault
    assert "A7" not in fault
    fault = _fault(clinical, table, id_form={"pattern": r"A(\d)"})
    assert "patient ids do not have the declared form; found rows 3, 4" in fault


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_tab_id_form_keeps_zeros_in_front(clinical: Read, form: str) -> None:
    cells = [["id", "Age"], ["007", 60], ["7", 61]]
    text = "\n".join(",".join(map(str, row)) for row in cells)
    found = clinical({"columns": {"age": "Age"}, **({"text": text} if form == "csv" else {"cells": cells})})
    assert _column(found, "age", "007 7") == [60.0, 61.0]


def test_tab_id_form_keeps_the_zeros_that_excel_shows(clinical: Read) -> None:
    def show_three_digits(sheet: Any) -> None:
        sheet["A2"].number_format = "000"

    found = clinical({"cells": [["id", "Age"], [7, 60]], "change": show_three_digits, "columns": {"age": "Age"}})
    assert _column(found, "age", "007") == [60.0]


def test_tab_id_na_is_a_patient(clinical: Read) -> None:
    text = "id,Age\nNA,60\nNone,61\nnan,NA\n-9,62\n"
    found = clinical({"text": text, "columns": {"age": "Age"}, "missing": ["NA", "None", "nan", "-9", ""]})
    assert _column(found, "age", "NA None nan -9") == [60.0, 61.0, None, 62.0]


def test_tab_unmatched_ids_of_both_sides_meet_under_one_form(clinical: Read) -> None:
    form = IdForm(upper=True, strip_zeros=True)
    found = clinical(
        {"text": "id,Age\n0012,60\nab3,61\n", "columns": {"age": "Age"}}, id_form=form.model_dump(exclude_none=True)
    )
    images = {pseudonym(KEY, "demo", normalise_id(patient, form)) for patient in ("12", "AB3", "X9")}
    in_table = set(found.table["patient"].to_pylist())
    assert len(images & in_table) == 2
    assert (len(images - in_table), len(in_table - images)) == (1, 0)


@pytest.mark.parametrize("cell", ["2", "dead", "True", "yes", "1.0"])
def test_tab_event_stops_with_the_values_found(clinical: Read, cell: str) -> None:
    columns = {"death": {"from": "D", "codes": {"1": True, "0": False}}}
    fault = _fault(clinical, {"text": f"id,D\n1,1\n2,0\n3,{cell}\n", "columns": columns})
    assert f'codes without a meaning; found "{cell}"; allowed: 1, 0; add them to codes or missing' in fault


def test_tab_time_negative_costs_the_endpoint_and_not_the_patient(clinical: Read) -> None:
    text = "id,Age,T,D\n1,60,-3,true\n2,61,10,false\n"
    found = clinical({"text": text, "columns": {"age": "Age", "os_days": "T", "death": "D"}})
    assert [(row.code, row.details) for row in found.quarantined] == [
        ("TAB_TIME", {"column": "os_days", "endpoint": "survival"})
    ]
    assert _column(found, "os_days", "1 2") == [None, 10.0]
    assert _column(found, "death", "1 2") == [True, False]  # the endpoint "died" needs no time
    assert _column(found, "age", "1 2") == [60.0, 61.0]


@pytest.mark.parametrize(("zero", "days"), [("reject", None), ("half_day", 0.5)])
def test_tab_time_zero_is_what_is_declared(clinical: Read, zero: str, days: float | None) -> None:
    variables = {**VARIABLES, "os_days": {**VARIABLES["os_days"], "zero": zero}}
    table = {"text": "id,T,D\n1,0,true\n", "columns": {"os_days": "T", "death": "D"}}
    found = clinical(table, variables=variables)
    assert _column(found, "os_days", "1") == [days]
    assert len(found.quarantined) == (days is None)


def test_tab_time_in_months_instead_of_days_is_warned_about(clinical: Read) -> None:
    def centre(name: str, unit: float) -> dict[str, Any]:
        rows = "".join(f"{name}{i},{(300 + 40 * i) * unit},true\n" for i in range(9))
        return {"text": "id,T,D\n" + rows, "columns": {"os_days": "T", "death": "D"}, "centre": name}

    assert [w for w in clinical(centre("A", 1), centre("B", 1.5)).warnings if w.code == "TAB_TIME_UNIT"] == []
    found = clinical(centre("A", 1), centre("B", 1 / 30.4), centre("C", 1.2))
    (warning,) = (warning for warning in found.warnings if warning.code == "TAB_TIME_UNIT")
    assert (warning.centre, warning.case, warning.details["column"]) == ("B", "", "os_days")
    assert warning.message.startswith("os_days: the centre's median is 0.0")


@pytest.mark.parametrize("cell", ["3/4/20", "2020-04-03", "43924", "04.03.2020", "31/02/2020"])
def test_tab_date_of_another_form_stops_and_is_not_shown(clinical: Read, cell: str) -> None:
    columns = {"os_days": {"start": "S", "end": "E", "date_format": "%d/%m/%Y"}}
    fault = _fault(clinical, {"text": f"id,S,E\n1,{cell},03/04/2021\n", "columns": columns})
    assert "1 cells are not dates of the declared format; allowed: %d/%m/%Y" in fault
    assert cell not in fault


def test_tab_date_needs_a_century() -> None:
    table = {"columns": {"os_days": {"start": "S", "end": "E", "date_format": "%d/%m/%y"}}}
    with pytest.raises(ValueError, match="a date_format needs %Y, the year with its century"):
        declared([{"block": "clinical", "centre": "A", "path": "x", "id": "id", **table}])


@pytest.mark.parametrize(("cell", "as_of"), [("01/01/2999", None), ("02/01/2020", "2020-01-01"), ("01/01/0219", None)])
def test_tab_date_in_the_future_or_a_far_past_stops(clinical: Read, cell: str, as_of: str | None) -> None:
    columns = {"os_days": {"start": "S", "end": "E", "date_format": "%d/%m/%Y"}}
    table = {"text": f"id,S,E\n1,01/01/2019,{cell}\n2,01/01/2019,01/01/2020\n", "columns": columns}
    fault = _fault(clinical, {**table, **({"as_of": as_of} if as_of else {})})
    assert f"1 dates cannot be; allowed: dates from 1900 to {as_of or date.today().isoformat()[:2]}" in fault


def test_tab_units_of_one_centre_are_warned_about_and_converted_where_declared(clinical: Read) -> None:
    def centre(name: str, unit: str, factor: float) -> dict[str, Any]:
        rows = "".join(f"{name}{i},{(60 + 4 * i) * factor}\n" for i in range(9))
        columns = {"creatinine": {"from": "Crea", "unit": unit}}
        return {"text": "id,Crea\n" + rows, "columns": columns, "centre": name}

    wrong = clinical(centre("A", "umol/l", 1), centre("B", "umol/l", 1 / 88.4), centre("C", "umol/l", 1.1))
    (warning,) = (warning for warning in wrong.warnings if warning.code == "TAB_UNITS")
    assert (warning.centre, warning.details["column"]) == ("B", "creatinine")
    right = clinical(centre("A", "umol/l", 1), centre("B", "mg/dl", 1 / 88.4), centre("C", "umol/l", 1.1))
    assert [w for w in right.warnings if w.code == "TAB_UNITS"] == []
    assert _column(right, "creatinine", "B0")[0] == pytest.approx(60, rel=1e-4)


def test_tab_missing_codes_of_table_and_column_and_a_warning(clinical: Read) -> None:
    text = "id,Age,Crea\n1,-9,.\n2,999,80\n3,unk,-9\n4,60,70\n"
    columns = {"age": {"from": "Age", "missing": ["999", "unk"]}, "creatinine": "Crea"}
    found = clinical({"text": text, "columns": columns, "missing": ["-9", "."]})
    assert _column(found, "age", "1 2 3 4") == [None, None, None, 60.0]
    assert _column(found, "creatinine", "1 2 3 4") == [None, 80.0, None, 70.0]
    missing = {w.details["column"]: w for w in found.warnings if w.code == "TAB_MISSING"}
    assert set(missing) == {"age", "smoker", "os_days", "death"}
    assert missing["age"].message == "age is missing in 3 of 4 patients"
    assert missing["age"].centre == "A"
    fault = _fault(clinical, {"text": text, "columns": {"age": "Age"}, "missing": ["-9"]})
    assert 'cells that are not numbers; found "unk"' in fault


@pytest.mark.parametrize(
    ("encoded", "declared", "hint"),
    [
        ("latin-1", None, "declare another one, for example encoding: latin-1"),
        ("utf-16", None, "declare another one, for example encoding: utf-16"),
        ("utf-16-le", None, "holds NUL characters: declare encoding: utf-16-le"),
        ("utf-8", "latin-1", "the file is UTF-8: leave encoding out"),
        ("utf-8-sig", "cp1252", "the file is UTF-8: leave encoding out"),
    ],
)
def test_tab_encoding_stops_and_says_what_to_declare(
    clinical: Read, encoded: str, declared: str | None, hint: str
) -> None:
    text = "id,Größe\n1,60\n" if encoded != "utf-16-le" else "id,Age\n1,60\n"
    table = {"text": text.encode(encoded), "columns": {"age": "Age"}}
    fault = _fault(clinical, {**table, **({"encoding": declared} if declared else {})})
    assert f'is not text of the encoding "{declared or "utf-8-sig"}"; {hint}' in fault


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tab_encoding_takes_a_byte_order_mark(clinical: Read, encoding: str) -> None:
    text = "\ufeffid,Größe\n1,60\n".encode("utf-8" if encoding != "utf-16" else "utf-16")
    found = clinical({"text": text, "columns": {"age": "Größe"}, "encoding": encoding})
    assert _column(found, "age", "1") == [60.0]


def test_tab_sep_stops_and_says_what_to_declare(clinical: Read) -> None:
    table = {"text": "id;Age;Crea\n1;60,5;80\n", "columns": {"age": "Age"}}
    fault = _fault(clinical, table)
    assert 'there is no column "id"' in fault
    assert 'is the separator right? declare separator: ";", and decimal: "," if numbers are written so' in fault
    fault = _fault(clinical, {**table, "separator": ";"})
    assert 'cells that are not numbers; found "60,5"; allowed: numbers with "."' in fault
    assert 'if the decimal sign is ",", declare decimal: ","' in fault
    assert _column(clinical({**table, "separator": ";", "decimal": ","}), "age", "1") == [60.5]
    fault = _fault(clinical, {"text": "id,Age\n1,60,5\n", "columns": {"age": "Age"}})
    assert "is it a decimal comma?" in fault


def _hide_row(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _hide_column(sheet: Any) -> None:
    sheet.column_dimensions["B"].hidden = True


def _merge(sheet: Any) -> None:
    sheet.merge_cells("B1:C1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_hide_row, "rows are hidden; found 3; show them, or delete them"),
        (_hide_column, "columns are hidden; found B; show them, or delete them"),
        (_merge, "cells are merged; found B1:C1; split them"),
    ],
)
def test_tab_xlsx_hidden_and_merged_cells_stop(clinical: Read, change: Any, message: str) -> None:
    cells = [["id", "Age", "x"], [1, 60, 1], [2, 61, 2]]
    assert message in _fault(clinical, {"cells": cells, "change": change, "columns": {"age": "Age"}})


def test_tab_xlsx_formulas_and_errors_stop(clinical: Read) -> None:
    cells = [["id", "Age"], [1, "=30*2"], [2, "#N/A"]]
    fault = _fault(clinical, {"cells": cells, "columns": {"age": "Age"}})
    assert "formulas have no value in the file; found B2; save it in Excel, or paste the values" in fault
    assert "cells hold an error; found B3; correct them" in fault


def test_tab_xlsx_formulas_and_errors_of_columns_that_nobody_uses_do_not_count(
    clinical: Read, genomic: Read, tmp_path: Path
) -> None:
    cells = [["id", "Age", "x", "=1"], ["P1", 60, "=30*2", 1], ["P2", 61, "#N/A", "#N/A"]]
    assert _column(clinical({"cells": cells, "columns": {"age": "Age"}}), "age", "P1 P2") == [60, 61]
    fault = _fault(clinical, {"cells": cells, "columns": {"age": "x"}})
    assert "found C2" in fault and "found C3" in fault
    cells = [["id", "G1", "x"], ["P1", 1, "=1"], ["P2", 3, "#N/A"]]
    assert _column(genomic({"cells": cells, "genes": "G*"}), "G1", "P1 P2") == [1, 3]
    assert "found C2" in _fault(genomic, {"cells": cells})
    cells = [["id", "Age"], ["=1", 60], ["P2", 61]]
    assert "formulas have no value in the file; found A2" in _fault(
        clinical, {"cells": cells, "columns": {"age": "Age"}}
    )


def test_tab_xlsx_a_formula_whose_kept_value_is_empty_text_is_an_empty_cell(clinical: Read, tmp_path: Path) -> None:
    table = {"cells": [["id", "Age"], ["P1", 60], ["P2", '=IF(1=1,"",2)']], "columns": {"age": "Age"}}
    assert "found B3" in _fault(clinical, table)
    path = tmp_path / "clinical0.xlsx"
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'<c r="B3">', b'<c r="B3" t="str">')  # as Excel writes it once it has computed
    with zipfile.ZipFile(path, "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
    source = {"block": "clinical", "centre": "A", "path": path.name, "id": "id", "columns": {"age": "Age"}}
    found = read_clinical(tmp_path, "demo", declared([source]), KEY)
    assert _column(found, "age", "P1 P2") == [60, None]


def _shares(unit: str, **more: Any) -> dict[str, Any]:
    """Variables with one number of a unit."""
    return {"variables": {**VARIABLES, "ki67": {"type": "number", "description": "Ki-67", "unit": unit, **more}}}


def _format(*formats: str) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        for row, form in enumerate(formats, start=2):
            sheet.cell(row, 2).number_format = form

    return change


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("0%", [7, 35.5]),
        ("0.0%", [7, 35.5]),
        ("0.00\\ %", [7, 35.5]),
        ("[$-409]#,##0.0%;[Red]-0%", [7, 35.5]),
        ("General", [0.07, 0.355]),
        ('0.00" %"', [0.07, 0.355]),
        ("0.0\\%", [0.07, 0.355]),
        ("0.00;-0%", [0.07, 0.355]),
    ],
)
def test_tab_xlsx_cells_shown_as_percent_are_percent(clinical: Read, form: str, wanted: list[float]) -> None:
    cells = [["id", "Ki67"], ["P1", 0.07], ["P2", 0.355], ["P3", None], ["P4", -9]]
    table = {"cells": cells, "change": _format(form, form, form, form), "missing": ["", "-9"]}
    for unit, factor in (("percent", 1.0), ("%", 1.0)):
        found = clinical({**table, "columns": {"ki67": "Ki67"}}, **_shares(unit, allowed=[0, 100]))
        assert _column(found, "ki67", "P1 P2 P3 P4") == [wanted[0] * factor, wanted[1] * factor, None, None]
    if wanted[0] == 7:
        found = clinical({**table, "columns": {"ki67": "Ki67"}}, **_shares("fraction"))
        assert _column(found, "ki67", "P1 P2") == [0.07, 0.355]
        source = {"from": "Ki67", "unit": "fraction"}
        found = clinical({**table, "columns": {"ki67": source}}, **_shares("percent"))
        assert _column(found, "ki67", "P1 P2") == pytest.approx([7, 35.5])


def test_tab_xlsx_percent_that_fits_no_unit_or_is_mixed_stops(clinical: Read) -> None:
    table = {"cells": [["id", "Ki67"], ["P1", 0.25], ["P2", 35], ["P3", 0]], "columns": {"ki67": "Ki67"}}
    fault = _fault(clinical, {**table, "change": _format("0%", "0%", "0%")}, **_shares("ng/ml"))
    assert 'cells are formatted as percent; found the unit "ng/ml"; allowed: percent, %, fraction' in fault
    fault = _fault(clinical, {**table, "change": _format("0%", "General", "General")}, **_shares("percent"))
    assert "of the cells 1 are formatted as percent, and 1 are not; give all cells of the column one format" in fault


@pytest.mark.parametrize("name", [date(2026, 3, 1), "1-Mar", "2-Sep", "2.31E+19"])
@pytest.mark.parametrize("rows", ["patients", "genes"])
def test_tab_xlsx_gene_names_that_became_dates_stop(genomic: Read, name: Any, rows: str) -> None:
    cells = [["id", "G1", name], ["P1", 1, 2], ["P2", 3, 4]]
    if rows == "genes":
        cells = [list(row) for row in zip(*cells, strict=True)]
    shown = "2026-03-01 00:00:00" if isinstance(name, date) else name
    fault = _fault(genomic, {"cells": cells, "rows": rows})
    assert "Excel has turned names of" in fault
    assert f"into dates or numbers; found {shown}; write the names of genes again" in fault


def test_tab_xlsx_ids_that_became_dates_stop_with_their_rows(clinical: Read) -> None:
    cells = [["id", "Age"], [date(2026, 5, 12), 60], ["P2", 61]]
    fault = _fault(clinical, {"cells": cells, "columns": {"age": "Age"}})
    assert "Excel has turned patient ids into dates or numbers; found rows 2" in fault
    assert "2026" not in fault


@pytest.mark.parametrize("name", ["vital_status", "OS (months)", "date of death", "Recurrence", "FollowUp", "n_scans"])
def test_tab_leak_names_of_outcomes_are_no_predictors(tmp_path: Path, name: str) -> None:
    text = """
version: 1
cohorts:
  demo:
    title: Demo
    licence: CC0
    root: .
    centres: {{A: {{}}}}
    images:
    - {{format: dicom, centre: A, modality: CT, unit: HU, path: x, mask: {{format: seg, roi: x}}}}
    variables:
      smoker: {{type: flag, description: smoker{extra}}}
    tables:
    - {{block: clinical, path: a.csv, id: id, columns: {{smoker: "{name}"}}}}
"""
    path = tmp_path / "c.yaml"
    path.write_text(text.format(name=name, extra=""))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    assert f'the predictor "smoker" looks like an outcome; found "{name}"' in str(caught.value)
    assert f"c.yaml:{text[: text.index('columns')].count(chr(10)) + 1}:" in str(caught.value)
    for extra in (", leak_checked: true", ", role: outcome"):
        path.write_text(text.format(name=name, extra=extra))
        assert load_catalog(path).cohort("demo").tables


def _design(values: dict[str, np.ndarray], y: np.ndarray) -> Design:
    endpoint = Binary(column="x") if y.dtype == bool else Survival(time="t", event="e")
    ids = np.array([f"p{i}" for i in range(len(y))])
    blocks = {column: column.split("__")[0] for column in values}
    return Design(pd.DataFrame(values, index=ids), blocks, outcome_of(y), endpoint, ids, np.full(len(y), "A"))


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_tab_leak_a_predictor_that_tells_the_outcome_is_refused(kind: str) -> None:
    rng = np.random.default_rng(5)
    event, time = rng.random(60) < 0.5, rng.exponential(300, 60)
    y = (
        event
        if kind == "binary"
        else np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    )
    leak = event + rng.normal(0, 0.05, 60) if kind == "binary" else -time
    leak[3] = np.nan
    honest = {
        "clinical__age": rng.normal(size=60),
        "clinical__weak": leak * 0.3 + rng.normal(size=60) * np.nanstd(leak),
    }
    check_leakage(_design(honest, y), {"clinical"}, set())
    for sign in (1, -1):
        design = _design({**honest, "clinical__last_visit": sign * leak}, y)
        with pytest.raises(RadweaveError, match='^"last_visit": alone, the value tells the outcome'):
            check_leakage(design, {"clinical"}, set())
        check_leakage(design, {"clinical"}, {"clinical__last_visit"})
        check_leakage(design, {"genomic"}, set())


def test_tab_omics_transposed_tables_stop_with_a_hint(genomic: Read) -> None:
    clinical = {"block": "clinical", "text": "id,Age\nP1,60\nP2,61\n", "columns": {"age": "Age"}}
    straight, turned = "id,G1,G2,G3\nP1,1,2,3\nP2,4,5,6\n", "id,P1,P2\nG1,1,4\nG2,2,5\nG3,3,6\n"
    fault = _fault(genomic, clinical, {"text": turned})
    assert (
        "the ids of patients stand where the genes should; do the genes stand in the rows? declare rows: genes" in fault
    )
    assert "P1" not in fault
    fault = _fault(genomic, clinical, {"text": straight, "rows": "genes"})
    assert "do the patients stand in the rows? declare rows: patients" in fault
    fault = _fault(genomic, {"text": turned, "genes": "G*"})  # by the pattern of genes alone
    assert "no column matches the gene pattern; found G*; do the genes stand in the rows? declare rows: genes" in fault
    one, other = genomic(clinical, {"text": straight}), genomic(clinical, {"text": turned, "rows": "genes"})
    assert one.table.equals(other.table)
    assert _column(one, "G3", "P1 P2") == [3.0, 6.0]


def test_tab_omics_a_table_of_strangers_stops_where_ids_might_become_columns(genomic: Read) -> None:
    clinical = {"block": "clinical", "text": "id,Age\nP1,60\n", "columns": {"age": "Age"}}
    table = {"text": "id,G1\nX-P1,1\n"}
    assert "none of its patients stands in the centre's clinical tables" in _fault(genomic, clinical, table)
    assert genomic(clinical, {**table, "genes": "G*"}).table.num_rows == 1
    assert genomic(clinical, {**table, "id_form": {"pattern": "X-(.*)"}}).table.num_rows == 1


def test_tab_omics_a_gene_that_stands_twice_stops(genomic: Read) -> None:
    fault = _fault(genomic, {"text": "id,TP53,KRAS,TP53\nP1,1,2,3\n"})
    assert "genes stand twice; found TP53" in fault


@pytest.mark.parametrize(
    ("settings", "cell", "allowed"),
    [
        ({"scale": "counts"}, "1.5", "counts: whole numbers from 0; are they TPM?"),
        ({"scale": "counts"}, "-1", "counts: whole numbers from 0"),
        ({"scale": "tpm"}, "-0.1", "tpm: numbers from 0; are they logarithms, or z-scores?"),
        ({"scale": "log2"}, "812", "log2: numbers from -50 to 50; are they counts or TPM?"),
        ({"scale": "zscore"}, "812", "zscore: numbers from -50 to 50"),
        ({"form": "methylation"}, "1.2", "beta: numbers from 0 to 1; are they M values, or percent?"),
        ({"form": "copy_number", "coding": "gistic"}, "0.5", "gistic: -2, -1, 0, 1, 2; are they log2 ratios?"),
        ({"form": "copy_number", "coding": "log2"}, "99", "log2: numbers from -20 to 20; are they copies?"),
    ],
)
def test_tab_omics_values_that_contradict_the_scale_stop(
    genomic: Read, settings: dict[str, str], cell: str, allowed: str
) -> None:
    fault = _fault(genomic, {"text": f"id,G1,G2\nP1,{cell},0\nP2,1,\n", **settings})
    assert f"1 value contradicts what is declared; allowed: {allowed}" in fault
    assert genomic({"text": "id,G1,G2\nP1,1,0\nP2,1,\n", **settings}).table.num_rows == 2


def test_tab_omics_logarithms_beside_counts_are_warned_about(genomic: Read) -> None:
    def centre(name: str, factor: float) -> dict[str, Any]:
        rows = "".join(f"{name}{i},{6 * factor + i},{8 * factor + i}\n" for i in range(6))
        return {"text": "id,G1,G2\n" + rows, "centre": name}

    found = genomic(centre("A", 1), centre("B", 100), centre("C", 1.2))
    assert [(w.code, w.centre, w.details["column"]) for w in found.warnings] == [("TAB_UNITS", "B", "expression")]
    assert genomic(centre("A", 1), centre("B", 1.1)).warnings == ()
