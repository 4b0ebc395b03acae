"""study --table: from a file of features to a report, in one command."""

from pathlib import Path

import pytest

from features.core.storage.table import read_table
from tests.support.features_table import write_features

TABLE = "PatientID,y,os,f1\np1,0,5,1.5\np2,1,6,2.5\np3,1,7,3.5\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("", 2, "name a study, or a table of features: radweave study --table FILE"),
        ("--target y", 2, "--target goes with --table FILE, which is not given"),
        ("mine --table t.csv --id a --target y", 2, "name studies (mine) or tables (--table), not both"),
        ("--table t.csv --id PatientID --target y --catalog c.yaml", 2, "--folder says where"),
        ("--table u.csv --id PatientID --target y", 3, "--table u.csv: there is no such file"),
        ("--table t.csv --id PatientID --target y", 2, "t.csv: 1 column of features looks like an outcome; found os"),
        ("--table t.csv --id PatientID --time os --event y", 2, 'the name "os" does not tell the unit of the time'),
    ],
)
def test_faults_end_the_command_before_anything_is_written(
    command, tmp_path: Path, options: str, code: int, message: str
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    assert message in command("study", *options.split(), code=code, cwd=tmp_path).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.slow
def test_one_command_gives_a_report_and_the_files_to_go_on_from(command, tmp_path: Path) -> None:
    write_features(tmp_path / "features.csv", patients=24)
    options = ["--id", "PatientID", "--target", "response", "--runner", "threads"]
    printed = command("study", "--table", "features.csv", *options, cwd=tmp_path).stdout
    for line in (
        "response: yes means yes, in 12 of 24",
        "features.csv: 24 patients, 4 features",
        "features.csv: 1 column of text left out: scanner",
        "  radweave study features/study.yaml --catalog features/data_catalog.yaml",
    ):
        assert line in printed.splitlines()
    (run,) = (tmp_path / "store" / "studies" / "features_response").iterdir()
    assert "Best of 3 combinations under nested cross-validation" in " ".join(printed.split())
    assert f"Report: store/studies/features_response/{run.name}/report.html" in printed
    scores = read_table(run / "scores.parquet").to_pylist()
    assert {(row["split"], row["blocks"]) for row in scores} == {("nested", "features")}
    assert {row["model"] for row in scores} == {"lasso_logistic", "random_forest", "svm"}
    again = command("study", "--table", "features.csv", *options, cwd=tmp_path).stdout
    assert run.name in again and len([*run.parent.iterdir()]) == 1
    with (tmp_path / "features" / "study.yaml").open("a") as file:
        file.write("seed: 1\n")
    changed = command("study", "--table", "features.csv", *options, code=2, cwd=tmp_path).stderr
    assert "which is not written over; go on with it (radweave study features/study.yaml" in changed
