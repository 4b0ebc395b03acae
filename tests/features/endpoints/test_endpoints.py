"""What every kind of endpoint keeps, and what each makes of the columns of a cohort's tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, BeforeValidator, SerializeAsAny

from features.core.errors import ConfigError
from features.core.kinds.endpoint import ENDPOINTS, Endpoint
from features.core.outcome import Outcome
from features.core.yaml import Document
from tests.support.design import ANY_ENDPOINT, make_outcome

LEVELS = {"subtype": ("round", "spiky"), "grade": ("low", "middle", "high"), "cause": ("death", "none", "relapse")}
TABLES: Mapping[str, Mapping[str, list[Any]]] = {
    "binary": {"response": [True, False, True]},
    "survival": {"days": [3.0, 5.0, 9.0], "died": [True, False, True]},
    "competing_risks": {"days": [3.0, 5.0, 9.0], "cause": ["death", "none", "relapse"]},
    "multiclass": {"subtype": ["spiky", "round", "spiky"]},
    "multilabel": {"oedema": [True, False, True], "necrosis": [False, False, True]},
    "ordinal": {"grade": ["high", "low", "high"]},
    "continuous": {"change": [0.5, -2.0, 7.0]},
}
CODES = {
    "binary": [1, 0, 1],
    "survival": [1, 0, 1],
    "competing_risks": [2, 0, 1],  # the cause of interest is 1, whatever the order of the levels
    "multiclass": [1, 0, 1],
    "multilabel": [[1, 0], [0, 0], [1, 1]],
    "ordinal": [2, 0, 2],
    "continuous": [0, 0, 0],
}
COUNTED = {
    "binary": "2 with and 1 without the event",
    "survival": "2 with and 1 without the event",
    "competing_risks": "1 none, 1 relapse, 1 death",
    "multiclass": "1 round, 2 spiky",
    "multilabel": "2 oedema, 1 necrosis",
    "ordinal": "1 low, 0 middle, 2 high",
    "continuous": "3 different values",
}


class Holder(BaseModel):
    endpoint: Annotated[SerializeAsAny[Endpoint], BeforeValidator(ENDPOINTS.parse)]


@pytest.fixture(params=ENDPOINTS.modules)
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    return ANY_ENDPOINT[request.param]


def test_columns_become_codes_days_and_values(endpoint: Endpoint) -> None:
    table = pd.DataFrame(TABLES[endpoint.kind])
    assert endpoint.columns == tuple(table.columns)
    found = endpoint.outcome(table, LEVELS)
    assert found.code.tolist() == CODES[endpoint.kind]
    assert (found.days is not None) == ("days" in table)
    assert found.days is None or found.days.tolist() == [3.0, 5.0, 9.0]
    assert (found.value is not None) == (endpoint.kind == "continuous")
    assert endpoint.counted(found) == COUNTED[endpoint.kind]


def test_an_empty_table_is_an_empty_outcome(endpoint: Endpoint) -> None:
    found = endpoint.outcome(pd.DataFrame(TABLES[endpoint.kind]).iloc[:0], LEVELS)
    assert len(found) == 0
    assert endpoint.counted(found)


def test_rows_are_taken_and_put_together_again(endpoint: Endpoint) -> None:
    whole = make_outcome(endpoint.kind, np.zeros(30), np.random.default_rng(0))
    again = Outcome.concat([whole.take(np.arange(10)), whole.take(np.arange(30) >= 10)])
    np.testing.assert_array_equal(again.code, whole.code)
    for part in ("days", "value"):
        if getattr(whole, part) is not None:
            np.testing.assert_array_equal(getattr(again, part), getattr(whole, part))
    assert again.levels == whole.levels


def test_what_is_fitted_and_compared_has_a_row_for_each_case(endpoint: Endpoint) -> None:
    outcome = make_outcome(endpoint.kind, np.zeros(40), np.random.default_rng(0))
    assert len(endpoint.target(outcome)) == len(endpoint.strata(outcome)) == 40
    for contrast in endpoint.contrasts(outcome):
        assert len(contrast) == 40
        assert contrast.varies
    assert all(mask.shape == (40,) for mask in endpoint.needed(outcome))
    assert endpoint.untrainable(outcome) == ""
    assert endpoint.scarce(outcome) > 0


def test_cases_that_are_all_alike_train_no_model_and_say_why(endpoint: Endpoint) -> None:
    outcome = make_outcome(endpoint.kind, np.zeros(40), np.random.default_rng(0)).take(np.full(6, 3))
    outcome.code[:] = 0
    assert "training fold" in endpoint.untrainable(outcome)


@pytest.mark.parametrize(
    ("days", "seen", "message"),
    [
        (-1.0, True, "days is not above zero"),
        (0.0, True, "days is not above zero"),
        (None, False, "days is missing where"),
    ],
)
@pytest.mark.parametrize("kind", ["survival", "competing_risks"])
def test_times_that_cannot_be_cost_the_patient_the_endpoint(
    kind: str, days: float | None, seen: bool, message: str
) -> None:
    why = ANY_ENDPOINT[kind].fault({"days": days, "died": seen, "cause": "relapse" if seen else "none"}, "os")
    assert why is not None
    assert (why.code, why.details) == ("TAB_TIME", {"column": "days", "endpoint": "os"})
    assert why.message.startswith(message)
    assert ANY_ENDPOINT[kind].fault({"days": days, "died": None, "cause": None}, "os") is None or days == -1.0


def test_a_cause_that_is_no_level_is_named_with_those_that_are() -> None:
    settings = {"kind": "competing_risks", "time": "days", "cause": "cause", "censored": "none"}
    unknown = ENDPOINTS.parse({**settings, "of_interest": "relapsed"}).unknown_levels(LEVELS)
    assert unknown == [("of_interest", "relapsed", ("death", "none", "relapse"))]
    same = ENDPOINTS.parse({**settings, "of_interest": "none"}).unknown_levels(LEVELS)
    assert same == [("of_interest", "none", ("death", "relapse"))]


def test_codes_that_mean_different_things_are_not_put_together() -> None:
    one, other = (Outcome(np.zeros(2, np.intp), levels=levels) for levels in (("a", "b"), ("b", "a")))
    with pytest.raises(ValueError, match="levels of the outcome differ"):
        Outcome.concat([one, other])


@pytest.mark.parametrize(
    ("labels", "message"), [(["a"], "at least 2 items"), (["a", "b", "a"], 'the label "a" stands twice')]
)
def test_labels_are_several_and_each_stands_once(tmp_path: Path, labels: list[str], message: str) -> None:
    (tmp_path / "a.yaml").write_text(f"endpoint: {{kind: multilabel, labels: [{', '.join(labels)}]}}")
    with pytest.raises(ConfigError, match=f"a.yaml:1: endpoint(.labels)?: .*{message}"):
        Document.load(tmp_path / "a.yaml").parse(Holder)
