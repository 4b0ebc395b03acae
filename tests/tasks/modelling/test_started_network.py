"""A network that goes on where a saved model of another cohort ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from features.core.errors import DamagedError, FitError, RadweaveError
from features.core.storage.seal import json_bytes
from features.core.storage.table import parquet_bytes
from features.results.models import ARRAYS, SCHEMA, write_model
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.models.image_network import ImageNetwork
from tasks.modelling.rows import Rows
from tasks.modelling.saved.arrays_table import arrays_table
from tasks.modelling.saved.model_schema import COLUMN_KEYS
from tasks.modelling.saved.saved_final import saved
from tasks.modelling.started_network import started_network
from tasks.modelling.target import Target
from tests.support.design import make_design, make_study

pytest.importorskip("torch")
QUICK: dict[str, Any] = {"epochs": 2, "patience": None, "batch": 20}


def keep(folder: Path, design: Design, model: Any, blocks: list[str]) -> str:
    """A final model of a design, saved as a study does, without its card."""
    study = make_study(models=[model], blocks={"all": blocks})
    final = fit_final(design, study, "all", study.models[0].name)
    facts, arrays = saved(final)
    columns = [{**dict.fromkeys(COLUMN_KEYS, ""), "name": name} for name in final.columns.names.tolist()]
    files = {ARRAYS: bytes(parquet_bytes(arrays_table(arrays), {})), SCHEMA: json_bytes({"columns": columns})}
    write_model(folder, files, facts)
    return str(folder)


@pytest.fixture(scope="module")
def design() -> Design:
    return make_design("binary", n=40, p=2, nan=0.0, images=(1, 1, 32, 32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, design: Design) -> str:
    model = {"kind": "image_network", **QUICK}
    return keep(tmp_path_factory.mktemp("saved") / "first" / "0123", design, model, ["images"])


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
    other = keep(tmp_path / "columns", design, {"kind": "ridge_logistic", "C": [1.0]}, ["radiomics"])
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
