"""The benchmark of harmonised scores runs, and its centres that differ in nothing are left as good as they were."""

import numpy as np

from benchmarks.harmonise_scores import ON_NOISE, RULES, noise_table, scores, unseen_table

LASSO = {"kind": "lasso_logistic", "C": [0.3]}


def test_centres_that_differ_in_nothing_lose_nothing() -> None:
    found = scores([unseen_table(0, 0.0, 0.0)], RULES, LASSO, "centre_out")["mean"]
    assert set(found.index.get_level_values("way")) == set(RULES)
    assert np.ptp(found) < 0.03 and found.min() > 0.7


def test_noise_is_scored_pooled_and_within_centres_by_every_way() -> None:
    found = scores([noise_table(0)], ON_NOISE, LASSO, {"kind": "nested", "folds": 3, "repeats": 1})["mean"]
    assert set(found.index) == {(way, within) for way in ON_NOISE for within in ("", "centre")}
