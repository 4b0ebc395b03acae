"""check_configuration: catalog, recipes and studies as one, with every fault at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.errors import ConfigError
from flows.configuration import check_configuration
from tests.support.catalog import cohort_of, file_images, write_catalog

TEXT = """\
cohorts: [one]
external: [twoo, three]
endpoint: dead
blocks: {r: [clinical]}
models: [svm]
splits: [given]
"""


BLOCKS = "cohorts: [demo]\nendpoint: dead\nblocks:\n  all: [clinical, {block}]\nmodels: [svm]\n"


def cohort(endpoint: str = "dead", **changes: Any) -> dict[str, Any]:
    variables = {"ending": {"type": "flag", "description": "died", "role": "outcome"}}
    table = {"block": "clinical", "path": "table.csv", "id": "id", "columns": {"ending": "ending"}, **changes}
    endpoints = {endpoint: {"kind": "binary", "column": "ending"}}
    return cohort_of(file_images(), variables=variables, tables=[table], endpoints=endpoints)


def test_external_cohorts_and_a_given_split_are_checked_with_the_catalog(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, one=cohort(), two=cohort(), three=cohort("death"))
    study = tmp_path / "mine.yaml"
    study.write_text(TEXT)
    with pytest.raises(ConfigError) as caught:
        check_configuration(catalog, [study])
    told = [str(fault) for fault in caught.value.faults]
    assert f'{study}:2: unknown cohort; found "twoo"; allowed: one, two, three; did you mean "two"?' in told
    assert f'{study}:3: unknown endpoint of cohort three; found "dead"; allowed: death; did you mean "death"?' in told
    assert (
        f"{study}:6: no table of its cohorts has a split; name the column by `split` of a table in the catalog" in told
    )
    bare = {**cohort(), "tables": []}
    study.write_text(TEXT.replace("twoo, three", "bare"))
    with pytest.raises(ConfigError) as caught:
        check_configuration(write_catalog(tmp_path, one=cohort(split="set"), bare=bare), [study])
    assert [str(fault) for fault in caught.value.faults] == [
        f'{study}:2: the external cohort has no table of the block "clinical", on which models train; found tables of no block'
    ]
    study.write_text(TEXT.replace("twoo, three", "two").replace("[given]", "[{kind: temporal, by: ending}]"))
    with pytest.raises(
        ConfigError, match="6: ending is an outcome: whom it puts later is not known at the prediction; name"
    ):
        check_configuration(write_catalog(tmp_path, one=cohort(split="set"), two=cohort()), [study])
    study.write_text(TEXT.replace("twoo, three", "two").replace("[given]", "[{kind: temporal, by: ages}]"))
    with pytest.raises(ConfigError, match='6: the split temporal: "ages" is no number of its cohorts; allowed: '):
        check_configuration(write_catalog(tmp_path, one=cohort(split="set"), two=cohort()), [study])
    study.write_text(TEXT.replace("twoo, three", "two"))
    check_configuration(write_catalog(tmp_path, one=cohort(split="set"), two=cohort()), [study])


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        (
            {"kind": "binary", "column": "ending"},
            {"kind": "multiclass", "column": "end"},
            "binary; two: multiclass of a, b",
        ),
        (
            {"kind": "survival", "time": "days", "event": "ending", "horizon_days": 90},
            {"kind": "survival", "time": "days", "event": "ending"},
            "survival until day 90; two: survival",
        ),
    ],
)
def test_an_endpoint_that_differs_between_cohorts_is_a_fault_of_the_study(
    tmp_path: Path, one: dict[str, Any], two: dict[str, Any], told: str
) -> None:
    cohorts = {"one": cohort(split="set"), "two": cohort()}
    for found, endpoint in zip(cohorts.values(), (one, two), strict=True):
        found["variables"]["end"] = {"type": "category", "levels": ["a", "b"], "role": "outcome", "description": "end"}
        found["variables"]["days"] = {"type": "number", "unit": "days", "role": "outcome", "description": "time"}
        found["tables"][0]["columns"] |= {"end": "end", "days": "days"}
        found["endpoints"] = {"dead": endpoint}
    study = tmp_path / "mine.yaml"
    study.write_text(TEXT.replace("twoo, three", "two"))
    with pytest.raises(ConfigError) as caught:
        check_configuration(write_catalog(tmp_path, **cohorts), [study])
    where = f'{study}:3: the endpoint "dead" is not of the same kind, levels and horizon in every cohort: one: '
    assert where + told in [str(fault) for fault in caught.value.faults]


def test_a_set_of_blocks_may_name_the_ready_made_ones_of_its_cohorts(tmp_path: Path) -> None:
    demo = cohort()
    demo["tables"].append({"block": "proteins", "path": "b.csv", "id": "id"})
    catalog, study = write_catalog(tmp_path, demo=demo), tmp_path / "study.yaml"
    study.write_text(BLOCKS.format(block="proteins"))
    check_configuration(catalog, [study])
    study.write_text(BLOCKS.format(block="protein"))
    with pytest.raises(
        ConfigError, match=r'study\.yaml:4: unknown block; found "protein"; .*did you mean "proteins"\?'
    ):
        check_configuration(catalog, [study])


def test_a_claim_is_judged_by_a_metric_of_its_endpoint(tmp_path: Path) -> None:
    catalog, study = write_catalog(tmp_path, demo=cohort()), tmp_path / "study.yaml"
    text = "cohorts: [demo]\nendpoint: dead\nblocks: {c: [clinical]}\nmodels: [svm]\nclaims:\n"
    text += "- {kind: beyond, says: it tells, of: c, value: 0.5, split: nested, metric: %s}\n"
    study.write_text(text % "brier")
    check_configuration(catalog, [study])
    study.write_text(text % "harrell_c")
    told = r'study\.yaml:6: unknown metric of dead, which is binary; found "harrell_c"; allowed: auc, '
    with pytest.raises(ConfigError, match=told):
        check_configuration(catalog, [study])


def test_shuffled_intensities_need_columns_of_a_recipe(tmp_path: Path) -> None:
    demo = cohort()
    demo["tables"].append({"block": "proteins", "path": "b.csv", "id": "id"})
    catalog, study = write_catalog(tmp_path, demo=demo), tmp_path / "study.yaml"
    study.write_text(BLOCKS.format(block="proteins") + "controls: [permuted_outcome, shuffled_intensities]\n")
    told = (
        r"study\.yaml:6: shuffled_intensities exchanges intensities of images, and no set of blocks has columns of a recipe of the "
        "study; found clinical, proteins; take the control away, or name a recipe"
    )
    with pytest.raises(ConfigError, match=told):
        check_configuration(catalog, [study])
    study.write_text(BLOCKS.format(block="proteins") + "controls: [permuted_outcome]\n")
    check_configuration(catalog, [study])


def test_the_order_of_a_priority_lasso_names_every_block_of_a_set(tmp_path: Path) -> None:
    demo = cohort()
    demo["tables"].append({"block": "proteins", "path": "b.csv", "id": "id"})
    catalog, study = write_catalog(tmp_path, demo=demo), tmp_path / "study.yaml"
    text = BLOCKS.format(block="proteins").replace("[svm]", "\n- {kind: priority_lasso, order: [%s]}")
    study.write_text(text % "clinical, proteins")
    check_configuration(catalog, [study])
    study.write_text(text % "clinicl, proteins")
    with pytest.raises(ConfigError) as caught:
        check_configuration(catalog, [study])
    first, second = (str(fault) for fault in caught.value.faults)
    assert 'unknown block; found "clinicl"; ' in first and 'did you mean "clinical"?' in first
    told = "found clinical; name every block, the one that comes first first, as in order: [clinical, proteins]"
    assert f'priority_lasso has no place in its order for blocks of the set "all"; {told}' in second


def test_blocks_covariates_and_references_of_steps_are_words_of_the_cohorts_that_train(tmp_path: Path) -> None:
    variables = {
        "ending": {"type": "flag", "description": "died", "role": "outcome"},
        "age": {"type": "number", "unit": "years", "description": "age"},
        "side": {"type": "category", "levels": ["left", "right", "both"], "description": "side"},
    }
    columns = {
        "ending": "ending",
        "age": "age",
        "side": {"from": "side", "codes": {"l": "left", "r": "right", "b": "both"}},
    }
    one = {**cohort(columns=columns), "variables": variables}
    short = TEXT.replace("external: [twoo, three]\n", "").replace("splits: [given]\n", "")
    even = "models:\n- svm\n- name: even\n  model: svm\n  steps:\n  - median\n  - {kind: combat, covariates: [%s], reference: %s}"
    text = short.replace("models: [svm]", even)
    study = tmp_path / "mine.yaml"
    study.write_text(text % ("clinical__age, clinical__side_both", "A"))
    catalog = write_catalog(tmp_path, one=one, two=one)
    check_configuration(catalog, [study])
    study.write_text(text % ("clinical__agee, clinical__ending", "B"))
    with pytest.raises(ConfigError) as caught:
        check_configuration(catalog, [study])
    known = "allowed: clinical__age, clinical__side_left, clinical__side_right, clinical__side_both"
    assert [str(fault) for fault in caught.value.faults] == [
        f'{study}:10: unknown covariate; found "clinical__agee"; {known}; did you mean "clinical__age"?',
        f'{study}:10: unknown covariate; found "clinical__ending"; {known}; did you mean "clinical__age"?',
        f'{study}:10: unknown centre; found "B"; allowed: A',
    ]
    study.write_text(text.replace("[one]", "[one, two]") % ("", "one:A"))
    check_configuration(catalog, [study])
    study.write_text(text.replace("  - median\n", "  - median\n  - {kind: vif, blocks: [clinicl]}\n") % ("", "A"))
    with pytest.raises(ConfigError, match=r'mine.yaml:10: unknown block; found "clinicl"; .*did you mean "clinical"'):
        check_configuration(catalog, [study])


def test_every_extractor_that_a_recipe_is_not_for_is_told_at_its_line(command: Any, tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, one=cohort())
    recipe = tmp_path / "recipes" / "s2.yaml"
    recipe.parent.mkdir()
    recipe.write_text(
        "modality: CT\nunit: HU\ndiscretise: {bin_width: 5}\nwindow: [0, 80]\nextractors:\n- radweave\n- efficientnet_lite9\n"
        "- i3resnet152_astra\n"
        "- {kind: network, weights: efficientnet_lite0, samplings: [{kind: windows, windows: [[0, 1], [2, 3]]}]}\n"
    )
    found = command("check", "--catalog", catalog, code=2).stderr
    assert f'{recipe}:7: extractors.1: unknown kind "efficientnet_lite9"' in found
    assert f"{recipe}:8: extractors.2: i3resnet152_astra is not for this recipe: " in found
    assert f"{recipe}:9: extractors.3: efficientnet_lite0 takes 3 channels, and windows shows 2" in found
    recipe.write_text("modality: CT\nunit: HU\ndiscretise: {bin_width: 5}\nextractors: [radweave]\n")
    told = command("check", "--recipe", "s2", "--catalog", catalog).stdout
    assert [line for line in told.splitlines() if "s2" in line] == [
        "recipes/s2.yaml: no faults; for cohort one; extracted where it is asked for, as `default: true` is not said"
    ]


def test_a_model_whose_checkpoint_is_absent_is_a_fault_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.modelling.models.tabicl.version", lambda _: "2.2.0")
    monkeypatch.setenv("RADWEAVE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    catalog, study = write_catalog(tmp_path, demo=cohort()), tmp_path / "study.yaml"
    for model in ("tabicl", "{kind: stacking, models: [svm, tabicl]}"):
        study.write_text(f"cohorts: [demo]\nendpoint: dead\nblocks:\n  all: [clinical]\nmodels:\n- svm\n- {model}\n")
        with pytest.raises(ConfigError, match=r"study\.yaml:7: tabicl: the checkpoint tabicl-classifier-v2-20260212"):
            check_configuration(catalog, [study])
