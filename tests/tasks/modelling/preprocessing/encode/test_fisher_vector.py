"""The Fisher vector: values by a plain sum, other columns untouched, and what it finds that means of descriptors do not tell."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.preprocessing.encode.codebook.codebook import Codebook, fit_codebook, principal_axes
from tasks.modelling.preprocessing.encode.fisher_vector import FisherVector, FittedFisherVector
from tasks.modelling.rows import Rows
from tests.support.design import BINARY, make_descriptors, make_rows, make_study, make_target

RNG = np.random.default_rng
STEPS = ["drop_constant", "median", {"kind": "fisher_vector", "components": [2]}, "zscore"]
CANDIDATE = {"name": "fisher", "steps": STEPS, "model": {"kind": "lasso_logistic"}}


def plain_fisher_vector(bag: Any, weights: Any, means: Any, variances: Any) -> list[float]:
    """Number by number, after Sánchez et al. 2013, equations 16 to 18, then signed roots and length one."""
    by_mean, by_deviation = [], []
    for k in range(len(weights)):
        for d in range(means.shape[1]):
            first = second = 0.0
            for x in bag:
                densities = [
                    weights[j]
                    * math.prod(
                        math.exp(-((x[i] - means[j, i]) ** 2) / (2 * variances[j, i]))
                        / math.sqrt(2 * math.pi * variances[j, i])
                        for i in range(means.shape[1])
                    )
                    for j in range(len(weights))
                ]
                share, away = densities[k] / sum(densities), (x[d] - means[k, d]) / math.sqrt(variances[k, d])
                first += share * away
                second += share * (away**2 - 1)
            by_mean.append(first / (len(bag) * math.sqrt(weights[k])))
            by_deviation.append(second / (len(bag) * math.sqrt(2 * weights[k])))
    roots = [math.copysign(math.sqrt(abs(one)), one) for one in by_mean + by_deviation]
    length = math.sqrt(sum(one**2 for one in roots))
    return [one / length for one in roots]


def rows_of(n: int = 40, seed: int = 0, **settings: Any) -> Rows:
    return make_rows({"deep_age": np.arange(n), **make_descriptors(n, RNG(seed), **settings)}, block="deep")


def fitted(rows: Rows, **settings: Any) -> FittedFisherVector:
    found = FisherVector(**{"components": (3,), "dimensions": 2, **settings}).fit(
        rows, make_target(RNG(1).random(len(rows)) < 0.5), 5
    )
    assert isinstance(found, FittedFisherVector)
    return found


def test_values_are_those_of_a_plain_sum() -> None:
    bag = RNG(0).normal(size=(7, 4))
    axes = np.linalg.qr(RNG(1).normal(size=(4, 3)))[0]
    means, variances, weights = RNG(2).normal(size=(2, 3)), RNG(3).uniform(0.3, 2, (2, 3)), np.array([0.3, 0.7])
    book = Codebook(np.full(4, 0.1), axes, weights, means, variances, True)
    np.testing.assert_allclose(
        book.encode(bag), plain_fisher_vector((bag - 0.1) @ axes, weights, means, variances), rtol=1e-10
    )


def test_the_codebook_is_the_mixture_that_made_the_descriptors() -> None:
    rng = RNG(4)
    known = rng.random(6000) < 0.25
    x = np.where(known[:, None], [4.0, 0.0], [0.0, 1.0]) + rng.normal(size=(6000, 2)) * np.where(
        known[:, None], 0.5, [1.0, 0.3]
    )
    book = fit_codebook(x, np.zeros(2), np.eye(2), 2, 0)
    order = np.argsort(book.weights)
    np.testing.assert_allclose(book.weights[order], [0.25, 0.75], atol=0.02)
    np.testing.assert_allclose(book.means[order], [[4.0, 0.0], [0.0, 1.0]], atol=0.06)
    np.testing.assert_allclose(book.variances[order], [[0.25, 0.25], [1.0, 0.09]], atol=0.06)
    lengths = np.array([np.linalg.norm(book.encode(rng.permutation(x)[:n])) for n in (5, 500)])
    np.testing.assert_allclose(lengths, 1.0)


def test_axes_are_those_of_the_widest_spread_and_flat_ones_are_left_out() -> None:
    x = RNG(0).normal(size=(500, 3)) @ np.diag([0.1, 3.0, 0.0]) + 7
    centre, axes = principal_axes(x, 5)
    np.testing.assert_allclose(centre, x.mean(axis=0))
    np.testing.assert_allclose(axes, [[0, 1], [1, 0], [0, 0]], atol=0.01)
    with pytest.raises(FitError, match="descriptors do not vary"):
        principal_axes(np.ones((9, 3)), 2)


def test_descriptors_become_a_vector_and_other_columns_stay() -> None:
    rows = rows_of()
    found = fitted(rows).apply(rows)
    assert found.columns.names.tolist()[:2] == ["deep_age", "deep_largest_fv_m00_d00"]
    assert found.columns.names[-1] == "deep_largest_fv_s02_d01"
    assert (found.X.shape, set(found.columns.blocks)) == ((40, 1 + 2 * 3 * 2), {"deep"})
    np.testing.assert_array_equal(found.X[:, 0], np.arange(40))
    np.testing.assert_allclose(np.linalg.norm(found.X[:, 1:], axis=1), 1.0)


def test_each_view_and_layer_has_a_codebook_of_its_own() -> None:
    both = {
        **make_descriptors(30, RNG(0)),
        **{k.replace("largest", "adjacent"): 9 * v for k, v in make_descriptors(30, RNG(1)).items()},
    }
    found = fitted(make_rows(both, block="deep"))
    assert [bag.group for bag in found.bags] == ["deep_adjacent", "deep_largest"]
    alone = fitted(make_rows(make_descriptors(30, RNG(0)), block="deep"))
    np.testing.assert_array_equal(found.books[1].means, alone.books[0].means)


def test_rows_without_descriptors_stay_as_they_are() -> None:
    rows = make_rows({"clinical_age": np.arange(20.0)})
    assert fitted(rows).apply(rows) is rows


def test_places_that_lost_columns_are_left_out_and_told() -> None:
    rows = rows_of()
    names = rows.columns.names
    for kept, told in ((~np.char.startswith(names, "deep_largest_p08"), 0), (names != "deep_largest_p08_d01", 1)):
        found = fitted(rows.keep(kept))
        assert found.bags[0].places.shape == (8, 3)
        assert sum(found.notes().values()) == told
    one_each = [name for name in rows.columns.names if name.endswith(("p00_d00", "p01_d01"))]
    with pytest.raises(FitError, match="no place has all of its columns"):
        fitted(rows.keep(np.isin(rows.columns.names, one_each)))


def test_what_cannot_be_encoded_is_refused() -> None:
    rows = rows_of(20, lacking=1)
    with pytest.raises(FitError, match="missing or infinite values in deep_largest; put median before it"):
        fitted(rows)
    with pytest.raises(FitError, match="180 descriptors of training cases are too few for 64 components"):
        fitted(rows_of(20), components=(64,))


@pytest.mark.parametrize("late", ["zscore", {"kind": "screen", "k": [3]}])
def test_it_stands_before_columns_are_scaled_or_chosen(late: Any) -> None:
    with pytest.raises(ValueError, match='"fisher_vector" encodes columns as they come: put it before'):
        parse_candidate({"model": "svm", "steps": ["median", late, "fisher_vector"]})
    with pytest.raises(ValueError, match='takes no missing values: put "median" before it'):
        parse_candidate({"model": "svm", "steps": ["fisher_vector", "median"]})


def study_of(seed: int, *, signal: bool, n: int = 60) -> tuple[Design, Any]:
    """A response that is how far descriptors lie from their middles, which no mean of a column tells; or nothing."""
    rng = RNG(seed)
    flag = np.arange(n) % 2 == 0
    columns = make_descriptors(n, rng, spread=np.where(flag, 1.5, 0.6) if signal else 1.0)
    names, patients = list(columns), np.array([f"p{i}" for i in range(n)])
    X = pd.DataFrame(columns, index=[f"toy:p{i}" for i in range(n)])
    design = Design(
        X,
        dict.fromkeys(names, "deep"),
        Outcome.of_flag(flag),
        BINARY,
        patients,
        np.array(["a", "b"])[rng.integers(0, 2, n)],
    )
    splits = [{"kind": "nested", "folds": 3, "repeats": 1}]
    return design, make_study(models=[CANDIDATE], blocks={"deep": ["deep"]}, splits=splits, seed=seed)


def test_it_finds_what_columns_one_by_one_do_not_tell() -> None:
    design, study = study_of(0, signal=True)
    plain = parse_candidate({"name": "plain", "model": "lasso_logistic"})
    result = evaluate(design, study.model_copy(update={"models": (*study.models, plain)}))
    scores = {one.model: one.value for one in result.scores if one.metric == "auc" and not one.within}
    assert scores["fisher"] is not None
    assert scores["plain"] is not None
    assert scores["fisher"] > 0.85 > scores["plain"]
    assert any("_fv_s" in one.feature for one in result.selected if one.model == "fisher")


@pytest.mark.slow
def test_noise_over_twenty_seeds_gives_chance() -> None:
    found = []
    for seed in range(20):
        design, study = study_of(100 + seed, signal=False)
        found += [one.value for one in evaluate(design, study).scores if one.metric == "auc" and one.within == ""]
    assert abs(float(np.mean([one for one in found if one is not None])) - 0.5) < 0.07


def test_sets_of_several_blocks_count_encoded_columns_to_their_block() -> None:
    design, study = study_of(0, signal=True)
    X = design.X.assign(clinical_age=RNG(0).normal(size=len(design.X)))
    design = replace(design, X=X, blocks={**design.blocks, "clinical_age": "clinical"})
    result = evaluate(design, study.model_copy(update={"blocks": {"both": ("clinical", "deep")}}))
    shares = {one.block: one for one in result.shares}
    assert shares["deep"].chosen > 0
    assert shares["deep"].share > shares["clinical"].share
