"""Studies of the literature: each is run whole from an empty folder, by what its row of the review asks for."""

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.storage.seal import read_json
from flows.literature import RESULT, Size, load_literature, make_cohort, run_literature
from flows.named import literature_files, study_files
from tasks.modelling.evaluation.study import load_study
from tasks.running.runners.threads import Threads

FILES = literature_files()
EVERY = list(FILES)
TODAY = date.today().toordinal()
ALL = bool(os.environ.get("RADWEAVE_EVERY_STUDY"))
OF_TODAY = EVERY if ALL else [EVERY[(2 * TODAY + i) % len(EVERY)] for i in range(2)]  # two a day, in turn

# What each row of the review names: images or visits that are measured, what is fitted to them, and how many claims there are.
ROWS: dict[str, dict[str, Any]] = {
    "bibault2018": {"inputs": {"CT"}, "fitted": {"residual_network", "ridge_logistic", "svm"}, "claims": 3},
    "chen_suv": {"inputs": {"PT"}, "fitted": {"mann_whitney", "partial_rank_correlation"}, "claims": 5},
    "coroller2016": {"inputs": {"CT"}, "fitted": {"mann_whitney", "univariable", "ridge_logistic"}, "claims": 3},
    "fave2017": {
        "inputs": {"baseline", "week1", "week5"},
        "fitted": {"mixed_effects", "mean_slope", "slope", "ridge_logistic"},
        "claims": 4,
    },
    "hao2018": {"inputs": {"PT"}, "fitted": {"svm", "shell"}, "claims": 2},
    "lao2017": {"inputs": {"t1c", "flair"}, "fitted": {"network", "adjacent", "coxnet", "ridge_cox"}, "claims": 2},
    "li2017": {
        "inputs": {"t1c", "flair", "adc"},
        "fitted": {"network", "descriptors", "fisher_vector", "svm"},
        "claims": 2,
    },
    "nie2016": {"inputs": {"t2", "adc", "uptake"}, "fitted": {"multilayer_perceptron"}, "claims": 4},
    "oakdenrayner2017": {"inputs": {"CT"}, "fitted": {"network", "radweave", "ridge_logistic"}, "claims": 4},
    "riosvelazquez2017": {"inputs": {"CT"}, "fitted": {"ridge_logistic", "stacked"}, "claims": 3},
    "shi2018": {"inputs": {"pet", "t1"}, "fitted": {"stacked_polynomial_network", "svm"}, "claims": 3},
    "sun2018": {"inputs": {"CT"}, "fitted": {"elastic_net", "shell", "ridge_logistic", "ridge_cox"}, "claims": 3},
    "wang2019": {"inputs": {"CT"}, "fitted": {"samples", "adjacent", "image_network", "ridge_logistic"}, "claims": 3},
    "xie2019": {"inputs": {"CT"}, "fitted": {"samples", "nine_views", "largest", "image_network"}, "claims": 2},
    "ypsilantis2015": {
        "inputs": {"PT"},
        "fitted": {"network", "adjacent", "symmetric_uncertainty", "ridge_logistic"},
        "claims": 2,
    },
}

UNDECIDED = {"li2017", "shi2018"}  # whose fast forms have too few patients for a verdict, as they say


@pytest.mark.parametrize("name", EVERY)
def test_every_study_has_a_row_and_says_what_was_published_and_claimed(name: str, tmp_path: Path) -> None:
    plan = load_literature(FILES[name])
    assert plan.published.by and plan.published.result
    for one, settings in {**plan.studies, **plan.beside}.items():
        path = tmp_path / f"{one}.yaml"
        path.write_text(yaml.safe_dump(settings))
        assert load_study(path).name == one
        own = {f"./recipes/{recipe}.yaml" for recipe in plan.recipes}
        assert set(settings["recipes"]) <= set(plan.simulated.recipes()) | own  # type: ignore[attr-defined]
    assert sum(len(settings.get("claims", ())) for settings in plan.studies.values()) == ROWS[name]["claims"]


