"""Real tables by the catalogs and studies of docs/public-tables.md, as they stand there; studies with a cheap split."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart

pytestmark = [pytest.mark.slow, pytest.mark.data]
PAGE = (Path(__file__).parents[2] / "docs" / "public-tables.md").read_text("utf-8")
BLOCKS = re.findall(r"^<!-- (catalog|study) (\w+) -->\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CATALOGS = {name: text for kind, name, text in BLOCKS if kind == "catalog"}
STUDIES = {name: yaml.safe_load(text) for kind, name, text in BLOCKS if kind == "study"}


def test_a_table_takes_at_most_twenty_lines_of_its_catalog() -> None:
    for text in CATALOGS.values():
        tables = sum(len(cohort["tables"]) for cohort in yaml.safe_load(text)["cohorts"].values())
        assert len(text.splitlines()) <= 20 * tables


@pytest.fixture(scope="module")
def stores(public_data: Path, tmp_path_factory: pytest.TempPathFactory, inside: Any) -> dict[str, Path]:
    """Catalog → the folder that holds it and its store, refreshed."""
    found = {}
    for name, text in CATALOGS.items():
        found[name] = tmp_path_factory.mktemp(name)
        (found[name] / "catalog.yaml").write_text(text, "utf-8")
        places = ("--catalog", found[name] / "catalog.yaml", "--store", found[name] / "store")
        inside("refresh", "--all", *places, RADWEAVE_DATA=str(public_data))
    return found


@pytest.fixture
def run(stores: dict[str, Path], public_data: Path, inside: Any) -> Any:
    """The scores of a study of the page, with three folds and few replicates; what it says of split × centre."""

    def scores(catalog: str, study: str, **changes: Any) -> pd.DataFrame:
        short = {"splits": [{"kind": "nested", "folds": 3, "repeats": 1}], **changes}
        path = stores[catalog] / f"{study}.yaml"
        path.write_text(yaml.safe_dump({**STUDIES[study], **short}), "utf-8")
        store = stores[catalog] / "store"
        inside(
            "study",
            path,
            "--catalog",
            stores[catalog] / "catalog.yaml",
            "--store",
            store,
            RADWEAVE_DATA=str(public_data),
        )
        (folder,) = (store / "studies" / study).iterdir()
        return read_table(folder / "scores.parquet").to_pandas()

    return scores


def rows(stores: dict[str, Path], catalog: str, block: str, cohort: str) -> pd.DataFrame:
    return Mart.open(Store(stores[catalog] / "store")).read(block, cohort).to_pandas()


def test_features_of_another_program_are_known_and_codes_stay_codes(stores: dict[str, Path]) -> None:
    columns = rows(stores, "lung", "dictionary", "hosny_a").query("block == 'radiomics_ct' and family != ''")
    assert len(columns) > 950 and (columns["ibsi"] != "").sum() > 700
    assert rows(stores, "lung", "radiomics_ct", "hosny_b")["patient"].nunique() == 207
    vasari = rows(stores, "glioma", "vasari", "glioma")
    assert set(vasari["f1"].dropna()) == set("1234567") and vasari["f1"].isna().sum() == 7
    assert vasari["f5"].dtype == float
    assert rows(stores, "breast", "genes", "vdv").filter(regex="^(?!case|patient|cohort|centre)").shape == (78, 4705)
    days = rows(stores, "breast", "clinical", "nki70")["mfs_days"]
    assert (days - days.round()).abs().max() < 0.1  # years of the table are whole days


def test_models_of_one_cohort_predict_two_others(run: Any) -> None:
    scores = run("lung", "alive").query("metric == 'auc'").set_index(["split", "cohort"])
    assert scores[["n", "events"]].T.to_dict("list") == {
        ("nested", ""): [293, 159],
        ("external", "hosny_b"): [207, 60],
        ("external", "hosny_c"): [183, 133],
    }
    assert scores.loc[("external", "hosny_b"), "low"] > 0.5


def test_each_of_four_hospitals_is_left_out(run: Any) -> None:
    scores = run("head_neck", "distant", splits=["centre_out"]).query("metric == 'harrell_c' and blocks == 'clinical'")
    counts = scores.set_index("centre")[["n", "events"]].T.to_dict("list")
    assert counts == {"": [300, 40], "CHUM": [65, 3], "CHUS": [102, 10], "HGJ": [92, 16], "HMR": [41, 11]}


@pytest.mark.parametrize(
    ("catalog", "study", "n", "events"),
    [
        ("head_neck", "distant_or_death", 300, 40),
        ("head_neck", "distant_pet_ct", 91, 16),
        ("glioma", "idh", 139, 97),
        ("glioma", "progression", 122, 49),
        ("breast", "nki70", 144, 48),
        ("breast", "vdv", 78, 34),
    ],
)
def test_every_patient_with_outcome_and_features_is_used(
    run: Any, catalog: str, study: str, n: int, events: int
) -> None:
    scores = run(catalog, study)
    assert set(zip(scores["n"], scores["events"], strict=True)) == {(n, events)}
    assert scores.query("metric in ('auc', 'harrell_c', 'cause_c')")["value"].between(0, 1).all()
