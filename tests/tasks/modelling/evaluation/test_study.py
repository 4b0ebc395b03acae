"""Study: read from a file, checked as a whole, addressed by its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.errors import ConfigError
from tasks.modelling.evaluation.study import load_study

TEXT = """\
title: Survival from CT
cohorts: [nsclc]
endpoint: survival
recipes: [ct_lung]
blocks:
  fused: [radiomics, clinical]
models:
  - coxnet
  - {kind: cox, penalizer: [0.1, 0.5]}
splits:
  - {kind: nested, folds: 4}
  - centre_out
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "lung_survival.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_study_is_read_and_named_for_its_file(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, TEXT))
    assert study.name == "lung_survival"
    assert [candidate.name for candidate in study.models] == ["coxnet", "cox"]
    assert [one.chosen() for one in study.models[1].model.variants()] == [{"penalizer": 0.1}, {"penalizer": 0.5}]
    assert study.splits[0].model_dump() == {"inner_folds": 3, "kind": "nested", "folds": 4, "repeats": 2}
    assert study.seed == 0


def test_splits_are_nested_and_centre_out_unless_told(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, TEXT.split("splits:")[0]))
    assert [split.kind for split in study.splits] == ["nested", "centre_out"]


def test_digest_follows_the_settings_and_not_the_words(tmp_path: Path) -> None:
    digest = load_study(write(tmp_path, TEXT)).digest()
    assert load_study(write(tmp_path, TEXT.replace("from CT", "from scans"))).digest() == digest
    assert load_study(write(tmp_path, TEXT.replace("folds: 4", "folds: 5"))).digest() != digest
    assert load_study(write(tmp_path, TEXT.replace("0.5]", "0.7]"))).digest() != digest


def test_a_step_is_for_the_parts_that_sets_name_and_not_for_their_block(tmp_path: Path) -> None:
    parts = "parts:\n  ring: {of: radiomics, recipes: ct_ring}\n"
    step = "{name: own, steps: [median, {kind: zscore, blocks: [%s]}], model: coxnet}"
    text = TEXT.replace("[radiomics, clinical]", "[ring, clinical]").replace("- coxnet", f"- {step}") + parts
    assert load_study(write(tmp_path, text % "ring")).used_blocks == {"radiomics", "clinical"}
    with pytest.raises(
        ConfigError, match="zscore of own is for the block radiomics, of which sets name parts, such as ring"
    ):
        load_study(write(tmp_path, text % "radiomics"))


def test_settings_that_came_later_leave_no_trace_unless_used(tmp_path: Path) -> None:
    digest = load_study(write(tmp_path, TEXT)).digest()
    assert load_study(write(tmp_path, TEXT + "lesions: each\ndeltas: []\n")).digest() == digest
    assert load_study(write(tmp_path, TEXT + "lesions: sum\n")).digest() != digest
    deltas = "deltas:\n  - {since: baseline, until: week_6, how: [absolute, per_day]}\n"
    study = load_study(write(tmp_path, TEXT.replace("clinical]", "delta]") + deltas))
    assert study.deltas[0].how == ("absolute", "per_day")
    assert study.digest() != digest


def test_external_cohorts_are_predicted_by_a_split_that_need_not_be_named(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, TEXT + "external: [b, c]\n"))
    assert [split.kind for split in study.splits] == ["nested", "centre_out", "external"]
    assert study.all_cohorts == ("nsclc", "b", "c")
    named = load_study(write(tmp_path, TEXT + "  - {kind: external, inner_folds: 5}\nexternal: [b, c]\n"))
    assert [split.inner_folds for split in named.splits] == [3, 3, 5]
    assert load_study(write(tmp_path, TEXT)).digest() != study.digest() != named.digest()
    assert load_study(write(tmp_path, TEXT + "external: []\nexternal_columns: same\n")).digest() == (
        load_study(write(tmp_path, TEXT)).digest()
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("splits:", "external: [nsclc]\nsplits:", 'the cohort "nsclc" stands twice'),
        ("- centre_out", "- external", 'the split "external" needs external cohorts: name them by `external`'),
        ("splits:", "external_columns: common\nsplits:", "external_columns needs external cohorts"),
        ("clinical]", "delta]", 'the block "delta" needs deltas: which time points are compared'),
        (
            "splits:",
            "parts: {ring: {of: radiomics, recipes: a}}\nsplits:",
            'the part "ring" stands in no set of blocks',
        ),
        ("splits:", "parts: {deep: {of: radiomics, recipes: a}}\nsplits:", 'the part "deep" has the name of a block'),
        ("splits:", "parts: {ring: {of: radiomics}}\nsplits:", "a part says which columns"),
        ("splits:", "deltas: [{since: a, until: b}]\nsplits:", "the deltas stand in no set of blocks"),
        ("splits:", "deltas: [{since: a, until: a}]\nsplits:", 'since and until are both "a"'),
        ("- coxnet", "- coxnets", 'did you mean "coxnet"?'),
        (
            "- coxnet",
            "- svm",
            "one kind of endpoint; found svm (binary); cox (competing_risks, survival)",
        ),
        ("- coxnet", "- cox", 'the model "cox" stands twice'),
        ("folds: 4", "fold: 4", "lung_survival.yaml:11"),
        ("folds: 4", "folds: 1000000", "less than or equal to 1000"),
        (
            "splits:",
            "missing_modality: exclude\nsplits:",
            'yaml:10: the key "missing_modality" is now "missing_block"; it',
        ),
        ("splits:", "bootstrap: 2000\nsplits:", 'yaml:10: the key "bootstrap" is gone; leave it out'),
        ("splits:", "metrics: [auc]\nsplits:", 'yaml:10: a study has no "metrics"; leave it out: every score of its'),
        ("splits:", "missing_modality: exclud\nsplits:", "missing_block: Input should be 'impute' or 'exclude'"),
    ],
)
def test_faults_name_the_place_and_the_nearest_word(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study(write(tmp_path, TEXT.replace(old, new)))
    assert message in str(caught.value)
