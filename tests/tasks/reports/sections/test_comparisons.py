"""Comparisons and what the headline says of them."""

from __future__ import annotations

from typing import Any

from tasks.reports.number_format import p_value
from tests.support.page import Page


def test_pairs_stand_with_their_corrected_p(binary: Any) -> None:
    page = Page(binary.html)
    rows = page.tables["table-comparisons-nested"].rows
    own = [one for one in binary.result.comparisons if one.split == "nested"]
    assert len(rows) == 1 + len(own)
    shown = {(row[0], row[1]): row[-1] for row in rows[1:]}
    first = next(
        one for one in own if (one.blocks, one.other_blocks, one.model) == ("radiomics", "clinical", "lasso_logistic")
    )
    assert first.p_corrected is not None
    assert shown["radiomics, LASSO logistic", "clinical, LASSO logistic"] == p_value(first.p_corrected)
    assert f"after Holm’s correction for {first.compared} comparisons" in page.text
    assert "this difference was not tested" not in page.text


def test_centres_tell_how_much_they_differ(binary: Any) -> None:
    rows = Page(binary.html).tables["table-between-centres"].rows
    known = [one for one in binary.result.between if one.found is not None]
    assert len(rows) == 1 + len(known)
    assert {row[-1] for row in rows[1:]} <= {"3"}
