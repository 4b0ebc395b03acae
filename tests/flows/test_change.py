"""What a run may change in a study: the changed study is checked against its catalog, and a misfit is one sentence."""

import re
from pathlib import Path

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import TypeAdapter, ValidationError

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import RadweaveError
from features.core.kinds.delta import DELTAS
from flows.change import Change, check_change
from flows.named import find_study, read_study
from flows.serving.study_form import AIMS, AS_PLANNED, AnyAim, Compared, SetOfBlocks
from flows.study import study as study_flow
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.controls.control import CONTROLS
from tasks.modelling.effects.effect import EFFECTS
from tasks.modelling.evaluation.study import Study
from tasks.modelling.models.model import MODELS
from tasks.modelling.splits.split import SPLITS

ROOT = Path(__file__).parents[2]
AIM, SETS = TypeAdapter(AnyAim), TypeAdapter(list[SetOfBlocks])


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(ROOT / "data_catalog.yaml")


def changed(
    name: str, catalog: Catalog, aim: object = None, blocks: object = (), splits: tuple[str, ...] = ()
) -> Study:
    """The changed study, checked as a run checks it."""
    plan, recipes = read_study(find_study(name))
    cut = tuple(SPLITS.parse(split) for split in splits)
    new = Change(AIM.validate_python(aim), tuple(SETS.validate_python(blocks)), cut, 7).of(plan)
    check_change(new, recipes, catalog)
    return new


def test_a_run_replaces_endpoint_models_blocks_splits_and_seed(catalog: Catalog) -> None:
    aim = {"survival_endpoint": "os", "survival_models": [{"model": {"kind": "cox"}}]}
    sets = [["clinical", "radiomics"], ["genomic"]]
    found = changed("builtin_response", catalog, aim, sets, ("centre_out",))
    assert (found.endpoint, [one.name for one in found.models]) == ("os", ["cox"])
    assert found.blocks == {"clinical_radiomics": ("clinical", "radiomics"), "genomic": ("genomic",)}
    assert ([one.kind for one in found.splits], found.seed) == (["centre_out"], 7)


def test_what_is_not_changed_stays_as_the_study_says(catalog: Catalog) -> None:
    plan, _ = read_study(find_study("builtin_response"))
    assert changed("builtin_response", catalog) == plan.model_copy(update={"seed": 7})
    kept = changed("builtin_response", catalog, {"binary_endpoint": "response"})
    assert kept.models == plan.models


def test_a_cohort_that_a_run_calls_external_leaves_those_that_train() -> None:
    plan, _ = read_study(find_study("sts_recurrence"))
    both = plan.model_copy(update={"cohorts": ("sts", "pilot")})
    found = Change(external=("pilot", "other")).of(both)
    assert (found.cohorts, found.external) == (("sts",), ("pilot", "other"))
    assert [split.kind for split in found.splits] == [*(split.kind for split in plan.splits), "external"]
    with pytest.raises(RadweaveError, match="^study sts_recurrence with what the run changes: .*at least 1 item"):
        Change(external=plan.cohorts).of(plan)


def test_every_key_of_the_form_replaces_that_of_the_study(catalog: Catalog) -> None:
    plan, recipes = read_study(find_study("builtin_survival"))
    keys: dict[str, object] = {
        "controls": (CONTROLS.parse({"kind": "permuted_outcome", "times": 3}),),
        "thresholds": "always",
        "horizons": (365, 730),
        "visits": "each",
        "scored_visit": "last",
    }
    found = Change(others=keys).of(plan)
    check_change(found, recipes, catalog)
    assert {key: getattr(found, key) for key in keys} == keys
    once = Change(others={"visits": "one"}).of(found)
    assert (once.visits, once.scored_visit, once.horizons) == ("one", None, (365, 730))
    with pytest.raises(RadweaveError, match="with what the run changes: visits: each gives a patient several rows"):
        Change(others={"visits": "each"}).of(plan)
    with pytest.raises(RadweaveError, match=r"days that rise, such as \[365, 730\]; found \[730.0, 365.0\]"):
        Change(others={"horizons": (730, 365)}).of(plan)
    other = Change(
        AIM.validate_python({"binary_endpoint": "response", "binary_models": [{"model": {"kind": "svm"}}]}), others=keys
    )
    with pytest.raises(RadweaveError, match="horizons are days of follow-up, and response is binary; leave them out"):
        check_change(other.of(plan), recipes, catalog)
    delta = DELTAS.parse({"kind": "change", "since": "baseline", "until": "week3"})
    changes = Change(blocks=(("radiomics", "delta"),), others={"deltas": (delta,)}).of(plan)
    assert (changes.deltas, changes.blocks) == ((delta,), {"radiomics_delta": ("radiomics", "delta")})


