"""A column that is declared as an outcome is no predictor: `check` and the refresh refuse it, whichever table reads it."""

import shutil
from pathlib import Path

import pytest

from features.core.errors import ConfigError
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.results.known_results import KnownResults
from tasks.tables import read_tables

CATALOG = """\
version: 1
cohorts:
  one:
    title: x
    licence: CC0
    root: .
    centres: {A: {}}
    images:
    - {format: nifti, centre: A, modality: CT, unit: HU, path: '{patient}.nii', mask: {format: nifti, path: '{patient}_m.nii'}}
    variables:
      age: {type: number, description: age, unit: years}
      wait: {type: number, description: from diagnosis to surgery, unit: days}
      pfs: {type: number, description: progression, unit: days, role: outcome}
      dead: {type: flag, description: died, role: outcome}
    tables:
    - block: clinical
      path: trial.csv
      id: id
      columns:
        age: Age
        dead: {from: Vital, codes: {1: true, 0: false}}
        wait: {start: dx, end: surgery, date_format: '%Y-%m-%d'}
        pfs: {start: surgery, end: last, date_format: '%Y-%m-%d'}
"""
GENES = "    - {block: genomic, path: %s, id: id, unit: log2, genes: '%s'%s}\n"
ROWS = "id,Age,Vital,dx,surgery,last,G1\np1,60,1,2020-01-01,2020-02-01,2021-01-01,3.5\n"


def written(folder: Path, extra: str = "", old: str = "", new: str = "") -> Path:
    (folder / "trial.csv").write_text(ROWS)
    path = folder / "data_catalog.yaml"
    path.write_text(CATALOG.replace(old, new) + extra if old else CATALOG + extra)
    return path


@pytest.mark.parametrize(
    ("extra", "old", "new", "line", "fault"),
    [
        (
            GENES % ("trial.csv", "*", ""),
            "",
            "",
            24,
            'the column "Vital" is the outcome "dead", and the pattern of genes (*)',
        ),
        (GENES % ("./x/../trial.csv", "V*", ""), "", "", 24, 'the column "Vital" is the outcome "dead"'),
        (
            GENES % ("trial.csv", "*", ", leak_checked: [Vital, last]"),
            "",
            "",
            24,
            'the column "last" is the outcome "pfs"',
        ),
        (
            "    - {block: genomic, path: trial.csv, id: id, unit: log2, rows: pairs, gene: G1, value: Vital}\n",
            "",
            "",
            24,
            "the pairs of genes and values read it",
        ),
        (
            "    - {block: genomic, path: trial.csv, id: id, form: mutations, genes: [G], gene: G1, classification: Vital}\n",
            "",
            "",
            24,
            "the mutations read it",
        ),
        ("", "age: Age", "age: Vital", 20, 'and the predictor "age" reads it'),
        (
            "",
            "age: Age",
            "age: {start: dx, end: last, date_format: '%Y-%m-%d'}",
            20,
            'the column "last" is the outcome "pfs"',
        ),
        ("", "years}", "years, leak_checked: true}", None, ""),
        (GENES % ("trial.csv", "G*", ""), "", "", None, ""),
        (GENES % ("genes.csv", "*", ""), "", "", None, ""),
    ],
    ids=["all", "path", "checked", "pairs", "mutations", "clinical", "dates", "fine", "pattern", "other file"],
)
def test_the_column_of_an_outcome_is_refused_with_its_file(
    command, tmp_path: Path, extra: str, old: str, new: str, line: int | None, fault: str
) -> None:
    path = written(tmp_path, extra, old, new)
    (tmp_path / "genes.csv").write_text("id,Vital\np1,3\n")
    found = command("check", "--catalog", path, code=0 if line is None else 2)
    if line is not None:
        assert f"{path}:{line}: " in found.stderr and fault in found.stderr and "trial.csv" in found.stderr


@pytest.mark.parametrize("how", ["link", "copy", "other"])
def test_the_file_of_an_outcome_is_known_under_another_path(command, tmp_path: Path, how: str, monkeypatch) -> None:
    path = written(tmp_path, GENES % ("omics/genes.csv", "[GV]*", ""))
    other = tmp_path / "omics" / "genes.csv"
    other.parent.mkdir()
    if how == "link":
        other.symlink_to(tmp_path / "trial.csv")
    elif how == "copy":
        shutil.copy(tmp_path / "trial.csv", other)
    else:
        other.write_text(ROWS.replace("3.5", "3.6"))
    found = command("check", "--catalog", path, code=0 if how == "other" else 2).stderr
    monkeypatch.setenv("RADWEAVE_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "key").write_bytes(b"k" * 64)
    known = KnownResults(Store(tmp_path / "store"), "one")
    if how == "other":  # the reader takes it, and the name is doubtful
        tables = read_tables.fn(path, "one", known, FileCache(None, b"k" * 64)).load()
        (warning,) = (one for one in tables["genomic"].warnings if one.code == "TAB_OUTCOME_NAME")
        assert warning.message == "genomic columns are named as outcomes are: Vital"
    else:
        said = 'omics/genes.csv: the column "Vital" is the outcome "dead", and the pattern of genes ([GV]*) reads it'
        assert said in found
        with pytest.raises(ConfigError, match="the same file under another path"):
            read_tables.fn(path, "one", known, FileCache(None, b"k" * 64))
