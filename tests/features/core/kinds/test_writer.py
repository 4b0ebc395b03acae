"""Which software wrote a table is told from its header."""

import csv
import gzip
from pathlib import Path

import pytest

from features.core.kinds.writer import recognise


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (["PatientID", "original_shape_Sphericity", "age"], "pyradiomics"),
        (["gene_1", "gene_2"], "plain"),
        (["PatientID", "diagnostics_Versions_PyRadiomics"], "plain"),
        ([], "plain"),
    ],
)
def test_the_writer_that_knows_most_columns_is_recognised(header: list[str], kind: str) -> None:
    assert recognise(header).kind == kind


def test_a_column_of_nobody_s_is_known_by_its_name_alone() -> None:
    found = recognise(["original_glcm_Contrast"]).explain(["original_glcm_Contrast", "vol_edema"])["vol_edema"]
    assert found is not None
    assert (found.name, found.description) == ("vol_edema", "column vol_edema of a ready-made table")
    assert (found.type, found.family, found.ibsi, found.unit, found.version) == ("float64", "", "", "", "")


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "kind", "features", "coded"),
    [
        ("hosny-lung-3cohorts/Hosny2018A.csv.gz", "pyradiomics", 984, 826),
        ("headneck-4centres/Head-Neck-PET-CT.csv.gz", "pyradiomics", 210, 194),
        ("radmlbench/Ahn2021.csv.gz", "pyradiomics", 106, 98),
        ("radmlbench/C4KC-KiTS.csv.gz", "pyradiomics", 315, 291),
        ("radmlbench/HCC-TACE-Seg.csv.gz", "pyradiomics", 420, 388),
        ("radmlbench/Head-Neck-Radiomics-HN1.csv.gz", "pyradiomics", 105, 97),
        ("radmlbench/WORC-Lipo.csv.gz", "pyradiomics", 1015, 987),
        ("radmlbench/Veeraraghavan2020.csv.gz", "plain", 0, 0),
    ],
)
def test_public_tables_are_recognised(public_data: Path, path: str, kind: str, features: int, coded: int) -> None:
    with gzip.open(public_data / path, "rt", encoding="utf-8-sig") as lines:
        header = next(csv.reader(lines))
    writer = recognise(header)
    columns = writer.explain(header)
    assert writer.kind == kind
    assert sum(bool(column and column.family) for column in columns.values()) == features
    assert sum(bool(column and column.ibsi) for column in columns.values()) == coded
    assert None not in columns.values()
