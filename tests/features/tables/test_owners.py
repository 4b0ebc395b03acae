"""Centre and split by column, in clinical and genomic tables alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.clinical.read_clinical import clinical_ids, read_clinical
from features.core.catalog.catalog import Cohort
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from features.genomic.read_genomic import read_genomic
from tests.support.catalog import cohort_of

KEY = b"k" * 64
CENTRES = {"A": {}, "B": {}}
VARIABLES = {"age": {"type": "number", "description": "age", "unit": "years"}}
SITE = {"column": "site", "codes": {"1": "A", "2": "B"}}
Read = Callable[..., dict[str, tuple[str, str | None, float | None]]]


@pytest.fixture
def read(tmp_path: Path, request: pytest.FixtureRequest) -> Read:
    """Centre, split and value of each patient, by the id, of clinical or genomic tables with the column x."""

    def build(
        *tables: dict[str, Any], ids: str = "pqr", **settings: Any
    ) -> dict[str, tuple[str, str | None, float | None]]:
        block, value = ("clinical", "age") if request.param == "clinical" else ("genomic", "x")
        own = {"columns": {"age": "x"}} if block == "clinical" else {"unit": "log2", "genes": "x"}
        sources = []
        for i, table in enumerate(tables):
            (tmp_path / f"t{i}.csv").write_text(table["text"])
            given = {key: one for key, one in table.items() if key != "text"}
            sources.append(
                {"block": block, "path": f"t{i}.csv", "id": "ID", **(own if "x" in table["text"] else {}), **given}
            )
        whole = cohort_of(tables=sources, centres=CENTRES, variables=VARIABLES, **settings)
        cohort = Cohort.model_validate(whole)
        found = (read_clinical if block == "clinical" else read_genomic)(tmp_path, "demo", cohort, KEY)
        codes = {pseudonym(KEY, "demo", patient): patient for patient in ids}
        return {
            codes[row["patient"]]: (row["centre"], row.get("split"), row.get(value)) for row in found.table.to_pylist()
        }

    return build


both = pytest.mark.parametrize("read", ["clinical", "genomic"], indirect=True)


@both
def test_centre_and_split_are_columns(read: Read) -> None:
    split = {"column": "set", "train": ["a"], "test": ["b"]}
    found = read({"text": "ID,site,set,x\np,1,a,5\nq,2,b,6\n", "centre": SITE, "split": split})
    assert found == {"p": ("A", "train", 5.0), "q": ("B", "test", 6.0)}


@both
def test_a_table_without_a_centre_takes_it_from_the_others(read: Read) -> None:
    told = {
        "text": "ID,site,set\np,1,train\nq,2,test\n",
        "centre": SITE,
        "split": "set",
        "block": "clinical",
        "columns": {},
    }
    found = read({"text": "ID,x\np,5\nq,6\n"}, told)
    assert {one: centre for one, (centre, _, _) in found.items()} == {"p": "A", "q": "B"}
    with pytest.raises(ConfigError, match="no table tells the centre of patients"):
        read({"text": "ID,x\nr,5\nq,6\n"}, told)


@both
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,site,set,x\np,3,train,5\n", 'values are no centres; found "3"; allowed: 1, 2'),
        ("ID,site,set,x\np,,train,5\n", "patients have no centre; found rows 2"),
        (
            "ID,site,set,x\np,1,train,5\nq,1,tune,6\nr,1,,6\n",
            'neither train nor test; found "", "tune"; allowed: train (train)',
        ),
        ("ID,set,x\np,train,5\n", 'there is no column "site"'),
    ],
)
def test_what_is_wrong_with_them_is_a_fault(read: Read, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read({"text": text, "centre": SITE, "split": "set"})
    assert message in str(caught.value)


@both
def test_names_of_persons_in_a_column_that_was_taken_for_another_are_not_repeated(read: Read) -> None:
    text = "ID,name,x\n" + "".join(f"p{i},Miller {i},5\n" for i in range(11))
    with pytest.raises(ConfigError) as caught:
        read({"text": text, "centre": {"column": "name"}, "split": "name"})
    assert str(caught.value).count("found 11 different values") == 2 and "Miller" not in str(caught.value)


@both
def test_a_patient_has_one_centre_and_one_part_of_the_split(read: Read) -> None:
    one = {"text": "ID,site,set,x\np,1,train,5\n", "centre": SITE, "split": "set"}
    with pytest.raises(ConfigError) as caught:
        read(one, {"text": "ID,site,set,x\np,2,test,\n", "centre": SITE, "split": "set"})
    assert "1 patient of centre B stands in a table of centre A, too; found row 2" in str(caught.value)
    assert "1 patient stands in both parts of the split; found row 2" in str(caught.value)


def test_rows_of_two_tables_without_ids_fit_together_also_of_parquet(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"x": [5, 6]}).to_parquet(tmp_path / "t.parquet")
    table = {"block": "clinical", "path": "t.parquet", "id": "#", "columns": {"age": "x"}}
    cohort = Cohort.model_validate(cohort_of(tables=[table], variables=VARIABLES))
    assert clinical_ids(tmp_path, cohort) == {"1", "2"}
    assert read_clinical(tmp_path, "demo", cohort, KEY).table["age"].to_pylist() in ([5.0, 6.0], [6.0, 5.0])
