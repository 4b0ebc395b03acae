"""Nomograms: who adds up the points of the table has what the model predicts; where that cannot be, the reason is said."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.decisions.probability import probability_of
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.nomogram import MOST_COLUMNS, Nomogram, horizon_of, nomogram_of, round_ticks
from tasks.modelling.rows import Rows
from tasks.reports.nomogram_figure import nomogram_figure
from tests.support.design import make_design, make_study

SCREEN = {"kind": "screen", "k": [4]}
STEPS = ["drop_constant", "median", "zscore", SCREEN]
SETTINGS: dict[str, dict[str, Any]] = {
    "ridge_logistic": {"C": [1.0]},
    "lasso_logistic": {"C": [0.3]},
    "elastic_net_logistic": {"C": [0.3]},
    "cox": {},
    "coxnet": {"alpha_fraction": [0.1]},
    "ridge_cox": {},
    "elastic_net_cox": {},
}


def final_of(design: Design, model: str, steps: list[Any], *, fusion: str = "together", **changes: Any) -> Final:
    one = {"name": model, "steps": steps, "model": {"kind": model, **SETTINGS.get(model, {})}, "fusion": fusion}
    blocks = {"both": ["clinical", "radiomics"], **changes}
    return fit_final(design, make_study(models=[one], blocks=blocks), "both", model, units={"clinical_age": "years"})


def added_up(table: bytes, predicted: str, rows: Rows, points: str) -> tuple[Any, Any]:
    """As a reader would: the points of each value between two ticks of its axis, the total, the score of the total. With the widths
    of the axes."""
    lines = list(csv.DictReader(io.StringIO(table.decode())))
    total: Any = 0.0
    for axis in dict.fromkeys(line["axis"] for line in lines if line["axis"] != predicted):
        own = [line for line in lines if line["axis"] == axis]
        (x0, y0), (x1, y1) = ((float(own[i]["value"]), float(own[i][points])) for i in (0, -1))
        value = rows.X[:, rows.columns.names.tolist().index(axis)]
        total = total + y0 + (value - x0) / (x1 - x0) * (y1 - y0)
    ends = [line for line in lines if line["axis"] == predicted]
    (p0, s0), (p1, s1) = ((float(ends[i]["points"]), float(ends[i]["score"])) for i in (0, -1))
    return s0 + (total - p0) / (p1 - p0) * (s1 - s0), (s1 - s0) / (p1 - p0)


def told_by(final: Final, rows: Rows) -> Any:
    """The probability of yes, or survival at the horizon, as the model itself predicts."""
    found = final.predict(rows)
    if found.incidence is None:
        assert found.risk is not None
        return probability_of(final.line, found.risk)
    return 1 - found.incidence.at(np.array([horizon_of(final)]))[:, 0, 0]


@pytest.mark.parametrize("model", SETTINGS)
@pytest.mark.parametrize("scale", ["zscore", "robust"])
def test_the_points_of_the_table_add_up_to_what_the_model_predicts(model: str, scale: str) -> None:
    design = make_design("survival" if "cox" in model else "binary", n=90)
    final = final_of(design, model, ["drop_constant", "median", scale, SCREEN])
    rows = Rows.of(design)
    found = nomogram_of(final, rows)
    assert isinstance(found, Nomogram) and 1 <= len(found.axes) <= 4 and found.limited == 0
    known = ~np.isnan(rows.X[:, [design.X.columns.get_loc(axis.column) for axis in found.axes]]).any(axis=1)
    assert known.sum() > 60
    rows = rows.take(np.flatnonzero(known))
    score, per_point = added_up(found.csv(), found.predicted, rows, "points")
    chance = np.exp(-np.exp(score)) if "survival" in found.predicted else 1 / (1 + np.exp(-score))
    np.testing.assert_allclose(chance, told_by(final, rows), rtol=0, atol=1e-6)
    rounded, _ = added_up(found.csv(), found.predicted, rows, "rounded")
    inside = [
        (rows.X[:, rows.columns.names.tolist().index(axis.column)] - axis.ticks[0]) / (axis.ticks[-1] - axis.ticks[0])
        for axis in found.axes
    ]
    beyond = np.maximum(1.0, 2 * np.abs(np.array(inside) - 0.5)).sum(
        axis=0
    )  # a line through rounded ends errs more beyond them
    assert (np.abs(rounded - score) <= 0.5 * per_point * beyond + 1e-9).all()


def test_the_longest_axis_has_a_hundred_points_and_chances_are_where_the_totals_are() -> None:
    design = make_design("survival", n=90)
    found = nomogram_of(final_of(design, "cox", STEPS), Rows.of(design))
    assert isinstance(found, Nomogram)
    widths = [axis.most / found.per_point for axis in found.axes]
    assert widths[0] == 100.0 and widths == sorted(widths, reverse=True) and found.total == pytest.approx(sum(widths))
    assert all(axis.score(axis.start) == 0 for axis in found.axes)
    for chance, points in found.chances():
        assert found.chance(found.lowest + points * found.per_point) == pytest.approx(chance, abs=1e-12)
    assert [chance for chance, _ in found.chances()] == sorted((c for c, _ in found.chances()), reverse=True)
    plot = nomogram_figure(found, "Cox")
    for axis in found.axes:
        assert axis.column.split("_")[0] in plot.svg
    assert "Total points" in plot.svg and f"Survival on day {found.day:g}" in plot.svg


@pytest.mark.parametrize("fusion", ["stacked", "scaled"])
def test_blocks_with_models_or_steps_of_their_own_are_added_up_as_their_scores_are(fusion: str) -> None:
    design = make_design(n=90, nan=0.0)
    final = final_of(design, "ridge_logistic", STEPS, fusion=fusion)
    found = nomogram_of(final, Rows.of(design))
    assert isinstance(found, Nomogram)
    score, _ = added_up(found.csv(), found.predicted, Rows.of(design), "points")
    np.testing.assert_allclose(1 / (1 + np.exp(-score)), told_by(final, Rows.of(design)), rtol=0, atol=1e-6)


def test_steps_for_some_blocks_and_flags_are_undone_too() -> None:
    design = make_design(n=90, nan=0.0)
    X = design.X.copy()
    X["clinical_stage"] = (X["clinical_stage"] > 2).astype(float)
    flagged = Design(X, design.blocks, design.outcome, design.endpoint, design.groups, design.centres)
    steps = [
        "drop_constant",
        "median",
        {"kind": "zscore", "blocks": ["radiomics"]},
        {**SCREEN, "blocks": ["radiomics"]},
    ]
    final = final_of(flagged, "ridge_logistic", steps)
    found = nomogram_of(final, Rows.of(flagged))
    assert isinstance(found, Nomogram)
    axes = {axis.column: axis for axis in found.axes}
    assert axes["clinical_stage"].ticks == (0.0, 1.0) and axes["clinical_stage"].is_flag
    assert axes["clinical_age"].unit == "years" and axes["clinical_age"].ticks[-1] - axes["clinical_age"].ticks[0] > 20
    score, _ = added_up(found.csv(), found.predicted, Rows.of(flagged), "points")
    np.testing.assert_allclose(1 / (1 + np.exp(-score)), told_by(final, Rows.of(flagged)), rtol=0, atol=1e-6)


def test_values_that_the_model_cuts_off_are_counted() -> None:
    design = make_design(n=90, nan=0.0)
    final = final_of(design, "ridge_logistic", ["drop_constant", "median", {"kind": "zscore", "limit": 1.5}, SCREEN])
    found = nomogram_of(final, Rows.of(design))
    assert isinstance(found, Nomogram)
    own = [design.X.columns.get_loc(axis.column) for axis in found.axes]
    values = design.X.to_numpy()[:, own]
    assert found.limited == int((np.abs(values - values.mean(0)) > 1.5 * values.std(0)).any(axis=1).sum()) > 0


@pytest.mark.parametrize(
    ("model", "steps", "kind", "told"),
    [
        ("random_forest", STEPS, "binary", "its model is no sum of weighted columns"),
        ("ridge_logistic", STEPS[:3], "binary", f"22 columns have weights; a nomogram has at most {MOST_COLUMNS}"),
        (
            "ridge_logistic",
            ["drop_constant", "median", "yeo_johnson", SCREEN],
            "binary",
            "its step yeo_johnson cannot be",
        ),
        ("ridge_cox", STEPS, "competing_risks", "a nomogram is of yes or no, or of survival; this model predicts"),
        ("ridge", STEPS, "continuous", "a nomogram is of yes or no, or of survival; this model predicts"),
    ],
)
def test_where_there_is_none_the_reason_is_said(model: str, steps: list[Any], kind: str, told: str) -> None:
    design = make_design(kind, n=90)
    found = nomogram_of(final_of(design, model, steps), Rows.of(design))
    assert isinstance(found, str) and told in found


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0011, 0.0048, (0.001, 0.002, 0.003, 0.004, 0.005)),
        (-130.0, 300.0, (-200.0, -100.0, 0.0, 100.0, 200.0, 300.0)),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert round_ticks(low, high) == ticks


def test_absurd_values_have_no_axis_and_stop_nothing() -> None:
    design = make_design(n=90, nan=0.0)
    X = design.X.copy()
    X.iloc[3, X.columns.get_loc("radiomics_0")] = 1e300
    absurd = Design(X, design.blocks, design.outcome, design.endpoint, design.groups, design.centres)
    found = nomogram_of(final_of(absurd, "ridge_logistic", STEPS), Rows.of(absurd))
    assert found == "a column has values beyond 1e+100, which no axis shows"
