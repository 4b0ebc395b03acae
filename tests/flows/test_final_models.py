"""A model on a user's way: saved by study --final, asked about other cohorts by score, refused where its columns are others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import radweave
from features.core.storage.seal import json_bytes, read_json
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.models import model_folders, read_model, write_model
from features.results.packages import read_package
from features.results.scored import score_folders
from features.results.verify import verify
from features.results.withdraw import withdraw
from tests.support.catalog import cohort_of, write_catalog

pytestmark = pytest.mark.slow
COLUMNS = [f"f{i}" for i in range(12)]
STUDY: dict[str, Any] = {
    "cohorts": ["treated"],
    "external": ["other"],
    "endpoint": "response",
    "blocks": {"texture": ["texture"], "both": ["texture", "clinical"]},
    "models": [{"kind": "ridge_logistic", "C": [1.0]}, {"kind": "nearest_neighbours", "neighbours": [11]}],
    "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
    "thresholds": "always",
}


def draw(name: str, patients: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, len(COLUMNS))), columns=COLUMNS)
    frame.insert(0, "id", [f"{name}{i}" for i in range(patients)])
    frame["age"] = rng.integers(40, 80, patients)
    frame["gain"] = rng.normal(size=patients).round(3)
    frame["stage"] = rng.choice(["I", "II", "III"], patients)
    frame["better"] = (1.5 * frame["f0"] + rng.logistic(size=patients) > 0).astype("Int64")
    return frame


def cohort(name: str, **changes: Any) -> dict[str, Any]:
    """changes: unit and levels of its variables, columns of its textures, kind of its endpoint, None for no endpoint."""
    levels = changes.get("levels", ["I", "II", "III"])
    variables: dict[str, Any] = {
        "age": {"type": "number", "unit": changes.get("unit", "years"), "description": "age"},
        "stage": {"type": "category", "levels": levels, "description": "stage"},
        "better": {"type": "flag", "description": "responded", "role": "outcome"},
    }
    columns: dict[str, Any] = {"age": "age", "stage": "stage"}
    columns["better"] = {"from": "better", "codes": {"1": True, "0": False}}
    endpoint: dict[str, Any] = {"kind": "binary", "column": "better"}
    if changes.get("endpoint") == "continuous":
        variables["gain"] = {"type": "number", "unit": "mm", "description": "gain", "role": "outcome"}
        columns["gain"] = "gain"
        endpoint = {"kind": "continuous", "column": "gain"}
    one = {"path": f"{name}.csv", "id": "id"}
    tables = [
        {"block": "clinical", "columns": columns, **one},
        {"block": "texture", "columns": changes.get("columns", ["f*"]), **one},
    ]
    endpoints = {} if changes.get("endpoint", "") is None else {"response": endpoint}
    return cohort_of(variables=variables, tables=tables, endpoints=endpoints)


@dataclass(frozen=True)
class Place:
    """A folder with cohorts, a study, and a store with its model."""

    folder: Path
    inside: Callable[..., Any]

    @property
    def options(self) -> tuple[object, ...]:
        return "--catalog", self.folder / "data_catalog.yaml", "--store", self.folder / "store"

    @property
    def study(self) -> Path:
        return self.folder / "response_study.yaml"

    def models(self) -> list[Path]:
        found = (self.folder / "store" / "models" / "response_study").iterdir()
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def scored(self, name: str) -> Path:
        found = (self.folder / "store" / "scores" / name).iterdir()
        return max(found, key=lambda path: path.stat().st_mtime_ns)


CHANGED: dict[str, dict[str, Any]] = {
    "months": {"unit": "months", "columns": [f"f{i}" for i in range(11)]},
    "stages": {"levels": ["I", "II", "III", "IV"]},
    "numbers": {"endpoint": "continuous"},
    "new": {"endpoint": None},
}


@pytest.fixture(scope="module")
def saved(inside: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("final")
    draw("t", 70, 1).to_csv(folder / "treated.csv", index=False)
    other = draw("o", 40, 2)
    other.loc[:4, "better"] = pd.NA
    other.loc[39, [*COLUMNS]] = np.nan
    other.to_csv(folder / "other.csv", index=False)
    for i, name in enumerate(CHANGED):
        draw(name[0], 12, 5 + i).to_csv(folder / f"{name}.csv", index=False)
    cohorts = {"treated": cohort("treated"), "other": cohort("other")}
    write_catalog(folder, **cohorts, **{name: cohort(name, **changes) for name, changes in CHANGED.items()})
    place = Place(folder, inside)
    place.study.write_text(yaml.safe_dump(STUDY))
    inside("refresh", *place.options)
    answer = inside("study", place.study, "--final", "--model", "ridge_logistic", "--blocks", "both", *place.options)
    assert "ridge_logistic on both. It was named by who fitted it" in " ".join(answer.stdout.split())
    return place


@pytest.fixture
def place(saved: Place, tmp_path: Path) -> Place:
    """A copy of it, without what other tests scored, for tests that change it."""
    ignore = shutil.ignore_patterns("scores")
    return Place(Path(shutil.copytree(saved.folder, tmp_path / "copy", symlinks=True, ignore=ignore)), saved.inside)


def test_every_file_of_a_model_goes_into_its_package(saved: Place, command: Callable[..., Any], tmp_path: Path) -> None:
    package = tmp_path / "one.radweave"
    command("seal", "response_study", "--output", package, "--store", saved.folder / "store")
    assert set(read_package(package, radweave.__version__).model) == {one.name for one in saved.models()[0].iterdir()}


def test_the_folder_of_a_model_says_what_it_is_for_how_it_was_validated_and_what_its_columns_are(saved: Place) -> None:
    (folder,) = saved.models()
    assert {one.name for one in folder.iterdir()} == {
        *("arrays.parquet", "card.html", "card.json", "card.md", "model.json", "nomogram.csv", "schema.json")
    }
    card = (folder / "card.md").read_text()
    for part in ("Intended use", "Limits", "Data", "Scores", "Calibration", "Versions"):
        assert f"## {part}" in card
    assert "no medical device" in card and "70 of 70 patients" in card and "other (external)" in card
    assert "It was validated on no other cohort" not in card
    facts = read_json(folder / "card.json")
    assert facts["data"]["cases"] == 70 and {one["cohort"] for one in facts["scores"]} == {"", "other"}
    (age,) = [one for one in read_json(folder / "schema.json")["columns"] if one["name"] == "clinical__age"]
    assert (age["unit"], age["block"], age["levels"]) == ("years", "clinical", [])


def test_its_scores_of_an_external_cohort_are_those_of_the_study_to_the_bit(
    saved: Place, command: Callable[..., Any]
) -> None:
    command("score", "response_study", "other", *saved.options)
    (run,) = (saved.folder / "store" / "studies" / "response_study").iterdir()
    key = ["metric", "within"]
    study = read_table(run / "scores.parquet").to_pandas().query("split == 'external' and blocks == 'both'")
    study = study[study["model"] == "ridge_logistic"].set_index(key)
    own = read_table(saved.scored("other") / "scores.parquet").to_pandas().set_index(key)
    pd.testing.assert_frame_equal(own[["value", "n", "events"]], study[["value", "n", "events"]].loc[own.index])
    assert own.loc[("auc", ""), "low"] == study.loc[("auc", ""), "low"]


def test_counts_in_equal_counts_out_and_who_lacks_what_is_told(saved: Place, command: Callable[..., Any]) -> None:
    answer = command("score", "response_study", "other", *saved.options)
    predictions = read_table(saved.scored("other") / "predictions.parquet").to_pandas()
    assert len(predictions) == 40 and (predictions["state"] == "scored").all()
    assert predictions["event"].isna().sum() == 5 and predictions["probability"].between(0, 1).all()
    assert "40 of 40 cases of other scored by response_study/" in " ".join(answer.stdout.split())
    page = (saved.scored("other") / "report.html").read_text()
    assert "cases have no value of the block texture, which was imputed" in page and "outcome missing" in page
    assert "<td>other</td>" in page and "test cases" not in page
    assert "o1" not in predictions["patient"].tolist()  # pseudonyms


def test_new_cases_are_predicted_where_nothing_is_known_of_their_outcome(
    saved: Place, command: Callable[..., Any]
) -> None:
    command("score", saved.models()[0], "new", *saved.options)
    predictions = read_table(saved.scored("new") / "predictions.parquet").to_pandas()
    assert predictions["risk"].notna().all() and predictions["event"].isna().all()
    assert read_table(saved.scored("new") / "scores.parquet").num_rows == 0


def test_scores_of_the_cohort_that_trained_it_are_said_to_mean_nothing(
    saved: Place, command: Callable[..., Any]
) -> None:
    told = " ".join(command("score", "response_study", "treated", *saved.options).stdout.split())
    assert "treated trained this model: this is no validation." in told
    assert (
        "treated trained this model: it has seen these cases" in (saved.scored("treated") / "report.html").read_text()
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "months",
            ["clinical__age: unit is months; the model was fitted on years", "texture__f11: months has no such column"],
        ),
        ("stages", ["clinical__stage_II: levels is I, II, III, IV; the model was fitted on I, II, III"]),
        ("numbers", ['its endpoint "response" is continuous, the model predicts binary']),
        ("nobody", ['there is no cohort "nobody"; there are treated, other']),
    ],
)
def test_cohorts_whose_columns_or_outcomes_are_others_are_refused_and_each_difference_is_named(
    saved: Place, command: Callable[..., Any], name: str, told: list[str]
) -> None:
    error = " ".join(command("score", "response_study", name, *saved.options, code=2).stderr.split())
    for sentence in told:
        assert sentence in error


def test_a_model_with_combat_treats_a_centre_that_it_has_not_seen_as_its_rule_says(
    place: Place, command: Callable[..., Any]
) -> None:
    def candidate(unseen: str) -> dict[str, Any]:
        steps = ["drop_constant", "median", {"kind": "combat", "unseen": unseen}, "zscore"]
        return {"name": unseen, "model": {"kind": "ridge_logistic", "C": [1.0]}, "steps": steps}

    study = {**STUDY, "external": [], "models": [candidate("refuse"), candidate("pooled")]}
    path = place.folder / "harmonised_study.yaml"
    path.write_text(yaml.safe_dump(study))
    models = place.folder / "store" / "models" / "harmonised_study"
    before: set[Path] = set()
    for name in ("refuse", "pooled"):
        place.inside("study", path, "--final", "--model", name, "--blocks", "both", *place.options)
        (model,) = set(models.iterdir()) - before
        before.add(model)
        if name == "refuse":
            error = " ".join(command("score", model, "other", *place.options, code=3).stderr.split())
            assert (
                'the model refuse of harmonised_study: combat: the centre "other:A" (40 rows) was not seen in training'
                in error
            )
            assert not (place.folder / "store" / "scores" / "other").exists()
    command("score", model, "other", *place.options)
    predictions = read_table(place.scored("other") / "predictions.parquet").to_pandas()
    assert len(predictions) == 40 and predictions["risk"].notna().all()
    page = (place.scored("other") / "report.html").read_text()
    assert "was not seen in training: its values stay as they are" in page


def changed_model(folder: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    """A model with something else in it, whose digests fit what it holds now."""
    facts = read_json(folder / "model.json")
    files = {name: (folder / name).read_bytes() for name in facts.pop("files")}
    change(facts, files)
    write_model(folder, files, facts)


def _without_unit(_: dict[str, Any], files: dict[str, bytes]) -> None:
    schema = json.loads(files["schema.json"])
    del schema["columns"][0]["unit"]
    files["schema.json"] = json_bytes({key: value for key, value in schema.items() if "seal" not in key})


def _other_format(facts: dict[str, Any], _: dict[str, bytes]) -> None:
    facts["format"] = 99


def _other_class(facts: dict[str, Any], _: dict[str, bytes]) -> None:
    facts["final"]["mapping"][0][1] = {"class": "os:system", "fields": {}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without_unit, 'the schema says of "clinical__age" no unit'),
        (_other_format, "it has format 99, this radweave reads 1"),
        (_other_class, 'it holds the class "os:system"'),
    ],
)
def test_a_model_of_another_version_or_without_units_is_refused(
    place: Place, command: Callable[..., Any], change: Any, told: str
) -> None:
    changed_model(place.models()[0], change)
    assert told in " ".join(command("score", "response_study", "other", *place.options, code=2).stderr.split())


def test_an_altered_array_is_refused_and_verify_and_status_name_it(place: Place, command: Callable[..., Any]) -> None:
    path = place.models()[0] / "arrays.parquet"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(bytes(data))
    for words in (("score", "response_study", "other"), ("verify",), ("status",)):
        options = place.options if words != ("verify",) else place.options[2:]
        answer = command(*words, *options, code=4)
        told = " ".join((answer.stdout + answer.stderr).split())
        assert "arrays.parquet: is damaged (it is not the file that model.json names)" in told, words


def test_a_model_is_stale_once_the_tables_of_the_cohort_that_trained_it_moved(
    place: Place, command: Callable[..., Any]
) -> None:
    assert "current" in _models(command("status", *place.options).stdout)
    other = draw("o", 41, 2)
    other.to_csv(place.folder / "other.csv", index=False)
    place.inside("refresh", "other", *place.options)
    assert "current" in _models(command("status", *place.options).stdout)  # it only predicted these
    draw("t", 71, 1).to_csv(place.folder / "treated.csv", index=False)
    place.inside("refresh", "treated", *place.options)
    assert "stale" in _models(command("status", *place.options).stdout)


def _models(out: str) -> str:
    return out[out.index("Models\n") :]


def test_the_rule_of_the_study_chooses_and_the_card_says_that_its_score_is_optimistic(place: Place) -> None:
    place.inside("study", place.study, "--final", *place.options)
    card = (place.models()[-1] / "card.md").read_text()
    assert "It has the highest of 4 scores of the study, baselines apart: AUC" in card
    assert "that score is optimistic, and its interval does not correct for that" in card
    before = [path.stat().st_mtime_ns for path in place.models()[-1].iterdir()]
    place.inside("study", place.study, "--final", *place.options)
    assert [path.stat().st_mtime_ns for path in place.models()[-1].iterdir()] == before  # it is there


def test_what_is_named_has_to_be_there(saved: Place, command: Callable[..., Any]) -> None:
    options = (*saved.options, "--runner", "threads", "--workers", "1")
    told = {
        ("--final", "--model", "ridge_logistics"): 'study response_study has no model "ridge_logistics"; it has',
        ("--final", "--model", "ridge_logistic"): "--blocks is to say which set of blocks of clinical, both, texture",
        ("--model", "ridge_logistic"): "--blocks and --model name what --final saves; found no --final",
    }
    for words, sentence in told.items():
        assert sentence in " ".join(command("study", saved.study, *words, *options, code=2).stderr.split())
    study = yaml.safe_load(saved.study.read_text())
    signed = {
        **study,
        "signatures": {"other": {"study": str(saved.study), "blocks": "both", "model": "ridge_logistic"}},
        "cohorts": ["other"],
        "external": [],
    }
    signed |= {"blocks": {"signature": ["signature"]}}
    for name, settings, sentence in (
        ("signed", signed, "study signed: its signatures (other) would have to travel with the model"),
    ):
        path = saved.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(settings))
        assert sentence in " ".join(command("study", path, "--final", *options, code=2).stderr.split())
    error = command("score", "response_studies", "other", *saved.options, code=2).stderr
    assert 'there is no model "response_studies"' in error and "Did you mean" in error


def test_a_withdrawal_leaves_the_scores_and_removes_models_that_hold_single_cases(
    place: Place, command: Callable[..., Any]
) -> None:
    place.inside("study", place.study, "--final", "--model", "nearest_neighbours", "--blocks", "both", *place.options)
    named = [path.name for path in place.models()]
    command("score", place.models()[0], "treated", *place.options)
    predictions = read_table(place.scored("treated") / "predictions.parquet").to_pandas()
    case = f"treated:{predictions['patient'][0]}"
    found = withdraw(Store(place.folder / "store"), case, "consent")
    assert found.models == (f"response_study/{named[1]}",)
    assert [path.name for path in place.models()] == named[:1]
    left = read_table(place.scored("treated") / "predictions.parquet").to_pandas()
    assert len(left) == len(predictions) - 1
    assert command("verify", *place.options[2:])


def test_cases_without_a_score_are_scored_and_no_other_is_asked_again(
    place: Place, command: Callable[..., Any]
) -> None:
    command("score", "response_study", "new", *place.options)
    first = place.scored("new")
    told = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    assert "No new case" in command("score-new", *place.options).stdout
    more = pd.concat([pd.read_csv(place.folder / "new.csv"), draw("m", 3, 9)])
    more.iloc[0, more.columns.get_loc("f0")] += 1.0  # her values changed: another score
    more.to_csv(place.folder / "new.csv", index=False)
    command("refresh", "new", "--runner", "threads", *place.options)
    for _ in range(2):  # what is killed before its end begins again, under the same name
        command("score-new", *place.options)
        second = place.scored("new")
        assert second != first and len(list(second.parent.iterdir())) == 2
        (second / "study.json").rename(place.folder / "study.json")
    assert "1 unfinished run of" in command("gc", *place.options[2:]).stdout and not second.exists()
    command("score-new", "--model", "response_study", "--cohort", "new", *place.options)
    predictions = read_table(second / "predictions.parquet").to_pandas()
    assert len(predictions) == 4 and (predictions["state"] == "scored").all()
    assert "11 cases of the cohort had a score by this model before" in (second / "report.html").read_text()
    assert told == {path: path.stat().st_mtime_ns for path in first.iterdir()}
    assert "No new case" in command("score-new", *place.options).stdout
    command("score", "response_study", "new", *place.options)
    whole = read_table(place.scored("new") / "predictions.parquet").to_pandas().set_index("case")
    assert len(whole) == 15
    np.testing.assert_allclose(predictions["risk"], whole.loc[predictions["case"], "risk"], atol=1e-12)
    assert predictions.set_index("case")["inputs"].equals(whole.loc[predictions["case"], "inputs"])


def test_a_model_that_is_refused_leaves_the_others_be(place: Place, command: Callable[..., Any]) -> None:
    both = ("--cohort", "months", "--cohort", "new", "--model", "response_study")
    answer = command("score-new", *both, *place.options, code=2)
    assert "unit is months; the model was fitted on years" in " ".join(answer.stderr.split())
    assert len(read_table(place.scored("new") / "predictions.parquet")) == 12
    assert not (place.folder / "store" / "scores" / "months").exists()


# Loaded by a process that is to be killed: kill -9 at the moment a written file, of the folder and with the name, takes its name.
KILL = """
import os, signal, sys
def kill(event, arguments):
    if event == "os.rename" and os.fspath(arguments[1]).endswith(os.environ["RADWEAVE_TEST_KILL_AT"]):
        if os.environ["RADWEAVE_TEST_KILL_IN"] in os.fspath(arguments[1]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
"""


def killed(place: Place, folder: str, name: str, *words: object) -> list[Path]:
    """Run a command that is killed while it writes a file; returns what is left of the folders of which none came to its end."""
    hooks = place.folder / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(KILL)
    root = Path(__file__).parents[2]
    settings = {**os.environ, "PYTHONPATH": f"{hooks}{os.pathsep}{root}"}
    settings |= {"RADWEAVE_TEST_KILL_IN": f"/{folder}/", "RADWEAVE_TEST_KILL_AT": f"/{name}"}
    call = [sys.executable, "-m", "flows.cli", *map(str, words), *map(str, place.options)]
    found = subprocess.run(call, cwd=root, env=settings, capture_output=True, text=True, check=False)
    assert found.returncode == -signal.SIGKILL, found.stdout + found.stderr
    return sorted(path.parent for path in (place.folder / "store" / folder).rglob(f".{name}.*.tmp"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_whose_writing_was_killed_is_none_until_it_is_made_again(
    place: Place, command: Callable[..., Any]
) -> None:
    (first,) = place.models()
    before = files_of(first)
    words = ("study", place.study, "--final", "--model", "nearest_neighbours", "--blocks", "both")
    for name in ("schema.json", "model.json"):
        (partial,) = killed(place, "models", name, *words, "--runner", "threads", "--workers", "1")
        assert partial != first and not (partial / name).exists() and (partial / "arrays.parquet").exists()
        assert model_folders(Store(place.folder / "store")) == [first]
        assert partial.name not in _models(command("status", *place.options).stdout)
        told = command("score", f"response_study/{partial.name}", "other", *place.options, code=2).stderr
        assert "there is no model" in told
        if name == "schema.json":
            assert "1 unfinished" in command("gc", *place.options[2:]).stdout and not partial.exists()
    assert "40 of 40 cases" in command("score", "response_study", "other", *place.options).stdout  # of the first
    place.inside(*words, *place.options)
    assert set(model_folders(Store(place.folder / "store"))) == {first, partial} and files_of(first) == before
    command("score", partial, "other", *place.options)
    command("gc", *place.options[2:])
    assert set(read_model(partial)["files"]) | {"model.json"} == set(files_of(partial))
    assert verify(Store(place.folder / "store")).faults == ()


def test_scores_whose_writing_was_killed_are_made_again_with_the_same_bytes(
    place: Place, command: Callable[..., Any]
) -> None:
    command("score", "response_study", "new", *place.options)
    finished = files_of(place.scored("new"))
    words = ("score", "response_study", "other")
    for name in ("scores.parquet", "study.json"):
        (partial,) = killed(place, "scores", name, *words)
        assert (partial / "predictions.parquet").exists() and not (partial / name).exists()
        assert [one for one, _ in score_folders(Store(place.folder / "store"))] == [place.scored("new")]
    assert "40 of 40 cases" in command(*words, *place.options).stdout
    again = place.scored("other")
    assert again == partial and files_of(place.scored("new")) == finished
    command("gc", *place.options[2:])
    tables = {name: data for name, data in files_of(again).items() if name.endswith(".parquet")}
    shutil.rmtree(again)
    command(*words, *place.options)
    assert {name: data for name, data in files_of(again).items() if name.endswith(".parquet")} == tables
    assert verify(Store(place.folder / "store")).faults == ()


LIGHT = """
import sys
from flows.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
heavy = ("prefect", "scipy.stats", "sklearn", "torch", "lifelines", "sksurv", "numba", "matplotlib")
print([name for name in heavy if name in sys.modules])
"""


def test_a_linear_model_is_asked_without_the_libraries_that_fit(saved: Place) -> None:
    call = [sys.executable, "-c", LIGHT, "score", "response_study", "new", *map(str, saved.options)]
    shown = subprocess.run(call, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert shown.stdout.splitlines()[-1] == "[]", shown.stdout + shown.stderr
