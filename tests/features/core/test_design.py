"""FlowRow and Design: the flow of cases closes, the outcome is read the same way for both kinds of endpoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.core.case import CaseId
from features.core.design import Design, FlowRow
from features.endpoints.binary import Binary
from features.endpoints.survival import Survival
from tests.support.design import make_design, outcome_of


def test_a_flow_that_closes_is_kept() -> None:
    assert FlowRow("step", 10, 7, {"a": 1, "b": 2}).count_out == 7
    assert FlowRow("step", 3, 3).reasons == {}


@pytest.mark.parametrize(("count_out", "reasons"), [(7, {"a": 2}), (10, {"a": 1}), (7, {}), (11, {})])
def test_a_flow_that_does_not_close_is_a_bug(count_out: int, reasons: dict[str, int]) -> None:
    with pytest.raises(AssertionError, match=f"step: 10 in, {count_out} out, reasons"):
        FlowRow("step", 10, count_out, reasons)


def test_events_and_columns_of_a_design() -> None:
    X = pd.DataFrame({"clinical__age": [1.0, 2.0], "pyradiomics__a": [0.0, 1.0]}, index=["a", "b"])
    names = np.array(["p", "q"])
    blocks = {"clinical__age": "clinical", "pyradiomics__a": "radiomics"}
    y = np.array([(True, 3.0), (False, 4.0)], dtype=[("event", bool), ("time", float)])
    survival = Design(X, blocks, outcome_of(y), Survival(time="t", event="e"), names, names)
    binary = Design(X, blocks, outcome_of(np.array([True, False])), Binary(column="e"), names, names)
    assert survival.event.tolist() == binary.event.tolist() == [True, False]
    assert survival.columns("radiomics") == ["pyradiomics__a"]
    assert survival.columns("radiomics", "clinical") == list(X.columns)
    assert survival.columns("deep") == []


def test_case_ids_leave_empty_parts_out_and_sort() -> None:
    assert str(CaseId("sts", "p1")) == "sts:p1:baseline"
    assert str(CaseId("sts", "p1", "week_6", "2")) == "sts:p1:week_6:2"
    assert sorted([CaseId("b", "a"), CaseId("a", "b")])[0].cohort == "a"


def test_images_follow_the_rows_and_a_set_sees_those_that_it_names() -> None:
    design = make_design(n=12, images=(1, 1, 4, 4))
    some = design.take(np.array([3, 1]))
    np.testing.assert_array_equal(some.images["images"].addresses, design.images["images"].addresses[[3, 1]])
    assert design.of_set(("images", "clinical")) is design
    assert not design.of_set(("clinical",)).images
    with pytest.raises(ValueError, match="images has 2 rows, X 12"):
        replace(design, images=some.images)
