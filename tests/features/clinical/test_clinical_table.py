"""read_clinical: typed by what the catalog declares; every cell that it does not explain is a fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.clinical.read_clinical import clinical_schema, read_clinical
from features.clinical.units import conversion
from features.core.catalog.catalog import Cohort
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from features.tables.patient import PatientTable

KEY = b"k" * 64
VARIABLES: dict[str, Any] = {
    "age": {"type": "number", "description": "age", "unit": "years", "allowed": [18, 110]},
    "sex": {"type": "category", "description": "sex", "levels": ["female", "male"]},
    "stage": {"type": "ordinal", "description": "stage", "levels": ["I", "II", "III"]},
    "smoker": {"type": "flag", "description": "smoker"},
    "os_days": {"type": "number", "description": "survival", "unit": "days", "role": "outcome"},
    "death": {"type": "flag", "description": "died", "role": "outcome"},
}
Read = Callable[..., PatientTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The clinical block of tables given as {columns, text, …}; variables as above."""

    def build(*tables: dict[str, Any], **changes: Any) -> PatientTable:
        sources = []
        for i, table in enumerate(tables):
            table = dict(table)
            text = table.pop("text", None)
            if text is not None:
                (tmp_path / f"t{i}.csv").write_text(text)
            sources.append({"block": "clinical", "centre": "A", "path": f"t{i}.csv", "id": "id", **table})
        cohort = {
            "title": "Demo",
            "licence": "CC0",
            "root": ".",
            "centres": {"A": {}, "B": {}},
            "images": [
                {
                    "format": "dicom",
                    "centre": "A",
                    "modality": "CT",
                    "unit": "HU",
                    "path": "x",
                    "mask": {"format": "seg", "roi": "x"},
                }
            ],
            "variables": VARIABLES,
            "tables": sources,
            "endpoints": {"survival": {"kind": "survival", "time": "os_days", "event": "death"}},
            **changes,
        }
        return read_clinical(tmp_path, "demo", Cohort.model_validate(cohort), KEY)

    return build


def _column(table: PatientTable, name: str, patients: str) -> list[Any]:
    """Values of a column in the order of the patients' own ids."""
    rows = {row["patient"]: row[name] for row in table.table.to_pylist()}
    return [rows[pseudonym(KEY, "demo", patient)] for patient in patients.split()]


def _fault(read: Read, *tables: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*tables, **settings)
    return str(caught.value)


def test_types_codes_and_missing_values(read: Read) -> None:
    found = read(
        {
            "text": "id,Age,Sex,Stage,Smokes\n007,64.5,F,2,true\nNA,,M,,false\n7,70,NA,3,NA\n",
            "columns": {
                "age": {"from": "Age"},
                "sex": {"from": "Sex", "codes": {"F": "female", "M": "male"}},
                "stage": {"from": "Stage", "codes": {"1": "I", "2": "II", "3": "III"}},
                "smoker": {"from": "Smokes"},
            },
        }
    )
    assert found.table.num_rows == 3
    assert _column(found, "age", "007 NA 7") == [64.5, None, 70.0]
    assert _column(found, "sex", "007 NA 7") == ["female", "male", None]
    assert _column(found, "stage", "007 NA 7") == ["II", None, "III"]
    assert _column(found, "smoker", "007 NA 7") == [True, False, None]
    assert _column(found, "os_days", "007 NA 7") == [None, None, None]
    assert set(found.table["centre"].to_pylist()) == {"A"}
    assert found.quarantined == ()


def test_no_site_s_id_is_in_the_table(read: Read) -> None:
    found = read({"text": "id,Age\nSecret77,64\n", "columns": {"age": {"from": "Age"}}})
    assert "Secret77" not in str(found.table.to_pylist())


def test_schema_holds_every_variable_with_unit_and_role(read: Read) -> None:
    found = read({"text": "id,Age\n1,64\n", "columns": {"age": {"from": "Age"}}})
    columns = {column.name: column for column in found.columns}
    assert columns["os_days"].unit == "days"
    assert columns["os_days"].role == "outcome"
    assert columns["stage"].type == "string"
    assert columns["smoker"].type == "bool"
    assert [*columns][:3] == ["patient", "cohort", "centre"]
    assert all(column.description for column in found.columns)


@pytest.mark.parametrize(
    ("unit", "days"), [("days", 2.0), ("weeks", 14.0), ("months", 60.875), ("years", 730.5), ("", 2.0)]
)
def test_times_become_days(read: Read, unit: str, days: float) -> None:
    found = read({"text": "id,T\n1,2\n", "columns": {"os_days": {"from": "T", "unit": unit}}})
    assert _column(found, "os_days", "1") == [days]


