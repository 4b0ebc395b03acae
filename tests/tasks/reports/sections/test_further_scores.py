"""Further scores of one combination and of all."""

from __future__ import annotations

from typing import Any

from tasks.reports.number_format import decimal, interval
from tests.support.page import Page


def test_every_further_metric_has_a_row_and_a_column(binary: Any) -> None:
    page = Page(binary.html)
    metrics = binary.result.endpoint.further_metrics
    rows = page.tables["table-further-scores"].rows
    assert len(rows) == 1 + len(metrics)
    assert rows[0][2].startswith("Nested cross-validation, 95 % CI")
    auprc = next(
        s
        for s in binary.result.scores
        if (s.split, s.metric, s.within, s.centre) == ("nested", "auprc", "", "")
        and (s.blocks, s.model) == ("radiomics", "lasso_logistic")
    )
    assert rows[1][:2] == ["AUPRC", "1"]
    assert rows[1][2].startswith(f"{decimal(auprc.value)} ({interval(auprc.low, auprc.high)})")
    everything = page.tables["table-further-scores-all"].rows
    assert len(everything) == 1 + len(binary.result.blocks) * len(binary.study.models)
    assert len(everything[0]) == 1 + len(metrics)


def test_a_candidate_that_learned_no_threshold_says_how_it_would(binary: Any) -> None:
    """LASSO and SVM have one setting here; only the set of two blocks has inner predictions."""
    page = Page(binary.html)
    rows = {row[0]: row[1:] for row in page.tables["table-further-scores-all"].rows}
    assert set(rows["radiomics, LASSO logistic"][1:]) == {"—"}
    assert "—" not in rows["clinical + radiomics, LASSO logistic"]
    assert "`thresholds: always` in the study" in page.text


def test_follow_up_tells_its_own_scores(survival: Any) -> None:
    rows = [row[0] for row in Page(survival.html).tables["table-further-scores"].rows]
    assert rows[1:8] == [
        "Time-dependent AUC",
        "Brier score at the horizon",
        "Scaled Brier score at the horizon",
        "Integrated Brier score",
        "Observed / expected at the horizon",
        "Calibration intercept at the horizon",
        "Calibration slope at the horizon",
    ]
