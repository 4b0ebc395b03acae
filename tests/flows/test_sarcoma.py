"""The sarcoma cohort goes the same way as any other: catalog entries, recipes and studies, nothing special in code."""

from pathlib import Path

import pytest
import yaml

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from flows.named import find_study

pytestmark = [pytest.mark.slow, pytest.mark.data]
ROOT = Path(__file__).parents[2]
STUDIES = ("sts_metastasis", "sts_recurrence")


@pytest.fixture(scope="module")
def store(public_data: Path, tmp_path_factory: pytest.TempPathFactory, inside) -> Path:
    folder = tmp_path_factory.mktemp("sts") / "store"
    sarcoma = str(public_data / "sts")
    inside("refresh", "sts", "--store", folder, RADWEAVE_STS=sarcoma)
    for name in STUDIES:
        study = yaml.safe_load(find_study(name).read_text("utf-8"))
        short = {"models": study["models"][:1], "splits": [{"kind": "nested", "folds": 3, "repeats": 1}]}
        path = folder.parent / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**study, **short, "catalog": str(ROOT / "data_catalog.yaml")}), "utf-8")
        inside("study", path, "--store", folder, RADWEAVE_STS=sarcoma)
    return folder


@pytest.fixture
def mart(store: Path) -> Mart:
    return Mart.open(Store(store))


def test_all_scans_are_used(mart: Mart) -> None:
    scans = mart.read("scans", "sts").to_pandas()
    assert scans["modality"].value_counts().to_dict() == {"PT": 17, "MR": 13}
    assert mart.read("quarantine", "sts").num_rows == 0


def test_pet_and_mr_features_stand_in_one_row_per_patient(mart: Mart) -> None:
    radiomics = mart.read("radiomics", "sts").to_pandas()
    assert len(radiomics) == 17
    assert radiomics["radweave__pet_suv__original_firstorder_Maximum"].between(1, 60).all()
    assert radiomics["radweave__mr_t1__original_firstorder_Mean"].isna().sum() == 4


@pytest.mark.parametrize("study", STUDIES)
def test_the_report_says_small_and_how_missing_mr_is_treated(store: Path, study: str) -> None:
    folder = next((store / "studies" / study).iterdir())
    page = (folder / "report.html").read_text("utf-8")
    assert "intervals are wide" in page.lower()
    assert "steps of each candidate, on the training fold" in page
    scores = read_table(folder / "scores.parquet").to_pandas()
    known = scores.dropna(subset=["value"])
    assert (known["n"] == 17).all()
    bare = known[known["low"].isna()]  # folds of three or four cases seldom hold two of the rarer class
    assert (bare["reason"] != "").all()
    assert (known["high"] - known["low"]).dropna().gt(0.3).all()
