"""Studies of images: which sets and candidates go together, and that nothing of a test case's image is learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit_address import FitAddresses
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.support import mean_intensity
from tests.support.design import FAST, make_design, make_study
from tests.support.images import make_images
from tests.support.kinds import place_model
from tests.support.mean_intensity import KIND

SEEING = {"name": KIND, "model": KIND}
SPLIT = [{"kind": "nested", "folds": 3, "repeats": 1, "inner_folds": 2}]
DESIGN = make_design(n=60, p=4, images=(2, 1, 8, 8), signal=3.0)
BLOCKS = {"network": ["images"], "both": ["images", "clinical"], "radiomics": ["radiomics"]}


@pytest.fixture(autouse=True)
def a_model_that_learns_from_images(monkeypatch: pytest.MonkeyPatch) -> None:
    place_model(monkeypatch, Path(mean_intensity.__file__))


def study(**changes: Any) -> Study:
    return make_study(**{"blocks": BLOCKS, "models": [SEEING, FAST], "splits": SPLIT, **changes})


def test_sets_of_images_are_fitted_by_candidates_that_see_them_and_the_others_by_the_others() -> None:
    claim = {"kind": "better", "says": "networks win", "better": "network", "than": "radiomics"}
    controls = ["permuted_outcome", "ablation"]
    found = evaluate(DESIGN, study(claims=[claim], controls=controls))
    pairs = {(one.blocks, one.model) for one in found.scores}
    fast = FAST["name"]
    assert pairs == {("network", KIND), ("both", KIND)} | {(name, fast) for name in ("radiomics", "clinical", "volume")}
    own = next(one for one in found.scores if (one.blocks, one.metric) == ("network", "auc"))
    assert own.value is not None and own.value > 0.7 and own.columns == 0
    beside = {(one.blocks, one.model, one.other_blocks, one.other_model) for one in found.comparisons}
    assert ("network", KIND, "clinical", fast) in beside and ("radiomics", fast, "volume", fast) in beside
    assert [one.verdict for one in found.claims] != []
    assert found.claims[0].first == f"network with {KIND}"
    told = {(one.blocks, one.control): one.reason for one in found.controlled}
    assert told["network", "permuted_outcome"] == told["radiomics", "permuted_outcome"] == ""
    assert told["network", "ablation"] == f"ablation changes columns, and {KIND} learns from images"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"models": [FAST]}, 'the set "network" names images, and none of the models learns from images: '),
        (
            {"blocks": {"radiomics": ["radiomics"]}},
            f'the model "{KIND}" learns from images, and no set of blocks names them: add one, as in',
        ),
        ({"models": [SEEING]}, 'the set "radiomics" names no images, and every model learns from images: add a model'),
        (
            {"blocks": {"network": ["images"]}},
            'the model "lasso_logistic" learns from columns, and every set of blocks names images: add a set without',
        ),
        (
            {"blocks": {**BLOCKS, "two": ["images", "mine"]}, "parts": {"mine": {"of": "images", "recipes": "ct"}}},
            'the set "two" shows a network images and mine: name one, or a recipe that shows several images together',
        ),
        (
            {"models": [SEEING, {"kind": "voting", "models": [KIND, "naive_bayes"]}]},
            f'the model "voting" is made of others, and {KIND} among them learns from images, which members are not shown',
        ),
        (
            {"models": [{**SEEING, "fusion": "stacked"}, FAST]},
            f'{KIND} sees images and columns together: leave out the fusion "stacked"',
        ),
        (
            {
                "claims": [
                    {"kind": "beyond", "says": "x", "of": {"blocks": "network", "model": FAST["name"]}, "value": 0.5}
                ]
            },
            f'with the set "network" {FAST["name"]} is not fitted; fitted with it are {KIND}',
        ),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_runs(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace("[", r"\[")):
        study(**changes)


def fold_of(design: Design) -> Fold:
    rows = np.arange(len(design.X))
    return Fold("given", 0, rows[:40], rows[40:])


def with_other_images(rows: slice) -> Design:
    pixels = DESIGN.images["images"].read(np.arange(60)).copy()
    pixels[rows] = make_images(np.full(60, -9.0), (2, 1, 8, 8), seed=5).pixels[rows]
    return replace(DESIGN, images={"images": type(make_images(np.zeros(1), (1, 1, 4, 4)))(pixels)})


def unit_of(design: Design, name: str) -> Unit:
    one = study()
    rows, (candidate, *_) = Rows.of(design.of_set(one.blocks[name])), one.candidates_of(name)
    columns = {column: i for i, column in enumerate(design.X.columns)}
    own = np.array([columns[column] for column in design.columns(*one.blocks[name])], np.intp)
    target = Target(design.outcome, design.endpoint)
    return Unit("given", fold_of(design), 2, rows, target, {name: own}, ((name, candidate),), 0)


def test_nothing_of_a_test_cases_image_is_learnt_and_every_training_image_counts() -> None:
    states = []
    for design in (DESIGN, with_other_images(slice(40, 60)), with_other_images(slice(0, 5))):
        unit = unit_of(design, "both")
        fold = FoldFit(unit.rows, unit.target, unit.fold, inner_folds=2, split="given", seed=0)
        candidate = unit.wanted[0][1]
        found = candidate.fusion.fit(fold, candidate.steps, candidate.model, unit.sets["both"], own=True)
        assert found.fitted is not None and found.prediction is not None and len(found.own) == 2
        states.append(joblib.hash(found.fitted.state()))
    assert states[0] == states[1] != states[2]


def test_a_fit_is_kept_under_the_images_that_it_was_shown() -> None:
    """Of training and test cases; a set that names no images is fitted anew for none of them."""

    def address(design: Design, name: str) -> str:
        return FitAddresses().of(unit_of(design, name))[0].digest

    other = with_other_images(slice(50, 51))
    assert address(DESIGN, "network") == address(make_design(n=60, p=4, images=(2, 1, 8, 8), signal=3.0), "network")
    assert address(DESIGN, "network") != address(other, "network")
    assert address(DESIGN, "radiomics") == address(other, "radiomics")
