"""A network that goes on where a saved model of another cohort ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from features.core.errors import DamagedError, FitError, RadweaveError
from features.results.models import ARRAYS
from tasks.modelling.models.image_network import ImageNetwork
from tasks.modelling.rows import Rows
from tasks.modelling.started_network import started_network
from tasks.modelling.target import Target
from tests.support.design import make_design
from tests.support.saved_model import save_model

pytest.importorskip("torch")
QUICK: dict[str, Any] = {"epochs": 2, "patience": None, "batch": 20}


@pytest.fixture(scope="module")
def design() -> Design:
    return make_design("binary", n=40, p=2, nan=0.0, images=(1, 1, 32, 32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, design: Design) -> str:
    model = {"kind": "image_network", **QUICK}
    return save_model(tmp_path_factory.mktemp("saved") / "first" / "0123", design, model, ["images"])


def elsewhere(design: Design, endpoint: str, cohort: str) -> tuple[Rows, Target]:
    """The same images with another endpoint, as if of another cohort."""
    other = make_design(endpoint, n=40, p=2, nan=0.0)
    rows = Rows.of(design).keep(np.arange(0))
    return replace(rows, groups={**rows.groups, "cohort": np.full(40, cohort)}), Target(other.outcome, other.endpoint)


def test_the_body_goes_on_and_the_head_is_new(design: Design, folder: str) -> None:
    start = started_network(folder)
    rows, target = elsewhere(design, "survival", "other")
    head = ImageNetwork(start_from=folder, trains="head", **QUICK).fit(rows, target, 0)
    assert start.cohorts == head.seen == ("toy",) and start.name == "first/0123"
    for name, one in start.arrays.items():
        np.testing.assert_array_equal(head.members[0][name], one)
    every = ImageNetwork(start_from=folder, **QUICK).fit(rows, target, 0)
    assert any((every.members[0][name] != one).any() for name, one in start.arrays.items())
    assert head.predict(rows).incidence is not None


def test_who_has_seen_a_cohort_neither_learns_from_it_nor_tells_of_it(design: Design, folder: str) -> None:
    model = ImageNetwork(start_from=folder, trains="head", **QUICK)
    with pytest.raises(
        FitError, match="the network of first/0123 has seen cases of toy, which are cases of this study too"
    ):
        model.fit(*elsewhere(design, "binary", "toy"), 0)
    fitted = model.fit(*elsewhere(design, "binary", "other"), 0)
    with pytest.raises(ValueError, match="has seen cases of toy: what it says of them is no validation"):
        fitted.predict(elsewhere(design, "binary", "toy")[0])


def test_what_is_no_network_of_images_is_a_sentence(design: Design, folder: str, tmp_path: Path) -> None:
    with pytest.raises(RadweaveError, match="holds no saved model; radweave study NAME --final saves one"):
        ImageNetwork(start_from=str(tmp_path)).outside("binary")
    other = save_model(tmp_path / "columns", design, {"kind": "ridge_logistic", "C": [1.0]}, ["radiomics"])
    with pytest.raises(RadweaveError, match="is a ridge_logistic, which has no network of images"):
        started_network(other)
    with pytest.raises(ValueError, match="leave out weights and architecture"):
        ImageNetwork(start_from=folder, weights="efficientnet_lite0")
    digest = ImageNetwork(start_from=folder).outside("binary")["start"]
    assert len(digest) == 64
    path = Path(other) / ARRAYS
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(DamagedError, match="it is not the file that"):
        ImageNetwork(start_from=other).outside("binary")
