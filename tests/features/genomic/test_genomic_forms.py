"""Forms of genomic tables: the same values whether patients, genes or pairs stand in the rows; nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.core.catalog.catalog import Cohort
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from features.genomic.read_genomic import read_genomic
from features.tables.patient import PatientTable

KEY = b"k" * 64
Read = Callable[..., PatientTable]
WIDE = "id,G1,G2\nP1,1.5,2\nP2,,4\n"
SWAPPED = "id,P1,P2\nG1,1.5,\nG2,2,4\n"
PAIRS = "id,Gene,Value\nP1,G1,1.5\nP2,G2,4\nP1,G2,2\nP2,G1,\n"
MAF = """\
#version 2.4
Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tStart
TP53\tMissense_Mutation\tP1\t10
TP53\tNonsense_Mutation\tP1\t20
KRAS\tSilent\tP1\t30
MUC16\tFrame_Shift_Del\tP2\t40
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The genomic block of tables given as {text, …} of one centre A, or another one."""

    def build(*tables: dict[str, Any], **settings: Any) -> PatientTable:
        sources = []
        for i, table in enumerate(tables):
            settings_of_table = {key: value for key, value in table.items() if key != "text"}
            path = f"g{i}.csv"
            (tmp_path / path).write_text(table["text"])
            is_maf = table.get("form") == "mutations"
            defaults = {"block": "genomic", "centre": "A", "path": path} | ({} if is_maf else {"id": "id"})
            if table.get("form", "expression") == "expression":
                defaults["unit"] = "log2"
            sources.append({**defaults, **settings_of_table})
        mask = {"format": "seg", "roi": "x"}
        image = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": "x", "mask": mask}
        cohort = {"title": "x", "licence": "x", "root": ".", "centres": {"A": {}, "B": {}}, "images": [image]}
        found = Cohort.model_validate({**cohort, "tables": sources, **settings})
        return read_genomic(tmp_path, "demo", found, KEY)

    return build


def _fault(read: Read, *tables: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*tables)
    return str(caught.value)


def _values(table: PatientTable, patient: str) -> dict[str, Any]:
    (row,) = (row for row in table.table.to_pylist() if row["patient"] == pseudonym(KEY, "demo", patient))
    return {name: value for name, value in row.items() if name not in ("patient", "cohort", "centre")}


def test_three_ways_to_write_one_matrix(read: Read) -> None:
    wide = read({"text": WIDE})
    assert _values(wide, "P1") == {"G1": 1.5, "G2": 2.0}
    assert _values(wide, "P2") == {"G1": None, "G2": 4.0}
    assert wide.table.equals(read({"text": SWAPPED, "rows": "genes"}).table)
    assert wide.table.equals(read({"text": PAIRS, "rows": "pairs", "gene": "Gene", "value": "Value"}).table)


def test_patterns_choose_genes_and_patients(read: Read) -> None:
    swapped = {"text": "id,length,P1,P2\nG1,900,1,2\nERCC1,90,3,4\n", "rows": "genes", "patients": "P*", "genes": "G*"}
    assert _values(read(swapped), "P2") == {"G1": 2.0}
    pairs = {"text": PAIRS, "rows": "pairs", "gene": "Gene", "value": "Value", "genes": "G2"}
    assert _values(read(pairs), "P1") == {"G2": 2.0}
    assert "no row matches the gene pattern; found X*" in _fault(read, {**pairs, "genes": "X*"})
    assert "no column matches the pattern of patients; found X*" in _fault(read, {**swapped, "patients": "X*"})


def test_faults_of_swapped_tables_name_columns_and_no_patient(read: Read) -> None:
    fault = _fault(read, {"text": "id,Secret,x,Secret\nG1,1,2,3\n", "rows": "genes"})
    assert "patient ids stand twice; found columns 2, 4" in fault
    assert "Secret" not in fault
    fault = _fault(read, {"text": "x,id,Secret,Secret\n1,G1,2,3\n", "rows": "genes"})
    assert "patient ids stand twice; found columns 3, 4" in fault
    fault = _fault(read, {"text": "gene,Secret,x\nG1,1,2\n", "rows": "genes"})
    assert 'there is no column "id"; allowed: 3 columns of the header' in fault
    assert "Secret" not in fault
    fault = _fault(read, {"text": "id,2-Sep,x\nG1,1,2\n", "rows": "genes"})
    assert "Excel has turned names of the header into dates or numbers; found 2" in fault
    assert "2-Sep" not in fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,P1\nG1,1\nG1,2\n", "genes stand twice; found G1"),
        ("id,P1\n,1\nG1,2\n", "genes have no name"),
        (
            "id,P1\nG1__cn,1\n",
            'names of genes hold "__", which stands between a gene and the form of its column; found G1__cn',
        ),
        ("id,P1\nG1,x\nG2,2\n", "1 cell of genes is not a number"),
    ],
)
def test_faults_of_swapped_tables(read: Read, text: str, message: str) -> None:
    assert message in _fault(read, {"text": text, "rows": "genes"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAIRS + "P1,G1,7\n", "a gene stands twice for one patient; found rows 2, 6"),
        (PAIRS + "P1,,7\n", "genes have no name; found rows 6"),
        (PAIRS + "P1,G3,x\n", "1 cell of genes is not a number"),
        (PAIRS + "P1,2-Sep,1\n", "Excel has turned names of genes into dates or numbers; found 2-Sep"),
        ("id,Gen,Value\nP1,G1,1\n", 'there is no column "Gene"; allowed: Gen, Value; did you mean "Gen"?'),
    ],
)
def test_faults_of_pairs(read: Read, text: str, message: str) -> None:
    assert message in _fault(read, {"text": text, "rows": "pairs", "gene": "Gene", "value": "Value"})


def test_forms_stand_side_by_side_under_names_of_their_own(read: Read) -> None:
    text = "id,TP53\nP1,{}\n"
    found = read(
        {"text": text.format(7.5)},
        {"text": text.format(-1), "form": "copy_number", "coding": "gistic"},
        {"text": "id,cg01\nP1,0.25\n", "form": "methylation"},
        {"text": MAF, "form": "mutations", "genes": ["TP53"], "panel_mb": 2},
        {"text": text.format(9.5), "known_at": "week4"},
        timepoints={"baseline": 0, "week4": 28},
    )
    assert _values(found, "P1") == {
        "TP53": 7.5,
        "TP53__at_week4": 9.5,
        "TP53__cn": -1.0,
        "TP53__mutated": True,
        "cg01__beta": 0.25,
        "mutation_burden__per_mb": 1.0,
    }
    columns = {column.name: column for column in found.columns}
    assert {columns[name].family for name in _values(found, "P1")} == {
        "expression",
        "copy number",
        "methylation",
        "mutation",
        "mutation burden",
    }
    assert all(columns[name].description for name in columns)
    assert (columns["TP53__mutated"].type, columns["mutation_burden__per_mb"].unit) == ("bool", "1/Mb")


def test_one_column_with_two_meanings_is_a_fault(read: Read) -> None:
    text = "id,X\nP{},1\n"
    one = {"text": text.format(1), "form": "methylation", "level": "probe"}
    fault = _fault(read, one, {**one, "text": text.format(2), "level": "gene"})
    assert 'the column "X__beta" means something else in another table; found methylation of gene X' in fault
    one = {"text": text.format(1), "form": "copy_number", "coding": "log2"}
    fault = _fault(read, one, {**one, "text": text.format(2), "coding": "gistic"})
    assert 'gene "X__cn" has another unit; found GISTIC call; allowed: log2 ratio' in fault


def test_status_of_the_named_genes_and_burden_of_the_panel(read: Read) -> None:
    found = read({"text": MAF, "form": "mutations", "genes": ["TP53", "KRAS"], "panel_mb": 1.25})
    assert _values(found, "P1") == {"TP53__mutated": True, "KRAS__mutated": False, "mutation_burden__per_mb": 1.6}
    assert _values(found, "P2") == {"TP53__mutated": False, "KRAS__mutated": False, "mutation_burden__per_mb": 0.8}


def test_patients_without_a_mutation_are_known_where_the_sequenced_are_listed(read: Read, tmp_path: Path) -> None:
    (tmp_path / "seq.csv").write_text("patient,panel\nP1,x\nP2,x\nP3,x\n")
    table = {"text": MAF, "form": "mutations", "genes": ["TP53"], "panel_mb": 1}
    listed = {**table, "sequenced": {"path": "seq.csv", "id": "patient"}}
    assert read(table).table.num_rows == 2
    assert _values(read(listed), "P3") == {"TP53__mutated": False, "mutation_burden__per_mb": 0.0}
    (tmp_path / "seq.csv").write_text("patient\nP1\n")
    assert "patients do not stand in seq.csv; found rows 6" in _fault(read, listed)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "TP53\tMissense\tP1\t50",
            'classes of mutations that are not declared; found "Missense"; allowed: Frame_Shift_Del',
        ),
        ("TP53\t\tP1\t50", 'classes of mutations that are not declared; found ""'),
        ("TP53\tMissense_Mutation\tP1\t10", "mutations stand twice; found rows 7; allowed: one row per mutation"),
        ("\tSilent\tP1\t50", "genes have no name; found rows 7"),
        ("2-Sep\tSilent\tP1\t50", "Excel has turned names of genes into dates or numbers; found 2-Sep"),
        ("TP53\tSilent\t\t50", "patient ids are empty; found rows 7"),
    ],
)
def test_faults_of_mutations(read: Read, line: str, message: str) -> None:
    assert message in _fault(read, {"text": MAF + line + "\n", "form": "mutations", "genes": ["TP53"]})


def test_counted_classes_are_declared(read: Read) -> None:
    classes = {"counted": ["Silent"], "ignored": ["Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del"]}
    found = read({"text": MAF, "form": "mutations", "genes": ["TP53", "KRAS"], **classes})
    assert _values(found, "P1") == {"TP53__mutated": False, "KRAS__mutated": True}


def test_a_table_without_patients_is_an_empty_block(read: Read) -> None:
    found = read({"text": "id,G1\n"})
    assert (found.table.num_rows, found.table.schema.names) == (0, ["patient", "cohort", "centre", "G1"])
    assert read().table.num_rows == 0


def test_columns_that_a_centre_lacks_are_warned_about_in_one_row(read: Read) -> None:
    found = read({"text": "id,G1,G2\nP1,1,2\nP2,1,\nP3,1,\n"}, {"text": "id,G1,G2\nP4,1,2\n", "centre": "B"})
    (warning,) = found.warnings
    assert (warning.code, warning.centre, warning.details) == ("TAB_MISSING", "A", {"column": "genomic", "columns": 1})


numbers = st.floats(-49, 49, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.lists(st.none() | numbers, min_size=3, max_size=3), min_size=1, max_size=5),
    random=st.randoms(use_true_random=False),
)
def test_order_of_rows_and_columns_changes_nothing(read: Read, values: list[list[float | None]], random: Any) -> None:
    cells = np.array([["" if v is None else repr(v) for v in row] for row in values], dtype=object)
    patients, genes = [f"P{i}" for i in range(len(values))], ["G1", "G2", "G3"]

    def text(rows: list[int], columns: list[int]) -> str:
        lines = [["id", *(genes[j] for j in columns)]]
        lines += [[patients[i], *(cells[i, j] for j in columns)] for i in rows]
        return "\n".join(",".join(line) for line in lines) + "\n"

    rows, columns = list(range(len(patients))), [0, 1, 2]
    straight = read({"text": text(rows, columns)})
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = read({"text": text(rows, columns)})
    assert straight.table.equals(shuffled.table)
    for i, patient in enumerate(patients):
        assert list(_values(straight, patient).values()) == values[i]


def test_genes_that_are_named_as_outcomes_are_told_until_somebody_has_checked_them(read: Read) -> None:
    text = "id,EFS,OS9,G1,death\nP1,1,2,3,4\nP2,2,3,4,5\n"
    (warning,) = read({"text": text}).warnings
    assert (warning.code, warning.centre) == ("TAB_OUTCOME_NAME", "A")
    assert warning.message == "genomic columns are named as outcomes are: EFS, OS9, death"
    (warning,) = read({"text": text, "leak_checked": ["EFS", "death"]}).warnings
    assert warning.details == {"column": "genomic", "columns": 1}
