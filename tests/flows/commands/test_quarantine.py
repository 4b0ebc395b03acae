"""The commands quarantine and quality, and what status and a run show of files: on a small store, without images."""

import csv
import io
import json
from pathlib import Path

import pytest

from features.core.quarantine import REASONS
from features.core.storage.store import Store
from features.results.manifest import Mart
from flows.commands.quarantine import explain_tables, explained, read_reasons
from flows.serving.artifacts import GRID_COLUMNS, MOST_IMAGES, quality_grid
from tests.tasks.quality.quality_store import quality_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A cohort of 30 scans, of which one was rejected and one has a warning."""
    return quality_store(tmp_path_factory.mktemp("trial") / "store", 30)


def test_codes_are_listed_with_what_they_mean_and_what_to_do(trial: Store, command) -> None:
    rows = json.loads(command("quarantine", "--store", trial.root, "--format", "json").stdout)
    assert [(row["severity"], row["code"], row["rows"], row["centres"]) for row in rows] == [
        ("error", "MASK_TINY", 1, "C"),
        ("warning", "TAB_MISSING", 1, "B"),
    ]
    assert (rows[0]["means"], rows[0]["what to do"]) == (REASONS["MASK_TINY"].means, REASONS["MASK_TINY"].remedy)
    shown = command("quarantine", "trial", "--store", trial.root).stdout
    assert "Quarantine and warnings of trial: 2 rows" in shown and REASONS["MASK_TINY"].remedy in shown


def test_cases_are_listed_as_csv_with_every_column(trial: Store, command) -> None:
    text = command("quarantine", "--cases", "--severity", "error", "--format", "csv", "--store", trial.root).stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["case"], row["run"], row["files"], row["bytes"]) == ("trial:p0029:baseline", "1", "2", "9")
    assert list(row) == ["cohort", "run", "case", "centre", "image", "roi", "modality", "stage", "code", "severity",
                         "message", "details", "files", "bytes", "digests", "retryable"]  # fmt: skip


def test_a_table_keeps_codes_and_cases_whole_on_a_narrow_screen(trial: Store, command) -> None:
    summary = command("quarantine", "--store", trial.root, COLUMNS="80").stdout
    assert "TAB_MISSING" in summary and "MASK_TINY" in summary
    cases = command("quarantine", "--cases", "--store", trial.root, COLUMNS="80").stdout
    assert "trial:p0029:baseline" in cases and "MASK_TINY" in cases


def test_a_list_without_rows_has_its_heads(small: Store, command) -> None:
    for options in ([], ["--cases"]):
        (line,) = command("quarantine", *options, "--format", "csv", "--store", small.root).stdout.splitlines()
        assert line.startswith('"cohort","') and '"code"' in line
    assert command("quarantine", "--store", small.root).stdout == "Quarantine and warnings of all cohorts: 0 rows\n"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--code", "MASK_TINY"], 1),
        (["--centre", "B"], 1),
        (["--stage", "index"], 0),
        (["--severity", "warning", "--stage", "tables"], 1),
    ],
)
def test_rows_are_filtered(trial: Store, command, options: list[str], count: int) -> None:
    rows = json.loads(command("quarantine", "--cases", *options, "--format", "json", "--store", trial.root).stdout)
    assert len(rows) == count


def test_a_word_that_no_row_has_is_an_error_with_those_that_there_are(trial: Store, command) -> None:
    said = command("quarantine", "--code", "MASK_TINI", "--store", trial.root, code=2).stderr
    assert 'has the code "MASK_TINI"; the rows have MASK_TINY, TAB_MISSING; did you mean' in said
    assert 'the store has no cohort "trail"' in command("quarantine", "trail", "--store", trial.root, code=2).stderr
    assert 'the store has no cohort "trail"' in command("quality", "trail", "--store", trial.root, code=2).stderr


def test_a_release_says_how_many_and_leaves_a_line_in_the_audit(tmp_path: Path, command) -> None:
    store = quality_store(tmp_path / "store", 4)
    found = command("quarantine", "--release", "MASK_TINY", "--store", store.root).stdout
    assert "1 kept rejection was forgotten (MASK_TINY 1); the next refresh tries again" in found
    assert [row["released"] for row in json.loads(store.releases.read_text())["releases"]] == ["MASK_TINY"]
    again = command("quarantine", "--release", "trial:p0003", "--store", store.root).stdout
    assert "1 row needs no release (MASK_TINY 1)" in again
    none = command("quarantine", "--release", "TAB_TIME", "--store", store.root).stdout
    assert "no row of the quarantine is of it; nothing was changed" in none


def test_a_withdrawn_patient_leaves_the_audit_of_releases_too(tmp_path: Path, command) -> None:
    """Nothing but the audit of withdrawals names the patient: without it the patient would come back."""
    store = quality_store(tmp_path / "store", 4)
    command("quarantine", "--release", "trial:p0003:baseline", "--store", store.root)
    assert "p0003" in store.releases.read_text()
    command("withdraw", "trial:p0003", "--store", store.root)
    holds = {path for path in store.root.rglob("*") if path.is_file() and b"p0003" in path.read_bytes()}
    assert holds == {store.withdrawals, *(store.root / "refreshes").iterdir()}
    for path in (store.root / "refreshes").iterdir():
        assert "p0003" not in path.read_text().replace('"trial:p0003"', "")  # who is withdrawn
    (row,) = json.loads(store.releases.read_text())["releases"]
    assert (row["released"], row["cohort"], row["rejections"]) == ("trial:withdrawn", "trial", {"MASK_TINY": 1})
    assert "no faults" in command("verify", "--store", store.root).stdout


def test_tables_of_an_older_store_are_listed_too(small: Store) -> None:
    assert read_reasons(small) == []
    assert explained([]) == []


def test_a_refresh_says_what_was_rejected_in_tables_and_where_to_read_on(trial: Store) -> None:
    found = explain_tables(["trial"], str(trial.root), error="rejected", warning="warnings")  # MASK_TINY is of a scan
    assert [*found] == [f"trial: warnings: TAB_MISSING 1; radweave quarantine trial --store {trial.root} explains them"]


def test_quality_writes_the_page_and_says_where(trial: Store, command) -> None:
    assert str(trial.quality("trial")) in command("quality", "trial", "--store", trial.root).stdout.replace("\n", "")
    assert trial.quality("trial").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_status_shows_what_became_of_the_files(trial: Store, command) -> None:
    shown = command("status", "--store", trial.root).stdout
    assert "ignored: type" in shown
    (line,) = (line for line in shown.split("Files")[1].splitlines() if "trial" in line)
    assert line.split("│")[2:5] == ["    63 ", "   60 ", "             3 "]


def test_the_artifact_shows_a_grid_of_pictures_with_the_doubtful_ones_first(trial: Store) -> None:
    text = quality_grid(Mart.open(trial), "trial", "quality/trial.html")
    assert text.count("](data:image/png;base64,") == MOST_IMAGES
    names = [line for line in text.splitlines() if line.startswith("| CT p")]
    assert len(names) == MOST_IMAGES / GRID_COLUMNS
    assert names[0].startswith("| CT p0000:baseline **outlier** | CT p0001:baseline **TAB_MISSING** | CT p0029")
    assert "## Outliers: 1" in text