def test_studies_of_the_literature_are_none_of_a_catalog() -> None:
    assert not set(FILES) & set(study_files())
    assert set(FILES) == set(ROWS)


@pytest.mark.slow
def test_a_cohort_of_other_settings_is_made_again_and_an_equal_one_is_not(tmp_path: Path) -> None:
    plan, folder = load_literature(FILES["coroller2016"]), tmp_path / "cohort"
    one = plan.model_copy(update={"simulated": plan.simulated.model_copy(update={"patients_per_centre": 1})})
    two = plan.model_copy(update={"simulated": plan.simulated.model_copy(update={"patients_per_centre": 2})})
    catalog = make_cohort(one, Size(), folder)
    before = catalog.stat().st_mtime_ns
    assert make_cohort(one, Size(), folder).stat().st_mtime_ns == before
    make_cohort(two, Size(), folder)
    assert len((folder / "truth" / "patients.csv").read_text("utf-8").splitlines()) == 1 + 2 * 5


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_TODAY)
def test_a_study_runs_whole_and_its_result_says_what_really_ran(name: str, tmp_path: Path) -> None:
    runs = run_literature(FILES[name], Size(), tmp_path, Threads(workers=2))
    own, row = tmp_path / name / "seed0", ROWS[name]
    result = read_json(own / RESULT)
    assert all((run / "report.html").is_file() for run in runs)
    words = {word for cohort in result["inputs"].values() for scan in cohort for word in scan.split()}
    assert row["inputs"] <= words
    assert row["fitted"] <= set(re.findall(r'"kind": "(\w+)"', json.dumps(result["studies"])))
    claims = [claim for part in result["studies"].values() for claim in part["claims"]]
    assert len(claims) == row["claims"]
    assert all(claim["verdict"] in ("supported", "undecided", "not supported") for claim in claims)
    told = [claim for claim in claims if claim["low"] is not None]
    assert all(claim["low"] <= claim["value"] <= claim["high"] for claim in told)
    assert all(claim["reason"] for claim in claims if claim["low"] is None)
    if name not in UNDECIDED:  # what is planted is found
        assert any(claim["verdict"] == "supported" for claim in claims)
    assert all(0.78 <= part["oracle"]["oracle"] <= 0.9 for part in result["studies"].values() if part["oracle"])
    for part in result["studies"].values():
        told = {(score["split"], score["cohort"]): score for score in part["baseline"]}
        assert all(score["value"] < 0.72 for score in told.values())  # of few patients, whose truth is at most 0.60
    before = (own / RESULT).read_bytes()
    assert run_literature(FILES[name], Size(), tmp_path, Threads(workers=2)) == runs
    assert (own / RESULT).read_bytes() == before  # nothing was computed again


def test_the_command_refuses_what_a_study_does_not_have(command, tmp_path: Path) -> None:
    assert (
        "studies of the literature have cohorts of their own"
        in command("study", "hao2018", "sts_recurrence", code=2).stderr
    )
    assert "--null goes with a study of the literature" in command("study", "sts_recurrence", "--null", code=2).stderr
    table = "study", "--table", "features.csv", "--id", "id", "--target", "y"
    for words, told in (
        ((*table, "--null"), "--null goes with a study of the literature"),
        ((*table, "--seed", "1"), "--seed goes with a study"),
        (("study", "hao2018", "--store", "store"), "--store goes with a study of your own"),
    ):
        assert told in command(*words, code=2).stderr
    shown = command("studies", "--folder", tmp_path, "--format", "json")
    assert json.loads(shown.stdout) == []
    assert "not run" in command("studies", "--folder", tmp_path, "--format", "csv").stdout
    narrow = command("studies", "--folder", tmp_path, COLUMNS="80").stdout
    assert max(map(len, narrow.splitlines())) <= 80
    assert all(head in narrow for head in ("data and method", "as published", "here"))
    assert "wider screen" not in narrow  # nothing is left out