def test_unknown_conversion_is_a_fault(read: Read) -> None:
    fault = _fault(read, {"text": "id,T\n1,2\n", "columns": {"os_days": {"from": "T", "unit": "moons"}}})
    assert 't0.csv, column T (os_days): no conversion from "moons" to "days" is known' in fault
    fault = _fault(read, {"text": "id,T\n1,2\n", "columns": {"age": {"from": "T", "unit": "kg"}}})
    assert 'no conversion from "kg" to "years"' in fault


def test_semicolon_and_decimal_comma(read: Read) -> None:
    table = {"text": "id;Age\n1;64,5\n", "separator": ";", "columns": {"age": {"from": "Age"}}}
    assert _column(read({**table, "decimal": ","}), "age", "1") == [64.5]
    assert 'cells that are not numbers; found "64,5"; allowed: numbers with "."' in _fault(read, table)


@pytest.mark.parametrize("cell", ["inf", "NaN", "nan", "1e999", "sixty", "1_0", "<50", "-"])
def test_cells_that_are_no_finite_numbers_are_faults(read: Read, cell: str) -> None:
    fault = _fault(read, {"text": f"id,Age\n1,{cell}\n", "columns": {"age": {"from": "Age"}}})
    assert f't0.csv, column Age (age): cells that are not numbers; found "{cell}"' in fault
    assert "correct them, or add their codes to missing" in fault


def test_long_cells_are_free_text_and_are_not_repeated(read: Read) -> None:
    fault = _fault(read, {"text": f"id,Age\n1,{'Mrs Miller was born 19'}\n", "columns": {"age": {"from": "Age"}}})
    assert "a text of 22 characters" in fault
    assert "Miller" not in fault


def test_missing_codes_are_declared(read: Read) -> None:
    table = {"text": "id,Age,Sex\n1,-9,unk\n2,64,female\n", "columns": {"age": {"from": "Age"}, "sex": {"from": "Sex"}}}
    found = read({**table, "missing": ["-9", "unk"]})
    assert _column(found, "age", "1 2") == [None, 64.0]
    assert _column(found, "sex", "1 2") == [None, "female"]
    assert 'codes without a meaning; found "unk"; allowed: female, male' in _fault(read, table)


def test_unmapped_codes_are_all_listed(read: Read) -> None:
    text = "id,Dead\n" + "".join(f"{i},{code}\n" for i, code in enumerate(["1", "0", "2", "yes", "x", "y", "z", "w"]))
    fault = _fault(read, {"text": text, "columns": {"death": {"from": "Dead", "codes": {"1": True, "0": False}}}})
    assert 'found "2", "w", "x", "y", "yes" and 1 more; allowed: 1, 0; add them to codes or missing' in fault


def test_codes_are_compared_as_they_are_written(read: Read) -> None:
    for cell in ("True", "TRUE", "1", "yes"):
        assert f'found "{cell}"' in _fault(read, {"text": f"id,S\n1,{cell}\n", "columns": {"smoker": {"from": "S"}}})


def test_dates_by_the_declared_format(read: Read) -> None:
    columns = {"os_days": {"start": "Begin", "end": "End", "date_format": "%d.%m.%Y"}}
    found = read({"text": "id,Begin,End\n1,28.02.2020,01.03.2020\n2,,01.03.2020\n", "columns": columns})
    assert _column(found, "os_days", "1 2") == [2.0, None]


@pytest.mark.parametrize("cell", ["13/25/2020", "2020-01-02", "1.1.20", "31.02.2020", "43891"])
def test_dates_of_another_format_are_faults_and_are_not_shown(read: Read, cell: str) -> None:
    columns = {"os_days": {"start": "Begin", "end": "End", "date_format": "%d.%m.%Y"}}
    fault = _fault(read, {"text": f"id,Begin,End\n1,{cell},01.03.2020\n", "columns": columns})
    assert "t0.csv, column Begin to End (os_days): 1 cells are not dates of the declared format" in fault
    assert "allowed: %d.%m.%Y" in fault
    assert cell not in fault


def test_the_declared_format_decides_what_an_ambiguous_date_means(read: Read) -> None:
    def days(form: str) -> list[Any]:
        columns = {"os_days": {"start": "B", "end": "E", "date_format": form}}
        return _column(read({"text": "id,B,E\n1,03/04/2020,05/04/2020\n", "columns": columns}), "os_days", "1")

    assert days("%d/%m/%Y") == [2.0]
    assert days("%m/%d/%Y") == [61.0]


def test_values_out_of_range_go_to_quarantine(read: Read) -> None:
    found = read({"text": "id,Age\n1,17\n2,18\n3,110\n4,111\n", "columns": {"age": {"from": "Age"}}})
    assert found.table.num_rows == 2
    assert [(row.code, row.stage, row.centre, row.modality) for row in found.quarantined] == [
        ("TAB_RANGE", "tables", "A", "")
    ] * 2
    assert {row.case for row in found.quarantined} == {f"demo:{pseudonym(KEY, 'demo', p)}" for p in "14"}
    assert found.quarantined[0].message == "age lies outside 18 to 110"
    assert found.quarantined[0].details == {"column": "age"}


