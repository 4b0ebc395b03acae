"""Ensembles: means of what members say, members that fail or do not fit, and the sources that decide them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fit_address import fit_sources
from tasks.modelling.models.model import MODELS
from tasks.modelling.models.voting import Voting
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tasks.modelling.unnamed_members import unnamed_members
from tests.support.design import ANY_ENDPOINT, make_design, make_rows

BARE = ["median"]  # steps that change nothing here
TWO = [{"kind": "ridge_logistic", "C": [0.1]}, {"kind": "random_forest", "trees": 20}]


def voting(models: list[dict[str, Any]]) -> Voting:
    """Of models without the steps that are usual."""
    members = [{"name": f"{one['kind']}_{i}", "steps": BARE, "model": one} for i, one in enumerate(models)]
    return Voting.model_validate({"models": members})


def made(endpoint: str) -> tuple[Rows, Target]:
    design = make_design(endpoint, n=60, nan=0.0)
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1", "clinical_age")})
    return rows, Target(design.outcome, design.endpoint)


def test_probabilities_are_the_mean_of_those_of_the_members() -> None:
    rows, target = made("multiclass")
    found = voting(TWO).fit(rows, target, 3).predict(rows).probability
    each = [MODELS.parse(one).fit(rows, target, 3).predict(rows).probability for one in TWO]
    np.testing.assert_allclose(found, np.mean(each, axis=0))


def test_risks_of_a_forest_and_of_log_odds_count_alike() -> None:
    rows, target = made("binary")
    found = voting(TWO).fit(rows, target, 3).predict(rows).risk
    each = [MODELS.parse(one).fit(rows, target, 3).predict(rows).risk for one in TWO]
    expected = sum((one - one.mean()) / one.std() for one in each)
    assert np.corrcoef(found, expected)[0, 1] == pytest.approx(1)


def test_settings_of_a_member_count_together_as_much_as_another_member() -> None:
    rows, target = made("continuous")
    several = [{"kind": "ridge", "alpha": [100.0, 10.0, 1.0]}, {"kind": "lasso", "alpha_fraction": [0.1]}]
    found = voting(several).fit(rows, target, 0).predict(rows).value
    ridges = [
        MODELS.parse({"kind": "ridge", "alpha": [a]}).fit(rows, target, 0).predict(rows).value
        for a in (100.0, 10.0, 1.0)
    ]
    lasso = MODELS.parse(several[1]).fit(rows, target, 0).predict(rows).value
    np.testing.assert_allclose(found, (np.mean(ridges, axis=0) + lasso) / 2, rtol=1e-6)


def test_a_member_that_cannot_predict_the_endpoint_is_said() -> None:
    rows, target = made("multiclass")
    with pytest.raises(FitError, match="voting: svm cannot predict multiclass; leave it out of its models"):
        Voting.model_validate({"models": ["svm"]}).fit(rows, target, 0)


def test_endpoints_are_those_that_all_members_can_predict() -> None:
    assert Voting().predictable == Voting.endpoints
    assert Voting.model_validate({"models": ["svm", "random_forest"]}).predictable == {"binary"}


def test_a_member_that_cannot_be_fitted_is_left_out_and_said() -> None:
    rows, target = made("binary")
    few = {"kind": "nearest_neighbours", "neighbours": [99]}
    with pytest.warns(
        UserWarning, match="voting: nearest_neighbours_1 was left out: .*99 neighbours of 60 training cases"
    ):
        one = voting([TWO[0], few]).fit(rows, target, 0)
    alone = voting(TWO[:1]).fit(rows, target, 0)
    np.testing.assert_allclose(one.predict(rows).risk, alone.predict(rows).risk)
    with pytest.warns(UserWarning, match="left out"), pytest.raises(FitError, match="99 neighbours"):
        voting([few]).fit(rows, target, 0)


def test_sources_of_members_decide_the_fits() -> None:
    binary = ANY_ENDPOINT["binary"]
    alike = [
        fit_sources(parse_candidate({"kind": "voting", "models": names}), binary) for names in ([], ["svm"], ["svm"])
    ]
    assert alike[1] == alike[2] != alike[0]


def test_members_have_steps_of_their_own_whose_settings_count_alike() -> None:
    rows, target = made("binary")
    member = {"name": "screened", "steps": [*BARE, {"kind": "screen", "k": [1, 2]}], "model": TWO[0]}
    model = Voting.model_validate({"models": [member]})
    weights = model.fit(rows, target, 0).importance()
    assert weights.argmax() == 0 and weights[weights > 0].size == 2 and weights.sum() == pytest.approx(1)
    assert [kind.kind for kind in model.members("binary")] == ["median", "screen", "ridge_logistic"]


def test_members_clean_columns_as_their_models_usually_do() -> None:
    design = make_design("binary", n=60)
    fitted = Voting().fit(Rows.of(design), Target(design.outcome, design.endpoint), 0)
    assert np.isfinite(fitted.predict(Rows.of(design)).risk).all()
    assert {name.split()[0] for name in fitted.parts} == {one.name for one in unnamed_members("binary")}


@pytest.mark.data
def test_three_classes_of_a_public_table_have_the_probabilities_of_scikit_learn(public_data: Path) -> None:
    """WORC-Lipo, thirds of the entropy by 20 other columns, every third case predicted: VotingClassifier, soft."""
    table = pd.read_csv(public_data / "radmlbench" / "WORC-Lipo.csv.gz")
    entropy = table["MR_original_firstorder_Entropy"].to_numpy()
    X = table.select_dtypes("number").iloc[:, 5:25].to_numpy()
    X, levels = (X - X.mean(axis=0)) / X.std(axis=0), np.digitize(entropy, np.quantile(entropy, [1 / 3, 2 / 3]))
    rows = make_rows({f"c{i}": X[:, i] for i in range(X.shape[1])})
    target = Target(Outcome(levels, levels=("low", "middle", "high")), ANY_ENDPOINT["multiclass"])
    test, train = np.flatnonzero(np.arange(len(X)) % 3 == 0), np.flatnonzero(np.arange(len(X)) % 3)
    three = [
        {"kind": "ridge_logistic", "C": [0.1]},
        {"kind": "nearest_neighbours", "neighbours": [7]},
        {"kind": "naive_bayes"},
    ]
    found = voting(three).fit(rows.take(train), target.take(train), 0).predict(rows.take(test)).probability
    peers = [LogisticRegression(C=0.1, tol=1e-10, max_iter=50_000), KNeighborsClassifier(7), GaussianNB()]
    peer = VotingClassifier([(f"m{i}", one) for i, one in enumerate(peers)], voting="soft").fit(X[train], levels[train])
    np.testing.assert_allclose(found, peer.predict_proba(X[test]), atol=1e-6)  # type: ignore[arg-type]
