"""Models for a new centre on a user's way: their nomogram, their recalibration by a cohort, and thresholds that travel."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from features.core.storage.seal import read_json
from features.core.storage.table import read_table
from tasks.modelling.decisions.probability import probability_of
from tasks.modelling.saved.loaded import load_model
from tests.flows.test_final_models import Place
from tests.support.catalog import cohort_of, write_catalog

pytestmark = pytest.mark.slow
STEPS = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [3]}]
SHARED = {"cohorts": ["first"], "splits": [{"kind": "nested", "folds": 3, "repeats": 1}]}
STUDIES: dict[str, dict[str, Any]] = {
    "response_study": {
        "endpoint": "response",
        "thresholds": "always",
        "blocks": {"all": ["texture", "clinical"]},
        "models": [
            {"name": "few", "model": {"kind": "ridge_logistic", "C": [1.0]}, "steps": STEPS, "fusion": "together"},
            {"name": "blocks", "model": {"kind": "ridge_logistic", "C": [1.0]}, "steps": STEPS, "fusion": "stacked"},
        ],
    },
    "survival_study": {
        "endpoint": "death",
        "blocks": {"all": ["texture", "clinical"]},
        "models": [{"name": "few", "model": {"kind": "ridge_cox"}, "steps": STEPS, "fusion": "together"}],
    },
}


def draw(name: str, patients: int, seed: int, *, shift: float = 0.0) -> pd.DataFrame:
    """shift: of the log odds and of the log hazard, as a new centre has it."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, 5)), columns=[f"f{i}" for i in range(5)])
    frame.insert(0, "id", [f"{name}{i}" for i in range(patients)])
    frame["age"] = rng.integers(40, 80, patients)
    score = 0.8 * frame["f0"] + 0.06 * (frame["age"] - 60)
    frame["better"] = (score + shift + rng.logistic(size=patients) > 0).astype(int)
    days, followed = rng.exponential(400 * np.exp(-score - shift)), rng.uniform(100, 900, patients)
    frame["dead"] = (days <= followed).astype(int)
    frame["days"] = np.ceil(np.minimum(days, followed)).clip(1)
    return frame


def cohort(name: str) -> dict[str, Any]:
    flags: dict[str, Any] = {"type": "flag", "description": "seen", "role": "outcome"}
    variables = {
        "age": {"type": "number", "unit": "years", "description": "age"},
        "better": flags,
        "dead": flags,
        "days": {"type": "number", "unit": "days", "description": "followed", "role": "outcome"},
    }
    codes = {"codes": {"1": True, "0": False}}
    columns = {"age": "age", "days": "days", "better": {"from": "better", **codes}, "dead": {"from": "dead", **codes}}
    one = {"path": f"{name}.csv", "id": "id"}
    endpoints = {
        "response": {"kind": "binary", "column": "better"},
        "death": {"kind": "survival", "event": "dead", "time": "days", "horizon_days": 365},
    }
    tables = [{"block": "clinical", "columns": columns, **one}, {"block": "texture", "columns": ["f*"], **one}]
    return cohort_of(variables=variables, tables=tables, endpoints=endpoints)


@pytest.fixture(scope="module")
def saved(inside: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("recalibrate")
    draw("a", 120, 1).to_csv(folder / "first.csv", index=False)
    draw("b", 220, 2, shift=1.0).to_csv(folder / "second.csv", index=False)
    draw("c", 30, 3).to_csv(folder / "small.csv", index=False)
    write_catalog(folder, **{name: cohort(name) for name in ("first", "second", "small")})
    place = Place(folder, inside)
    inside("refresh", *place.options)
    for name, settings in STUDIES.items():
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**SHARED, **settings}))
        inside("study", path, "--final", "--model", "few", "--blocks", "all", *place.options)
    return place


def first_model(place: Place, study: str) -> Path:
    folders = (place.folder / "store" / "models" / study).iterdir()
    (found,) = [one for one in folders if "recalibrated" not in read_json(one / "model.json")]
    return found


def scores_of(command: Callable[..., Any], place: Place, model: Path, name: str) -> Path:
    """Where the scores of a model on a cohort are."""
    lines = command("score", model, name, *place.options).stdout.splitlines()
    return Path(next(line for line in lines if line.startswith("Scores: ")).removeprefix("Scores: "))


def recalibrated(command: Callable[..., Any], place: Place, study: str, by: str) -> Path:
    command("recalibrate", first_model(place, study), "second", "--by", by, *place.options)
    folders = (place.folder / "store" / "models" / study).iterdir()
    (found,) = [one for one in folders if (read_json(one / "model.json").get("recalibrated") or {}).get("way") == by]
    return found


@pytest.mark.parametrize("study", STUDIES)
def test_a_model_of_few_columns_has_a_nomogram_whose_points_add_up_to_its_predictions(
    saved: Place, study: str, command: Callable[..., Any]
) -> None:
    folder = first_model(saved, study)
    lines = list(csv.DictReader(io.StringIO((folder / "nomogram.csv").read_text())))
    scored = scores_of(command, saved, folder, "second")
    told = read_table(scored / "predictions.parquet").to_pandas().sort_values("patient")
    table = pd.read_csv(saved.folder / "second.csv")
    score = np.zeros(len(table))
    names = list(dict.fromkeys(line["axis"] for line in lines))
    for axis in names[:-1]:
        own = [line for line in lines if line["axis"] == axis]
        block, column = axis.split("__")
        assert own[0]["unit"] == ("years" if column == "age" else "") and block in ("clinical", "texture")
        (x0, y0), (x1, y1) = ((float(own[i]["value"]), float(own[i]["points"])) for i in (0, -1))
        score += y0 + (table[column].to_numpy() - x0) / (x1 - x0) * (y1 - y0)
    (p0, s0), (p1, s1) = (
        (float(one["points"]), float(one["score"]))
        for one in (lines[-1], next(line for line in lines if line["axis"] == names[-1]))
    )
    score = s0 + (score - p0) / (p1 - p0) * (s1 - s0)
    ours = 1 / (1 + np.exp(-score)) if study == "response_study" else 1 - np.exp(-np.exp(score))
    theirs = told["probability" if study == "response_study" else "incidence"]
    np.testing.assert_allclose(np.sort(ours), np.sort(theirs), rtol=0, atol=1e-6)
    assert names[-1] == ("probability of yes" if study == "response_study" else "survival on day 365")
    page = (folder / "card.html").read_text()
    assert '<figure id="figure-nomogram"' in page and "Total points" in page and "clinical__age (years)" in page
    assert "nomogram.csv holds the points" in (folder / "card.md").read_text()