def test_survival_times_that_cannot_be_cost_the_endpoint_and_not_the_patient(read: Read) -> None:
    found = read(
        {
            "text": "id,Age,T,D\n1,61,0,true\n2,62,-3,false\n3,63,,true\n4,64,,\n5,65,-3,\n6,66,1,false\n7,67,0,\n",
            "columns": {"age": {"from": "Age"}, "os_days": {"from": "T"}, "death": {"from": "D"}},
        }
    )
    assert {row.case for row in found.quarantined} == {f"demo:{pseudonym(KEY, 'demo', p)}" for p in "1235"}
    assert [row.code for row in found.quarantined] == ["TAB_TIME"] * 4
    assert found.quarantined[0].details == {"column": "os_days", "endpoint": "survival"}
    assert [row.message for row in found.quarantined[1:3]] == [
        "os_days is not above zero",
        "os_days is missing where death is given",
    ]
    assert _column(found, "age", "1 2 3 4 5 6 7") == [61.0, 62.0, 63.0, 64.0, 65.0, 66.0, 67.0]
    assert _column(found, "os_days", "1 2 3 4 5 6 7") == [None, None, None, None, None, 1.0, 0.0]
    assert _column(found, "death", "1 2 3 6") == [None, None, None, False]


def test_an_event_that_another_endpoint_needs_is_kept(read: Read) -> None:
    endpoints = {
        "survival": {"kind": "survival", "time": "os_days", "event": "death"},
        "died": {"kind": "binary", "column": "death"},
    }
    columns = {"os_days": {"from": "T"}, "death": {"from": "D"}}
    found = read({"text": "id,T,D\n1,-3,true\n", "columns": columns}, endpoints=endpoints)
    assert (_column(found, "os_days", "1"), _column(found, "death", "1")) == ([None], [True])
    assert [row.details["endpoint"] for row in found.quarantined] == ["survival"]


def test_a_survival_time_of_zero_is_half_a_day_where_declared(read: Read) -> None:
    variables = {**VARIABLES, "os_days": {**VARIABLES["os_days"], "zero": "half_day"}}
    columns = {"os_days": {"from": "T"}, "death": {"from": "D"}}
    found = read({"text": "id,T,D\n1,0,true\n2,0,false\n3,-1,true\n", "columns": columns}, variables=variables)
    assert _column(found, "os_days", "1 2 3") == [0.5, 0.5, None]
    assert len(found.quarantined) == 1


def test_an_outcome_out_of_range_costs_its_endpoint_alone(read: Read) -> None:
    variables = {**VARIABLES, "os_days": {**VARIABLES["os_days"], "allowed": [0, 100]}}
    columns = {"os_days": {"from": "T"}, "death": {"from": "D"}, "age": {"from": "A"}}
    found = read({"text": "id,T,D,A\n1,101,true,60\n2,100,true,60\n", "columns": columns}, variables=variables)
    assert _column(found, "os_days", "1 2") == [None, 100.0]
    assert _column(found, "age", "1 2") == [60.0, 60.0]
    (row,) = found.quarantined
    assert (row.code, row.message, row.details) == (
        "TAB_RANGE",
        "os_days lies outside 0 to 100",
        {"column": "os_days", "endpoint": "survival"},
    )


def test_tables_of_one_centre_complete_each_other(read: Read) -> None:
    found = read(
        {"text": "id,Age\n1,60\n2,70\n", "columns": {"age": {"from": "Age"}}},
        {"text": "id,Sex\n2,male\n3,female\n", "columns": {"sex": {"from": "Sex"}}},
    )
    assert _column(found, "age", "1 2 3") == [60.0, 70.0, None]
    assert _column(found, "sex", "1 2 3") == [None, "male", "female"]


def test_a_variable_twice_for_one_patient_is_a_fault(read: Read) -> None:
    table = {"text": "id,Age\n9,61\n1,60\n", "columns": {"age": {"from": "Age"}}}
    fault = _fault(read, {**table, "text": "id,Age\n1,60\n"}, table)
    assert "t1.csv: 1 patient already has age from another table; found row 3" in fault


def test_a_patient_of_two_centres_is_a_fault(read: Read) -> None:
    fault = _fault(
        read,
        {"text": "id,Age\n1,60\n", "columns": {"age": {"from": "Age"}}},
        {"text": "id,Sex\n1,male\n", "columns": {"sex": {"from": "Sex"}}, "centre": "B"},
    )
    assert "t1.csv: 1 patient of centre B stands in a table of centre A, too; found row 2" in fault
    assert "if they are different people, declare id_form: prefix" in fault


