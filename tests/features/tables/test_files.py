"""read_text_table: exactly the cells of a file, keyed by patient; nothing is guessed and no id is ever shown."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from features.core.catalog.id_form import IdForm
from features.core.catalog.table_source import TableSource
from features.core.errors import ConfigError, RadweaveError
from features.tables.excel import is_excel_damage
from features.tables.files import TextTable, patients_of, read_text_table, require_columns

Read = Callable[..., TextTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """A table read from text, bytes or rows of an Excel sheet."""

    def build(content: str | bytes | list[list[Any]], *, name: str = "t.csv", **settings: Any) -> TextTable:
        path = tmp_path / name
        if isinstance(content, list):
            path = path.with_suffix(".xlsx")
            book = openpyxl.Workbook()
            book.active.title = "other"
            sheet = book.create_sheet("patients")
            for row in content:
                sheet.append(row)
            book.save(path)
            settings.setdefault("sheet", "patients")
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = read_text_table(tmp_path, TableSource(path=path.name, **{"id": "id", **settings}))
        patients_of(table, IdForm())
        return table

    return build


def _ids(table: TextTable) -> list[str]:
    return patients_of(table, IdForm())


def _cells(table: TextTable) -> list[list[Any]]:
    columns = [table.column(name) for name in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def test_cells_are_text_without_blanks(read: Read) -> None:
    frame = read("id, a ,b\n x1 , 1.50 ,\n007,NA,a b\n")
    assert _ids(frame) == ["x1", "007"]
    assert list(frame.columns) == ["a", "b"]
    assert _cells(frame) == [["1.50", None], [None, "a b"]]


def test_ids_are_never_missing_codes_nor_numbers(read: Read) -> None:
    frame = read("id,a\nNA,1\nnan,2\nNone,3\n007,4\n7,5\n7.0,6\n1e3,7\n")
    assert _ids(frame) == ["NA", "nan", "None", "007", "7", "7.0", "1e3"]


def test_declared_codes_are_missing_and_no_others(read: Read) -> None:
    frame = read("id,a\n1,-9\n2,NA\n3,.\n4,nan\n5,null\n6,\n", missing=["-9", "."])
    assert _cells(frame) == [[None], ["NA"], [None], ["nan"], ["null"], [""]]


def test_semicolon_tab_quotes_and_commas(read: Read) -> None:
    assert _cells(read('id;a\n1;"2;5"\n2;3,5\n', separator=";")) == [["2;5"], ["3,5"]]
    assert _cells(read('id\ta\n1\t"say ""yes"""\n', separator="\t")) == [['say "yes"']]


def test_byte_order_mark_is_no_part_of_the_header(read: Read) -> None:
    assert _ids(read(b"\xef\xbb\xbfid,a\n1,2\n")) == ["1"]


def test_undeclared_latin_1_is_a_clear_error(read: Read) -> None:
    content = "id,a\n1,Köln\n".encode("latin-1")
    with pytest.raises(RadweaveError, match=r't\.csv: is not text of the encoding "utf-8-sig"; declare another one'):
        read(content)
    assert _cells(read(content, encoding="latin-1")) == [["Köln"]]


def test_utf_16_is_read_where_declared(read: Read) -> None:
    assert _cells(read("id,a\n1,é\n".encode("utf-16"), encoding="utf-16")) == [["é"]]


def test_unknown_encoding_is_a_fault_of_the_catalog(read: Read) -> None:
    with pytest.raises(ValueError, match="is no known encoding; for example utf-8, latin-1"):
        read("id,a\n1,2\n", encoding="utf-88")


def test_windows_and_old_mac_line_ends(read: Read) -> None:
    assert _cells(read(b"id,a\r\n1,2\r\n")) == [["2"]]
    assert _cells(read(b"id,a\r1,2\r")) == [["2"]]


def test_empty_rows_are_left_out_and_row_numbers_stay_those_of_the_file(read: Read) -> None:
    frame = read("id,a\n\n1,2\n,\n2,3\n")
    assert _ids(frame) == ["1", "2"]
    assert frame.rows == (3, 5)


