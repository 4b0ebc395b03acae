"""study --table: from a file of features to a report, in one command."""

from pathlib import Path

import pytest

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
