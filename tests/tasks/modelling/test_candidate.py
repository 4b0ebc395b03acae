"""Candidates: bare kinds, models with settings, and names with steps; every fault names its line and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.errors import ConfigError
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.evaluation.study import load_study
from tasks.modelling.models.model import MODELS
from tasks.modelling.models.svm import Svm
from tasks.modelling.preprocessing.step import STEPS

STEPS_OF_ONE = [
    "drop_constant",
    "median",
    {"kind": "combat", "unseen": "pooled"},
    "zscore",
    {"kind": "screen", "k": [10]},
]


def written(folder: Path, *models: str) -> Path:
    """A study with these models, the first of them in line 5."""
    lines = [
        "cohorts: [builtin]",
        "endpoint: response",
        "blocks: {genes: [genomic]}",
        "models:",
        *(f"- {m}" for m in models),
    ]
    (folder / "mine.yaml").write_text("\n".join(lines) + "\n")
    return folder / "mine.yaml"


def faults(folder: Path, *models: str) -> list[str]:
    with pytest.raises(ConfigError) as told:
        load_study(written(folder, *models))
    return [str(fault).removeprefix(f"{folder}/mine.yaml:") for fault in told.value.faults]


@pytest.mark.parametrize("kind", MODELS.modules)
def test_a_bare_kind_has_its_name_and_the_usual_steps(kind: str) -> None:
    found = parse_candidate(kind)
    assert (found.name, found.model) == (kind, MODELS.parse(kind))
    assert found.steps == tuple(STEPS.parse(step) for step in found.model.steps)
    assert parse_candidate({"kind": kind}) == parse_candidate({"model": kind}) == found


def test_a_name_with_steps_model_and_fusion_is_read_back_from_what_is_kept() -> None:
    given = {"name": "mine", "steps": STEPS_OF_ONE, "model": {"kind": "svm", "C": [1.0]}, "fusion": "scaled"}
    found = parse_candidate(given)
    assert (found.name, found.model, found.fusion.kind) == ("mine", Svm(C=(1.0,)), "scaled")
    assert [step.kind for step in found.steps] == ["drop_constant", "median", "combat", "zscore", "screen"]
    assert Candidate.model_validate(found.model_dump(mode="json")) == found
    assert parse_candidate(found) is found


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("svn", '5: models.0: unknown kind "svn"; allowed: '),
        ("{kind: svm, k: [10]}", '5: unknown key "models.0.k"; allowed: '),
        (
            "{kind: svm, steps: [median]}",
            "steps belongs to a candidate, as in {name: mine, model: {kind: svm}, steps: [",
        ),
        (
            "{kind: svm, k: [10]}",
            "it belongs to the step screen, as in {name: screened, model: svm, steps: [drop_constant, ",
        ),
        ("{name: a, steps: [median]}", '5: the key "models.0.model" is missing'),
        (
            "{nme: a, model: svm}",
            'unknown key "models.0.nme"; allowed: fusion, model, name, steps; did you mean "name"?',
        ),
        ("{model: svm, fusion: stackd}", '5: models.0.fusion: unknown kind "stackd"; allowed: '),
        ("{model: svm, steps: [median, zscor]}", '5: models.0.steps.1: unknown kind "zscor"; allowed: '),
        ("{model: svm, steps: [median, zscor]}", 'did you mean "zscore"?'),
        ("{model: svm, steps: [median, median]}", '5: models.0.steps.1: the step "median" stands twice'),
        ("{model: svm, steps: [zscore, median]}", 'the step "zscore" takes no missing values: put "median" before it'),
        (
            "{model: random_forest, steps: []}",
            'random_forest takes no missing values: put "median" among the steps, or ',
        ),
        ("{model: svm, steps: [drop_constant]}", 'models take no missing values: put "median" among the steps'),
        (
            "{model: svm, steps: [median, zscore, combat]}",
            'the step "combat" evens out centres: put it before "zscore"',
        ),
        (
            "{model: svm, steps: [median, screen, combat]}",
            'the step "combat" evens out centres: put it before "screen"',
        ),
        ("{model: svm, steps: [median, knn]}", 'nothing is missing after "median": put "knn" before it'),
        (
            "{model: svm, steps: [drop_constant, categories, median]}",
            'the step "categories" has to see the columns that "drop_constant" drops: put it before',
        ),
        ("{model: svm, steps: [missing_indicators, zscore]}", 'takes no missing values: put "median" before it'),
        ("{model: svm, steps: [{kind: declared_value, columns: [a]}]}", 'put "median" among the steps'),
        (
            "{model: svm, steps: [{kind: knn, blocks: [deep]}, zscore]}",
            '"knn" fills in deep alone: put "median" for all that is left before it',
        ),
        (
            "{model: svm, steps: [{kind: knn, blocks: [deep]}, {kind: zscore, blocks: [deep]}]}",
            'models take no missing values: "knn" fills in deep alone: put "median" for all that is left among the steps',
        ),
        (
            "{model: svm, steps: [median, {kind: zscore, blocks: [deep, genes]}, {kind: zscore, blocks: [genes]}]}",
            'the step "zscore" stands twice',
        ),
    ],
)
def test_a_fault_is_told_at_its_line(tmp_path: Path, model: str, message: str) -> None:
    (found,) = faults(tmp_path, model)
    assert message in found


def test_steps_for_different_blocks_stand_beside_each_other(tmp_path: Path) -> None:
    first = (
        "{kind: declared_value, columns: [a]}, missing_indicators, {kind: most_frequent, blocks: [clinical]}, median"
    )
    scales = "{kind: robust, blocks: [deep]}, {kind: zscore, blocks: [genes]}, {kind: zscore, blocks: [radiomics]}"
    rest = "{kind: combat, blocks: [clinical], untouched: []}, {kind: screen, blocks: [deep]}, vif"
    (found,) = load_study(written(tmp_path, f"{{model: svm, steps: [{first}, {scales}, {rest}]}}")).models
    assert len(found.steps) == 10


def test_faults_of_steps_and_model_are_told_together_each_at_its_line(tmp_path: Path) -> None:
    model = "name: mine\n  model: {kind: svm, C: [0]}\n  steps:\n  - median\n  - median\n  - {kind: screen, k: [0]}"
    found = faults(tmp_path, "cox", model)
    assert [fault.split(": ")[:2] for fault in found] == [["7", "models.1.model.C.0"], ["11", "models.1.steps.2.k.0"]]
    model = model.replace("k: [0]", "k: [5]").replace("C: [0]", "C: [1]")
    (found_now,) = faults(tmp_path, "cox", model)
    assert found_now.startswith('10: models.1.steps.1: the step "median" stands twice')


def test_two_candidates_of_one_kind_need_a_name(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "svm", "{kind: svm, C: [1.0]}")
    assert ': models: the model "svm" stands twice; name one of them: {name: …, model: …}' in found
    assert len(load_study(written(tmp_path, "svm", "{name: other, model: {kind: svm, C: [1.0]}}")).models) == 2