def test_the_form_of_a_study_has_its_keys_as_typed_choices_with_help(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a run of the flow is given reaches the study; what it leaves is as the study says."""
    form = parameter_schema(study_flow).model_dump()
    keys = form["properties"]
    rooms = {
        "controls": ("ChosenControl", CONTROLS),
        "deltas": ("ChosenDelta", DELTAS),
        "splits": ("ChosenSplit", SPLITS),
    }
    for key, (name, room) in rooms.items():
        assert keys[key]["items"] == {"$ref": f"#/definitions/{name}"}
        (choice,) = form["definitions"][name]["properties"].values()
        assert len(choice["anyOf"]) == len(room.modules)
    words = {key: keys[key]["enum"] for key in ("thresholds", "visits", "scored_visit")}
    assert words == {
        "thresholds": [AS_PLANNED, "free", "always"],
        "visits": [AS_PLANNED, "one", "each"],
        "scored_visit": [AS_PLANNED, "last", "predict_at"],
    }
    assert all(one["title"] and one["description"] for one in keys.values())
    own = {"study", "predict", "runner", "catalog", "store"}
    assert set(keys) - own <= {*Study.model_fields, "effects"}  # those of association studies
    told: list[Change] = []
    monkeypatch.setattr("flows.study._watched", lambda _board, _study, change, *_: told.append(change) or tmp_path)
    monkeypatch.setattr("flows.study.run_body", lambda body: body(None))
    study_flow.fn("builtin_response")
    study_flow.fn(
        "builtin_response", controls=[{"control": {"kind": "missingness"}}], thresholds="always", horizons=[30]
    )
    assert told[0] == Change()
    assert told[1].others == {"controls": (CONTROLS.parse("missingness"),), "thresholds": "always", "horizons": (30.0,)}


@pytest.mark.parametrize(
    ("study", "aim", "blocks", "sentence"),
    [
        (
            "builtin_response",
            {"survival_endpoint": "os"},
            (),
            "study builtin_response: lasso_logistic, svm, random_forest cannot predict os, a survival endpoint; choose among",
        ),
        (
            "builtin_response",
            {"survival_endpoint": "oss"},
            (),
            'cohort builtin has no endpoint oss; it has response, os. Did you mean "os"?',
        ),
        (
            "builtin_response",
            {"binary_endpoint": "os", "binary_models": [{"model": {"kind": "svm"}}]},
            (),
            "svm cannot predict os, a survival endpoint; choose among",
        ),
        ("sts_recurrence", None, [["genomic"]], 'its cohorts have no table of the block "genomic", only of clinical'),
        ("builtin_response", None, [["delta"]], 'with what the run changes: the block "delta" needs deltas'),
    ],
)
def test_a_misfit_is_one_sentence(catalog: Catalog, study: str, aim: object, blocks: object, sentence: str) -> None:
    with pytest.raises(RadweaveError) as told:
        changed(study, catalog, aim, blocks)
    assert sentence in str(told.value) and "\n" not in str(told.value)


def test_every_model_is_offered_with_the_kind_of_endpoint_that_it_predicts_and_no_other() -> None:
    offered: dict[str, set[str]] = {name: set() for name in MODELS.modules}
    for kind, aim in AIMS.items():
        options = aim.model_json_schema()["$defs"][f"{aim.__name__}Model"]["properties"]["model"]["anyOf"]
        names = {option["$ref"].rpartition("/")[2] for option in options}
        for name in (name for name in MODELS.modules if MODELS.load(name).__name__ in names):
            offered[name].add(kind)
    assert offered == {name: MODELS.load(name).endpoints for name in MODELS.modules}


def test_the_ui_tells_the_kinds_of_endpoints_apart_by_their_fields() -> None:
    fields = [set(aim.model_fields) for aim in AIMS.values()]
    assert len(set().union(*fields)) == sum(map(len, fields))


def test_a_form_names_candidates_with_steps_and_a_fusion(catalog: Catalog) -> None:
    steps = [{"step": {"kind": "median"}}, {"step": {"kind": "zscore"}}, {"step": {"kind": "screen", "k": [5]}}]
    model = {"model": {"kind": "svm"}, "name": "few", "steps": steps, "fusion": "scaled"}
    aim = {"binary_endpoint": "response", "binary_models": [{"model": {"kind": "svm"}}, model]}
    usual, few = changed("builtin_response", catalog, aim).models
    assert usual == parse_candidate("svm")
    assert (few.name, [step.kind for step in few.steps], few.fusion.kind) == (
        "few",
        ["median", "zscore", "screen"],
        "scaled",
    )


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"name": "Not a word"}, "name: String should match pattern"),
        ({"steps": [{"step": {"kind": "zscore"}}]}, 'the step "zscore" takes no missing values'),
        ({"steps": [{"step": {"kind": "zscor"}}]}, "does not match any of the expected tags"),
        ({"fusion": "stackd"}, "Input should be '"),
    ],
)
def test_a_form_tells_what_cannot_be_a_candidate(model: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        AIM.validate_python({"binary_endpoint": "response", "binary_models": [{"model": {"kind": "svm"}, **model}]})


def test_comparisons_are_changed_key_by_key_and_effects_belong_to_associations() -> None:
    plan, _ = read_study(find_study("builtin_response"))
    chosen = Compared.model_validate({"test": "permutation"}).chosen()
    new = Change(others={"comparisons": chosen}).of(plan)
    assert isinstance(plan, Study) and isinstance(new, Study)
    assert new.comparisons == plan.comparisons.model_copy(update={"test": "permutation"}) != plan.comparisons
    effect = EFFECTS.parse("spearman")
    with pytest.raises(RadweaveError, match="it predicts, and effects belong to a study that reports associations"):
        Change(others={"effects": (effect,)}).of(plan)
    own, _ = read_study(find_study("builtin_association"))
    assert Change(others={"effects": (effect,)}).of(own).effects == (effect,)  # type: ignore[attr-defined]
    assert Compared().chosen() == {}
