"""Columns of a signature are joined to cases by patient, and by lesion where both tell lesions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.core.errors import RadweaveError
from features.fusion.signature_columns import SignatureColumns


def signature(*keys: tuple[str, str, str]) -> SignatureColumns:
    index = pd.MultiIndex.from_tuples(keys, names=["cohort", "patient", "lesion"])
    return SignatureColumns("cd8", pd.DataFrame({"signature__cd8": np.arange(1.0, len(keys) + 1)}, index=index))


def cases(*keys: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(keys, columns=["cohort", "patient", "lesion"])
    return frame.set_axis(pd.Index([":".join(key) for key in keys], name="case"))


def joined(one: SignatureColumns, rows: pd.DataFrame) -> list[float]:
    found = one.join(rows)
    assert list(found.index) == list(rows.index) and list(found) == ["signature__cd8"]
    return found["signature__cd8"].tolist()


def test_a_patient_s_value_is_that_of_each_of_her_lesions_and_of_no_namesake_elsewhere() -> None:
    one = signature(("own", "p1", ""), ("own", "p2", ""), ("other", "p1", ""))
    rows = cases(("own", "p2", "a"), ("own", "p2", "b"), ("own", "p1", "a"), ("other", "p2", ""))
    np.testing.assert_array_equal(joined(one, rows), [2, 2, 1, np.nan])


def test_lesions_of_both_are_matched() -> None:
    one = signature(("own", "p1", "a"), ("own", "p1", "b"))
    np.testing.assert_array_equal(joined(one, cases(("own", "p1", "b"), ("own", "p1", "c"))), [2, np.nan])


def test_several_lesions_of_a_patient_are_no_value_of_one_row() -> None:
    one = signature(("own", "p1", "a"), ("own", "p1", "b"))
    with pytest.raises(
        RadweaveError, match="the signature cd8 has several lesions of a patient, and this study has one row"
    ):
        one.join(cases(("own", "p1", "")))


def test_no_case_gives_no_row_of_the_same_columns() -> None:
    assert joined(signature(("own", "p1", "")), cases()) == []
