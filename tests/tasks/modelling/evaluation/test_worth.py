"""The score of single sources of columns: in the study's own folds, and without a trace in the rest of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.fusion.sources import Source
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.result import StudyResult
from tests.support.design import FAST, make_design, make_study

DESIGN = make_design(n=60, signal=3.0)
TOLD = tuple(f"radiomics_{i}" for i in range(10))
NOISE = tuple(f"radiomics_{i}" for i in range(10, 20))
SOURCES = [
    Source("network__ct__*", "deep", "network", "", "ct", "CT", TOLD, "toy", 9, 8, 0.5, 2),
    Source("radweave__ct__* glcm", "radiomics", "radweave", "glcm", "ct", "CT", NOISE),
]
STUDY = make_study(models=[FAST, {"name": "forest", "model": {"kind": "random_forest", "trees": 10}}])


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return evaluate(DESIGN, STUDY, sources=SOURCES)


def test_each_source_has_the_score_of_its_columns_alone(result: StudyResult) -> None:
    told, noise = result.worth
    assert told.source is SOURCES[0]
    assert (told.score.split, told.score.model, told.score.metric, told.score.within) == (
        "nested",
        "lasso_logistic",
        "auc",
        "centre",
    )
    assert (told.score.n, told.score.columns) == (60, 10)
    assert told.score.value is not None
    assert noise.score.value is not None
    assert told.score.value > 0.8 > noise.score.value


def test_it_is_what_a_set_of_these_columns_scores(result: StudyResult) -> None:
    blocks = {**DESIGN.blocks, **dict.fromkeys(TOLD, "told")}
    alone = evaluate(replace(DESIGN, blocks=blocks), make_study(blocks={"told": ["told"]}))
    (score,) = [
        s for s in alone.scores if (s.split, s.blocks, s.metric, s.within) == ("nested", "told", "auc", "centre")
    ]
    assert replace(result.worth[0].score, blocks="told") == score


def test_the_rest_of_the_result_is_the_same_without_it(result: StudyResult) -> None:
    plain = evaluate(DESIGN, STUDY)
    assert plain.worth == ()
    for name in ("scores", "selected", "shares", "tuned", "warnings", "chosen", "blocks", "singles", "centre_told"):
        assert repr(getattr(plain, name)) == repr(getattr(result, name)), name
    assert plain.predictions.equals(result.predictions)


def test_the_table_has_a_row_for_each_source(result: StudyResult) -> None:
    table = result.worth_table()
    assert table["source"].tolist() == ["network__ct__*", "radweave__ct__* glcm"]
    assert table["columns"].tolist() == [10, 10]
    np.testing.assert_array_equal(table["stable_share"], [0.2, np.nan])
    assert table["cohort"].tolist() == ["toy", ""]
    assert table["value"].tolist() == [one.score.value for one in result.worth]


def test_a_study_without_nested_folds_takes_its_first_split() -> None:
    found = evaluate(DESIGN, make_study(splits=["centre_out"]), sources=SOURCES[:1])
    assert found.worth[0].score.split == "centre_out"
