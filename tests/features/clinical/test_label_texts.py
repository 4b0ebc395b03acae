"""Labels out of reports: who teaches and who is labelled, what changes nothing, which words are kept (none), and faults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from features.clinical.read_clinical import read_clinical
from features.clinical.text_model import masked
from features.core.catalog.catalog import Cohort, load_catalog
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from tests.support.catalog import cohort_of, write_catalog
from tests.support.reports import CODES, NUMBER, SURNAME, VARIABLES, Patient, declared, patients

KEY = b"k" * 64


def cohort(folder: Path, rows: list[Patient], **settings: Any) -> Cohort:
    return load_catalog(declared(folder, rows, **settings)).cohort("demo")


def labelled(folder: Path, rows: list[Patient], key: bytes = KEY, **settings: Any) -> dict[str, tuple[Any, ...]]:
    """Patient → blood, who labelled it, what the text says."""
    table = read_clinical(folder, "demo", cohort(folder, rows, **settings), key).table
    found = {row["patient"]: (row["blood"], row["blood_label"], row["blood_by_text"]) for row in table.to_pylist()}
    return {
        row["id"]: found[pseudonym(key, "demo", row["id"])]
        for row in rows
        if pseudonym(key, "demo", row["id"]) in found
    }


def test_those_labelled_by_hand_keep_their_labels_some_teach_and_the_others_are_read(tmp_path: Path) -> None:
    rows = patients()
    found = labelled(tmp_path, rows)
    by_hand = {row["id"]: row["bled"] == "yes" for row in rows if row["bled"]}
    assert {who: flag for who, (flag, by, _) in found.items() if by != "text"} == by_hand
    assert {by for _, by, _ in found.values()} == {"hand", "taught", "text"}
    taught = [who for who, (_, by, _) in found.items() if by == "taught"]
    assert 10 < len(taught) < 30
    truth = {row["id"]: (int(row["id"][1:]) * 7) % 11 < 5 for row in rows}
    assert {who: flag for who, (flag, by, _) in found.items() if by == "text"} == {
        f"P{i}": truth[f"P{i}"] for i in range(40, 60)
    }
    assert all(read is not None for _, _, read in found.values())


@pytest.mark.slow
def test_labels_and_texts_of_those_who_do_not_teach_change_no_other_label_and_nor_does_the_key(tmp_path: Path) -> None:
    """The poison test: whoever may be scored has no part in the labels that train."""
    rows = patients()
    first = labelled(tmp_path, rows)
    assert labelled(tmp_path, rows, b"another" * 9) == first
    spoilt = [dict(row) for row in rows]
    for row in spoilt:
        if first[row["id"]][1] == "hand":
            row |= {"bled": "yes" if row["bled"] == "no" else "no", "text": f"blood blood {SURNAME} haematoma " * 9}
    second = labelled(tmp_path, spoilt)
    others = [who for who, (_, by, _) in first.items() if by != "hand"]
    assert {who: second[who] for who in others} == {who: first[who] for who in others}


@pytest.mark.slow
def test_no_word_of_a_report_is_in_the_table_its_dictionary_or_a_warning(tmp_path: Path) -> None:
    rows = patients()
    found = read_clinical(tmp_path, "demo", cohort(tmp_path, rows), KEY)
    told = repr(
        (found.table.to_pydict(), found.table.schema.metadata, found.columns, found.quarantined, found.warnings)
    )
    assert not [word for word in (SURNAME, SURNAME.lower(), NUMBER, "haematoma", "MRN") if word in told]
    meaning = {column.name: column.description for column in found.columns}
    assert "weak label" in meaning["blood"] and "weak" not in meaning["bled"]


@pytest.mark.slow
def test_a_patient_with_a_report_alone_is_labelled_and_one_with_a_label_alone_stays(tmp_path: Path) -> None:
    rows = patients()
    rows[3]["text"] = "  "
    folder, known = tmp_path, cohort(tmp_path, rows)
    lines = (folder / "clinical.csv").read_text().splitlines()
    (folder / "clinical.csv").write_text("\n".join(line for line in lines if not line.startswith("P59,")) + "\n")
    table = {row["patient"]: row for row in read_clinical(folder, "demo", known, KEY).table.to_pylist()}
    alone, silent = (table[pseudonym(KEY, "demo", who)] for who in ("P59", "P3"))
    assert (alone["age"], alone["blood_label"]) == (None, "text")
    assert (silent["blood"], silent["blood_label"], silent["blood_by_text"]) == (rows[3]["bled"] == "yes", "hand", None)


@pytest.mark.slow
def test_another_language_and_encoding_is_just_read(tmp_path: Path) -> None:
    rows = patients()
    for row in rows[50:]:
        row["text"] = "Köhler: keine Blutung, für Übersicht unauffällig"
    found = labelled(tmp_path, rows, encoding="cp1252")
    assert all(found[f"P{i}"][1] == "text" for i in range(50, 60))


@pytest.mark.slow
def test_nobody_learns_from_the_report_of_a_patient_who_withdrew(tmp_path: Path) -> None:
    rows = patients()
    who = next(one for one, (_, by, _) in labelled(tmp_path, rows).items() if by == "taught")
    gone = {f"demo:{pseudonym(KEY, 'demo', who)}"}
    left = read_clinical(tmp_path, "demo", cohort(tmp_path, rows), KEY, withdrawn=gone).table.to_pylist()
    silent = read_clinical(
        tmp_path, "demo", cohort(tmp_path, [row | {"text": ""} if row["id"] == who else row for row in rows]), KEY
    )
    assert left == silent.table.to_pylist()
    assert next(row for row in left if f"demo:{row['patient']}" in gone)["blood_by_text"] is None


def test_without_teachers_there_are_labels_by_hand_alone(tmp_path: Path) -> None:
    found = labelled(tmp_path, patients(), teach=0, texts="")
    assert {by for _, by, _ in found.values()} == {"hand", None}
    assert sum(flag is not None for flag, _, _ in found.values()) == 40


@pytest.mark.parametrize(
    ("change", "settings", "said"),
    [
        (lambda row: row | {"bled": "no" if row["bled"] else ""}, {}, "0 positive and .* too few|too few .* 0 positive"),
        (lambda row: row | {"bled": row["bled"] if row["id"] < "P15" else ""}, {}, "label more reports by hand"),
        (lambda row: row | {"text": ""}, {}, "0 positive and 0 negative reports"),
        (lambda row: row, {"by_hand": "bleed"}, 'unknown outcome of type flag.*"bleed".*bled'),
        (lambda row: row, {"texts": "note"}, 'no block of texts has this name.*"note".*notes'),
        (lambda row: row, {"texts": ""}, "no block of texts has this name"),
        (lambda row: row, {"teach": 1.5}, "teach"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_or_found_is_said_and_no_text_is_quoted(
    tmp_path: Path, change: Any, settings: dict[str, Any], said: str
) -> None:
    rows = [change(row) for row in patients()]
    with pytest.raises(ConfigError) as error:
        labelled(tmp_path, rows, **settings)
    text = " ".join(str(error.value).split())
    assert re.search(said, text), text
    assert SURNAME not in text and NUMBER not in text


def test_reports_without_a_common_word_teach_nothing(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = [row | {"text": f"{letters[i % 26]}{letters[i // 26]}{letters[i % 7]}q"} for i, row in enumerate(patients())]
    with pytest.raises(ConfigError, match="no words to learn from"):
        labelled(tmp_path, rows)


def test_reports_of_another_centre_than_the_clinical_table_s_are_a_fault(tmp_path: Path) -> None:
    declared(tmp_path, patients())
    tables = [
        {"block": "clinical", "centre": "A", "path": "clinical.csv", "id": "id", "columns": CODES},
        {"block": "notes", "centre": "B", "path": "reports.csv", "id": "id", "type": "text"},
    ]  # fmt: skip
    own = {"centres": {"A": {}, "B": {}}, "labelled": {"blood": {"by_hand": "bled", "texts": "notes"}}}
    path = write_catalog(tmp_path, demo=cohort_of(variables=VARIABLES, tables=tables, **own))
    with pytest.raises(ConfigError, match="centre B stand in a table of centre A"):
        read_clinical(tmp_path, "demo", load_catalog(path).cohort("demo"), KEY)


def test_numbers_and_ids_are_one_word() -> None:
    assert masked("MRN A-4711x seen 03/05/2021 at 7mm") == "mrn a-0 seen 0/0/0 at 0"
