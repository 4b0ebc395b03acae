"""read_genomic: the union of the centres' genes, every cell a finite number or missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import Cohort
from features.core.catalog.genomic_source import ExpressionTable
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from features.genomic.read_genomic import read_genomic
from features.tables.patient import PatientTable

KEY = b"k" * 64
Read = Callable[..., PatientTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def build(*tables: dict[str, Any]) -> PatientTable:
        sources = []
        for i, table in enumerate(tables):
            table = dict(table)
            (tmp_path / f"g{i}.csv").write_text(table.pop("text"))
            defaults = {
                "block": "genomic",
                "centre": "A",
                "path": f"g{i}.csv",
                "id": "id",
                "genes": "G*",
                "unit": "log2",
            }
            sources.append(ExpressionTable.model_validate({**defaults, **table}))
        cohort = Cohort.model_construct(centres={"A": None, "B": None}, tables=tuple(sources))
        return read_genomic(tmp_path, "demo", cohort, KEY)

    return build


def _fault(read: Read, *tables: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*tables)
    return str(caught.value)


def _row(table: PatientTable, patient: str) -> dict[str, Any]:
    code = pseudonym(KEY, "demo", patient)
    (row,) = (row for row in table.table.to_pylist() if row["patient"] == code)
    return row


def test_columns_that_match_the_pattern_are_genes(read: Read) -> None:
    found = read({"text": "id,G2,note,G1,g3\n1,1.5,x,-2,7\nNA,NA,y,3,8\n"})
    assert found.table.schema.names == ["patient", "cohort", "centre", "G1", "G2"]
    assert _row(found, "1") | {"patient": ""} == {"patient": "", "cohort": "demo", "centre": "A", "G1": -2.0, "G2": 1.5}
    assert _row(found, "NA")["G2"] is None
    assert found.columns[-1].unit == "log2"
    assert found.columns[-1].description == "expression of G2"


def test_centres_with_different_genes_are_united(read: Read) -> None:
    found = read({"text": "id,G1\n1,1\n"}, {"text": "id,G2\n2,2\n", "centre": "B"})
    assert (_row(found, "1")["G1"], _row(found, "1")["G2"], _row(found, "1")["centre"]) == (1.0, None, "A")
    assert (_row(found, "2")["G1"], _row(found, "2")["G2"], _row(found, "2")["centre"]) == (None, 2.0, "B")


def test_tables_of_one_centre_complete_each_other(read: Read) -> None:
    found = read({"text": "id,G1\n1,1\n"}, {"text": "id,G2\n1,2\n"})
    assert found.table.num_rows == 1
    assert (_row(found, "1")["G1"], _row(found, "1")["G2"]) == (1.0, 2.0)


def test_a_gene_twice_for_one_patient_is_a_fault(read: Read) -> None:
    fault = _fault(read, {"text": "id,G1\n1,1\n"}, {"text": "id,G1\n2,1\n1,2\n"})
    assert "g1.csv: 1 patient already has these genes from another table; found row 3" in fault


def test_a_patient_of_two_centres_is_a_fault(read: Read) -> None:
    fault = _fault(read, {"text": "id,G1\n1,1\n2,1\n"}, {"text": "id,G2\n1,1\n2,1\n", "centre": "B"})
    assert "2 patients of centre B stand in a table of centre A, too; found row 2, row 3; if they" in fault


def test_a_gene_column_twice_is_a_fault(read: Read) -> None:
    fault = _fault(read, {"text": "id,G1,G2,G1\n1,1,2,3\n"})
    assert "g0.csv: genes stand twice; found G1; allowed: one value per patient and gene" in fault


def test_no_matching_column_is_a_fault(read: Read) -> None:
    assert "g0.csv: no column matches the gene pattern; found X*" in _fault(
        read, {"text": "id,G1\n1,1\n", "genes": "X*"}
    )


@pytest.mark.parametrize("cell", ["inf", "-inf", "nan", "x", "1e999", "MARCH1", "1_0"])
def test_cells_that_are_no_finite_numbers_are_faults(read: Read, cell: str) -> None:
    fault = _fault(read, {"text": f"id,G1,G2\n1,{cell},1\n2,{cell},\n"})
    assert 'g0.csv: 2 cells of genes are not numbers; allowed: finite numbers with "."' in fault


def test_decimal_comma_where_it_is_declared(read: Read) -> None:
    table = {"text": "id;G1\n1;1,5\n", "separator": ";"}
    assert _row(read({**table, "decimal": ","}), "1")["G1"] == 1.5
    assert "1 cell of genes is not a number" in _fault(read, table)


def test_another_unit_is_a_fault(read: Read) -> None:
    fault = _fault(read, {"text": "id,G1\n1,1\n"}, {"text": "id,G1\n2,1\n", "centre": "B", "unit": "counts"})
    assert 'g1.csv: gene "G1" has another unit; found counts; allowed: log2' in fault


def test_faults_of_all_tables_come_together(read: Read) -> None:
    fault = _fault(read, {"text": "id,G1\n1,x\n"}, {"text": "id,H\n2,1\n", "centre": "B"})
    assert fault.startswith("2 faults")


def test_a_transposed_table_has_no_id_column(read: Read) -> None:
    assert 'there is no column "id"' in _fault(read, {"text": "gene,P1,P2\nG1,1,2\nG2,3,4\n"})
