"""TabICL: what is said where it is absent; where the package is, its own classes say the same, with weights that are made here."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.errors import MachineError
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fit_address import fit_sources
from tasks.modelling.models import tabicl as module
from tasks.modelling.models.tabicl import FILES, TabIcl
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, fitted, make_design, make_rows
from tests.support.kinds import made_tabicl

needs_package = pytest.mark.skipif(
    find_spec("tabicl") is None, reason="the package tabicl is not here: pip install tabicl"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where checkpoints are looked for first; nowhere else are any."""
    monkeypatch.setenv("RADWEAVE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_an_absent_package_is_said_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", absent)
    with pytest.raises(MachineError, match="tabicl needs the package tabicl: pip install tabicl"):
        TabIcl().outside("binary")


@pytest.mark.parametrize("endpoint", ["binary", "continuous"])
def test_an_absent_checkpoint_is_said_with_its_name_its_place_and_where_it_is_from(
    endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "version", lambda _: "2.2.0")
    file = FILES[endpoint == "continuous"]
    with pytest.raises(MachineError) as caught:
        TabIcl().outside(endpoint)
    said = str(caught.value)
    assert f"the checkpoint {file} is not here; looked in {folder}, " in said
    assert (
        "radweave downloads none: take the file (about 110 MB, BSD 3-Clause) from the repository jingang/TabICL" in said
    )
    (folder / file).write_bytes(b"weights")
    found = TabIcl().outside(endpoint)
    assert found["tabicl"] == "2.2.0" and len(found[file]) == 64
    candidate = parse_candidate("tabicl")
    before = fit_sources(candidate, ANY_ENDPOINT[endpoint])
    (folder / file).write_bytes(b"other weights")
    assert fit_sources(candidate, ANY_ENDPOINT[endpoint]) != before  # what decides a fit is part of its address


def test_the_name_of_a_checkpoint_is_no_path() -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        TabIcl(checkpoint="../other.ckpt")


@needs_package
@pytest.mark.parametrize("endpoint", sorted(TabIcl.endpoints))
def test_it_says_what_the_classes_of_the_package_say(endpoint: str, folder: Path) -> None:
    from tabicl import TabICLClassifier, TabICLRegressor

    path = made_tabicl(folder, number=endpoint == "continuous")
    design = make_design(endpoint, n=50, p=6, nan=0.0)
    names = [f"radiomics_{i}" for i in range(5)]
    rows = make_rows({name: design.X[name].to_numpy() for name in names})
    train, test = np.arange(35), np.arange(35, 50)
    target = Target(design.outcome, design.endpoint)
    model = TabIcl(views=4).fit(rows.take(train), target.take(train), 3)
    found = model.predict(rows.take(test))
    settings: dict[str, Any] = {"n_estimators": 4, "model_path": path, "allow_auto_download": False, "random_state": 3}
    kind = TabICLRegressor if endpoint == "continuous" else TabICLClassifier
    peer = kind(device="cpu", n_jobs=1, **settings).fit(rows.X[train], target.take(train).y)
    if endpoint == "continuous":
        np.testing.assert_allclose(found.value, peer.predict(rows.X[test]), atol=1e-5)
    elif endpoint == "binary":
        likely = peer.predict_proba(rows.X[test])
        np.testing.assert_allclose(found.risk, np.log(likely[:, 1] / likely[:, 0]), atol=1e-5)
    else:
        np.testing.assert_allclose(found.probability, peer.predict_proba(rows.X[test]), atol=1e-5)
    assert found.probability is not None or np.ptp(found.risk) > 0
    alone = model.predict(rows.take(test[3:4]))
    for one, all_of in ((alone.risk, found.risk), (alone.probability, found.probability)):
        assert one is None or all_of is None or np.array_equal(one[0], all_of[3])
    again = TabIcl(views=4).fit(rows.take(train), target.take(train), 3)
    assert joblib.hash(again.state()) == joblib.hash(model.state())


@needs_package
def test_another_checkpoint_than_it_was_fitted_with_is_refused(folder: Path) -> None:
    made_tabicl(folder, number=False)
    design = make_design(n=40)
    steps = ["drop_constant", "median", {"kind": "screen", "k": [3]}]
    joined = fitted({"model": "tabicl", "steps": steps, "fusion": "together"}, design)
    assert joined.fitted is not None and joined.prediction is not None
    made_tabicl(folder, number=False, seed=1)
    module._network.cache_clear()
    with pytest.raises(MachineError, match="is another than the model was fitted with: sha-256"):
        joined.fitted.predict(Rows.of(design))


@needs_package
def test_a_checkpoint_that_would_run_code_is_not_loaded(folder: Path) -> None:
    import torch

    torch.save({"config": {}, "state_dict": Path("/")}, folder / FILES[False])
    rows = make_rows({"a": np.arange(20.0)})
    target = Target(Outcome.of_flag(np.arange(20) % 2 == 1), ANY_ENDPOINT["binary"])
    with pytest.raises(Exception, match="[Ww]eights"):
        TabIcl().fit(rows, target, 0).predict(rows)