def test_faults_of_all_tables_come_together(read: Read) -> None:
    fault = _fault(
        read,
        {"text": "id,Age\n1,x\n", "columns": {"age": {"from": "Age"}}},
        {"text": "id,Sex\n1,z\n", "columns": {"sex": {"from": "Sex"}}},
    )
    assert fault.startswith("2 faults")


def test_faults_of_ids_and_of_cells_come_together(read: Read) -> None:
    fault = _fault(read, {"text": "id,Age\n1,x\n1,60\n", "columns": {"age": {"from": "Age"}}})
    assert fault.startswith("2 faults")


def test_absent_columns_are_all_named_with_the_nearest(read: Read) -> None:
    fault = _fault(
        read,
        {
            "text": "id,Age,Bgin\n1,2,3\n",
            "columns": {
                "sex": {"from": "Sex"},
                "os_days": {"start": "Begin", "end": "End", "date_format": "%Y"},
            },
        },
    )
    assert fault.startswith("3 faults")
    assert 'there is no column "Begin"; allowed: Age, Bgin; did you mean "Bgin"?' in fault


def test_rows_in_another_order_give_the_same_table(read: Read) -> None:
    columns = {"age": {"from": "Age"}}
    one = read({"text": "id,Age\n1,60\n2,70\n3,80\n", "columns": columns})
    other = read({"text": "id,Age\n3,80\n1,60\n2,70\n", "columns": columns})
    assert one.table.equals(other.table)


def test_cohort_without_tables_has_an_empty_block(read: Read) -> None:
    found = read()
    assert found.table.num_rows == 0
    assert found.table.schema.names == ["patient", "cohort", "centre", *VARIABLES]


def test_excel_table(read: Read, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [["id", "Age", "Dead"], ["007", 64, 1], [8, 65.5, 0]]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    columns = {"age": {"from": "Age"}, "smoker": {"from": "Dead", "codes": {"1": True, "0": False}}}
    found = read({"path": "t.xlsx", "columns": columns})
    assert _column(found, "age", "007 8") == [64.0, 65.5]
    assert _column(found, "smoker", "007 8") == [True, False]


def test_schema_of_a_cohort_without_variables_is_the_key_alone() -> None:
    cohort = Cohort.model_construct(variables={})
    assert [column.name for column in clinical_schema(cohort).columns] == ["patient", "cohort", "centre"]


def test_a_molar_unit_asks_for_the_analyte(read: Read) -> None:
    variables = {"crea": {"type": "number", "description": "creatinine", "unit": "umol/l"}}
    table = {"text": "id,C\n1,1\n", "columns": {"crea": {"from": "C", "unit": "mg/dl"}}}
    fault = _fault(read, table, variables=variables, endpoints={})
    assert (
        'no conversion from "mg/dl" to "umol/l" is known; between mass and moles declare the variable\'s analyte'
        in fault
    )
    variables["crea"]["analyte"] = "creatinine"
    found = read(table, variables=variables, endpoints={})
    assert _column(found, "crea", "1") == [pytest.approx(88.4, rel=1e-3)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(18, 110), st.sampled_from(["female", "male", "NA"])), min_size=1, max_size=8
    ),
    random=st.randoms(use_true_random=False),
)
def test_order_of_rows_and_columns_changes_nothing(read: Read, rows: list[Any], random: Any) -> None:
    columns = {"age": {"from": "Age"}, "sex": {"from": "Sex"}}
    lines = [["P" + str(i), "" if age is None else str(age), sex] for i, (age, sex) in enumerate(rows)]
    straight = read({"text": "\n".join(map(",".join, [["id", "Age", "Sex"], *lines])) + "\n", "columns": columns})
    random.shuffle(lines)
    turned = [["Sex", "id", "Age"], *([sex, patient, age] for patient, age, sex in lines)]
    assert straight.table.equals(read({"text": "\n".join(map(",".join, turned)) + "\n", "columns": columns}).table)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(years=st.floats(18, 110), unit=st.sampled_from(["days", "weeks", "months"]))
def test_a_value_in_another_unit_is_the_same_value(read: Read, years: float, unit: str) -> None:
    factor = conversion("years", unit)
    assert factor is not None
    written = read({"text": f"id,Age\n1,{years!r}\n", "columns": {"age": {"from": "Age"}}})
    columns = {"age": {"from": "Age", "unit": unit}}
    variables = {**VARIABLES, "age": {**VARIABLES["age"], "allowed": None}}
    other = read({"text": f"id,Age\n1,{years * factor!r}\n", "columns": columns}, variables=variables)
    assert _column(other, "age", "1") == [pytest.approx(_column(written, "age", "1")[0], rel=1e-12)]