@pytest.mark.parametrize("study", STUDIES)
def test_thresholds_and_groups_of_risk_travel_with_the_model(
    saved: Place, study: str, command: Callable[..., Any]
) -> None:
    folder = first_model(saved, study)
    scored = scores_of(command, saved, folder, "second")
    told = read_table(scored / "predictions.parquet").to_pandas()
    scores = read_table(scored / "scores.parquet").to_pandas().set_index(["metric", "within"])["value"]
    cut = load_model(folder).final.cut
    high, event = told["risk"] > cut, told["event"].astype(bool)
    assert (told["high_risk"].astype(bool) == high).all() and high.any() and not high.all()
    if study == "response_study":
        np.testing.assert_allclose(scores[("sensitivity", "")], (high & event).sum() / event.sum())
        np.testing.assert_allclose(scores[("specificity", "")], (~high & ~event).sum() / (~event).sum())
    else:
        assert scores[("hazard_ratio", "")] > 1.5
    page = " ".join((scored / "report.html").read_text().split())
    assert f"<td>{int(high.sum())}</td> <td>{int((high & event).sum())}</td>" in page.replace("</td><td>", "</td> <td>")


@pytest.mark.parametrize("by", ["intercept", "slope", "refit"])
@pytest.mark.parametrize("study", STUDIES)
def test_a_recalibrated_model_is_a_model_of_its_own_that_says_what_it_was_before(
    saved: Place, study: str, by: str, command: Callable[..., Any]
) -> None:
    before, after = first_model(saved, study), recalibrated(command, saved, study, by)
    assert (
        before.name != after.name
        and read_json(before / "model.json")["digest"] != read_json(after / "model.json")["digest"]
    )
    card = read_json(after / "card.json")
    told = card["recalibration"]
    assert (told["way"], told["cohort"], told["n"]) == (by, "second", 220)
    table = pd.read_csv(saved.folder / "second.csv")
    assert told["events"] == int(table["better" if study == "response_study" else "dead"].sum())
    kind = "calibration_intercept" if study == "response_study" else "intercept_at_horizon"
    scores = told["scores"]
    assert scores[kind]["after"]["value"] is not None, scores[kind]
    assert abs(scores[kind]["after"]["value"]) < 0.25 < scores[kind]["before"]["value"]  # the centre has more events
    brier = "brier" if study == "response_study" else "brier_at_horizon"
    assert scores[brier]["after"]["value"] < scores[brier]["before"]["value"]
    text = (after / "card.md").read_text()
    assert "of cases like those of second whose columns" in text and ", recalibrated on second" in text.splitlines()[0]
    assert "## Recalibration" in text and "Recalibrated on second (220 cases of 220 patients" in text
    assert "figure-recalibration" in (after / "card.html").read_text()
    old, new = load_model(before).final, load_model(after).final
    assert (old.cut == new.cut) == (by != "refit")
    if study == "response_study" and by != "refit":
        assert told["intercept"] == pytest.approx(new.line[0] - told["slope"] * old.line[0])
    scored = scores_of(command, saved, after, "second")
    assert "trained this model" in (scored / "report.html").read_text()
    scored = scores_of(command, saved, after, "small")
    if study == "response_study":
        rows = read_table(scored / "predictions.parquet").to_pandas()
        np.testing.assert_allclose(rows["probability"], probability_of(new.line, rows["risk"].to_numpy()))
    listed = command("status", *saved.options).stdout
    assert after.name in listed and "damaged" not in listed


def test_what_cannot_be_recalibrated_is_refused_in_a_sentence(saved: Place, command: Callable[..., Any]) -> None:
    model = first_model(saved, "response_study")
    told = {
        (
            "first",
            "intercept",
            2,
        ): 'the cohort "first" trained this model; recalibrate it on a cohort that it has not seen',
        ("small", "refit", 3): "too few to recalibrate by refit; needed: 50 cases of each of yes and no",
        ("nobody", "slope", 2): 'there is no cohort "nobody"; there are first, second, small',
    }
    for (name, by, code), sentence in told.items():
        answer = command("recalibrate", model, name, "--by", by, *saved.options, code=code)
        assert sentence in " ".join(answer.stderr.split())
    assert "Missing option '--by'" in command("recalibrate", model, "second", *saved.options, code=2).stderr


def test_a_recalibrated_model_is_stale_once_its_cohort_moved(saved: Place, command: Callable[..., Any]) -> None:
    after = recalibrated(command, saved, "response_study", "intercept")
    draw("b", 221, 2, shift=1.0).to_csv(saved.folder / "second.csv", index=False)
    saved.inside("refresh", "second", *saved.options)
    out = command("status", *saved.options).stdout
    lines = out[out.index("Models\n") :].splitlines()
    assert any(after.name in line and "stale" in line for line in lines), out
    assert any(first_model(saved, "response_study").name in line and "current" in line for line in lines), out