def test_double_ids_are_named_by_their_rows_alone(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read("id,a\nSecret1,1\nx,2\n Secret1 ,3\n\nx,4\n")
    assert "t.csv: patient ids stand twice; found rows 2, 3, 4, 6; allowed: one row per patient" in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_many_double_ids_are_cut(read: Read) -> None:
    with pytest.raises(ConfigError, match=r"rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"):
        read("id,a\n" + "x,1\n" * 30)


def test_empty_ids_are_named_by_their_rows(read: Read) -> None:
    with pytest.raises(ConfigError, match="patient ids are empty; found rows 3, 4; or declare id"):
        read("id,a\n1,1\n,2\n  ,3\n")


def test_composed_and_decomposed_letters_are_one_id(read: Read) -> None:
    with pytest.raises(ConfigError, match="patient ids stand twice"):
        read("id,a\nM\u00fcller,1\nMu\u0308ller,2\n")


@pytest.mark.parametrize("content", ["id,a\n1,2,3\n", "id,a,b\n1,2\n", "id,a\n1,2,\n", "id\n1,2\n"])
def test_rows_of_another_length_than_the_header_are_refused(read: Read, content: str) -> None:
    with pytest.raises(
        ConfigError, match="rows are longer or shorter than the header; found rows 2; allowed: .* cells"
    ):
        read(content)


def test_missing_id_column_names_the_nearest(read: Read) -> None:
    with pytest.raises(ConfigError, match='there is no column "id"; found|there is no column "id"; allowed: idd, a'):
        read("idd,a\n1,2\n")


def test_wrong_separator_is_guessed_at_in_the_hint(read: Read) -> None:
    with pytest.raises(ConfigError, match='there is no column "id".*is the separator right'):
        read("id;a\n1;2\n")


def test_double_columns_are_refused_where_they_are_wanted(read: Read) -> None:
    frame = read("id,a,a,b\n1,2,3,4\n")
    require_columns(frame, ["b"])
    with pytest.raises(ConfigError, match='the column "a" stands 2 times'):
        require_columns(frame, ["a"])
    with pytest.raises(ConfigError, match='the column "id" stands 2 times'):
        read("id,id\n1,2\n")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_table_is_an_error(read: Read, content: str) -> None:
    with pytest.raises(RadweaveError, match=r"t\.csv: the table is empty"):
        read(content)


def test_header_without_rows_is_an_empty_table(read: Read) -> None:
    assert (read("id,a\n").rows, read("id,a\n").columns) == ((), ("a",))


def test_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(RadweaveError, match=r"no\.csv: there is no such table"):
        read_text_table(tmp_path, TableSource(path="no.csv", id="id"))


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd", "link.csv"])
def test_paths_out_of_the_cohort_s_folder_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside.csv").write_text("id,a\n1,2\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(RadweaveError, match="lies outside the cohort's folder"):
        read_text_table(tmp_path / "root", TableSource(path=path, id="id"))


@pytest.mark.parametrize("content", ['id,a\n1,"2\n', b"PK\x03\x04\x00\x00"])
def test_broken_table_is_an_error(read: Read, content: str | bytes) -> None:
    name = "t.csv" if isinstance(content, str) else "t.xlsx"
    with pytest.raises(RadweaveError, match=f"{name}: cannot be read as a table"):
        read(content, name=name)


def test_excel_cells_are_the_values_as_text(read: Read) -> None:
    frame = read(
        [["id", "count", "share", "word", "day"], ["007", 7, 0.1, "NA", date(2020, 2, 29)], [8, 2.0, None, " x ", None]]
    )
    assert _ids(frame) == ["007", "8"]
    assert _cells(frame) == [["7", "0.1", None, "2020-02-29 00:00:00"], ["2", None, "x", None]]


def test_excel_sheet_is_named_or_an_error(read: Read) -> None:
    with pytest.raises(
        RadweaveError, match='there is no sheet "patents"; allowed: other, patients; did you mean "patients"'
    ):
        read([["id"], ["1"]], sheet="patents")


def test_excel_rows_are_numbered_as_excel_does(read: Read) -> None:
    with pytest.raises(ConfigError, match="patient ids stand twice; found rows 2, 4"):
        read([["id", "a"], ["x", 1], [None, None], ["x", 2]])


def test_a_kept_value_of_a_formula_is_read(tmp_path: Path, read: Read) -> None:
    read([["id", "a"], ["x", 7]])
    path, patched = tmp_path / "t.xlsx", tmp_path / "p.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(patched, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<v>7</v>", b"<f>3+4</f><v>7</v>"))
    found = read_text_table(tmp_path, TableSource(path="p.xlsx", id="id", sheet="patients"))
    assert _cells(found) == [["7"]]


def test_compressed_tables_are_read(read: Read) -> None:
    packed = gzip.compress(b"id,a\n1,2\n")
    assert _cells(read(packed, name="t.csv.gz")) == [["2"]]
    for broken in (packed[:-12], b"id,a\n1,2\n", packed[:12] + b"xx" + packed[14:]):
        with pytest.raises(RadweaveError, match=r"t\.csv\.gz: cannot be read as a table"):
            read(broken, name="t.csv.gz")


def test_one_of_several_sheets_has_to_be_declared(read: Read) -> None:
    with pytest.raises(
        RadweaveError, match="the workbook has several sheets; allowed: other, patients; declare the sheet"
    ):
        read([["id"], ["1"]], sheet=None)


def test_old_workbooks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(RadweaveError, match=r"t\.xls: is a workbook of the old form; allowed: \.xlsx or CSV"):
        read_text_table(tmp_path, TableSource(path="t.xls", id="id"))


def test_comments_above_the_header_are_left_out_where_declared(read: Read) -> None:
    found = read("#version 2.4\n#more\nid,a\n#1,2\n", comment="#")
    assert (found.keys, found.rows, found.columns) == (("#1",), (4,), ("a",))


def test_a_first_row_of_values_is_no_header_and_is_not_shown(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read("Miller,64,male\nSmith,65,female\n")
    assert 'there is no column "id"; allowed: 3 columns of the header; is the first row the header?' in str(
        caught.value
    )
    assert "Miller" not in str(caught.value)


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_the_separator_that_stands_in_the_header_is_proposed(read: Read, separator: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(separator.join(["id", "a", "b"]) + "\n")
    assert f'declare separator: "{separator}"'.replace("\t", "\\t") in str(caught.value)


@pytest.mark.parametrize("name", ["1-Mar", "12-Sep", "Dec-01", "2020-03-01 00:00:00", "2.31E+13", "1E+05"])
def test_what_excel_makes_of_names_is_seen(name: str) -> None:
    assert is_excel_damage(name)


@pytest.mark.parametrize(
    "name", ["MARCH1", "SEPT2", "12-MAR", "2310009E13", "P-01", "1-Marie", "HLA-A", "2020-03-01", "7E5"]
)
def test_what_excel_leaves_alone_is_no_damage(name: str) -> None:
    assert not is_excel_damage(name)
