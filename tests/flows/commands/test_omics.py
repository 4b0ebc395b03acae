"""AnnData and MuData: what people of omics open."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from features.core.errors import RadweaveError
from features.core.storage.store import Store
from flows.commands.export import run_export

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _extra() -> None:
    """Imported here, and not while tests are collected, because they take seconds."""
    for name in ("anndata", "mudata"):
        pytest.importorskip(name, reason='the extra "omics" is not installed')


@pytest.fixture(autouse=True)
def _their_own_future() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def test_anndata_has_features_annotations_and_the_dictionary(small: Store, tmp_path: Path) -> None:
    run_export(small, ["radiomics", "clinical"], tmp_path / "x.h5ad")
    found = sys.modules["anndata"].read_h5ad(tmp_path / "x.h5ad")
    assert list(found.obs_names) == ["one:p1:baseline", "one:p2:baseline", "two:p1:baseline"]
    assert list(found.var_names) == ["pyradiomics__ct__shape_Sphericity", "pyradiomics__pet__firstorder_Mean"]
    np.testing.assert_array_equal(found.X, [[0.5, np.nan], [np.nan, np.nan], [0.7, 4.0]])
    assert found.X.dtype == np.float64
    assert list(found.obs["clinical__age_years"].fillna(-1)) == [61.5, -1, -1]
    assert found.obs["clinical__death"].isna().tolist() == [False, True, True]
    assert found.obs["clinical__seen"].iloc[0] == "2020-02-29"
    assert found.var.loc["pyradiomics__ct__shape_Sphericity", "ibsi"] == "QCFX"
    assert found.uns["radweave"]["refresh"] == 3


def test_deep_features_stay_small(small: Store, tmp_path: Path) -> None:
    run_export(small, ["deep"], tmp_path / "deep.h5ad")
    assert sys.modules["anndata"].read_h5ad(tmp_path / "deep.h5ad").X.dtype == np.float32


def test_genes_keep_their_names_and_patients_are_rows(small: Store, tmp_path: Path) -> None:
    run_export(small, ["genomic", "clinical"], tmp_path / "genes.h5ad")
    found = sys.modules["anndata"].read_h5ad(tmp_path / "genes.h5ad")
    assert list(found.var_names) == ["TP53"]
    assert list(found.obs_names) == ["one:p1", "one:p2", "one:p9"]
    assert found.var.loc["TP53", "unit"] == "log2"


def test_text_of_a_block_annotates_its_cases(small: Store, tmp_path: Path) -> None:
    run_export(small, ["region"], tmp_path / "region.h5ad")
    found = sys.modules["anndata"].read_h5ad(tmp_path / "region.h5ad")
    assert list(found.var_names) == ["region__ct__volume_ml"]
    assert found.obs["region__ct__kernel"].iloc[0] == "=B30f"


def test_mudata_has_a_modality_per_block_with_the_cases_it_knows(small: Store, tmp_path: Path) -> None:
    run_export(small, ["radiomics", "deep", "clinical", "genomic"], tmp_path / "x.h5mu")
    found = sys.modules["mudata"].read(tmp_path / "x.h5mu")
    assert list(found.mod) == ["radiomics", "deep", "genomic"]
    assert list(found["radiomics"].obs_names) == ["one:p1:baseline", "two:p1:baseline"]
    assert list(found["deep"].obs_names) == ["one:p1:baseline", "one:p2:baseline"]
    assert list(found["genomic"].obs_names) == ["one:p2:baseline"]
    assert list(found["genomic"].var_names) == ["TP53"]
    ages = found.obs["clinical__age_years"]
    assert ages["one:p1:baseline"] == 61.5 and ages.isna().sum() == 2
    assert found.obs.loc["two:p1:baseline", "cohort"] == "two"


@pytest.mark.parametrize(
    ("tables", "ending", "message"),
    [
        (
            ["radiomics", "deep"],
            "h5ad",
            r"holds the features of one block, found radiomics, deep; several go into \.h5mu",
        ),
        (["clinical"], "h5ad", "holds the features of one block, found none"),
        (["clinical"], "h5mu", "name a block besides clinical"),
        (["dictionary"], "h5ad", "hold blocks"),
    ],
)
def test_what_it_cannot_hold_is_said(
    small: Store, tmp_path: Path, tables: list[str], ending: str, message: str
) -> None:
    with pytest.raises(RadweaveError, match=message):
        run_export(small, tables, tmp_path / f"x.{ending}")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mudata", None)
    with pytest.raises(RadweaveError, match=r'need the extra "omics": pip install "radweave\[omics\]"'):
        run_export(small, ["deep"], tmp_path / "deep.h5ad")


def test_the_user_sees_no_warnings_of_others(small: Store, tmp_path: Path, radweave) -> None:
    output = tmp_path / "x.h5mu"
    found = radweave("export", "radiomics", "deep", "clinical", "--store", small.root, "--output", output)
    assert found.stderr == ""
    assert output.is_file()
