"""fuse: one row per case with outcome; every patient who is left out is counted under a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Catalog
from features.core.design import Design
from features.core.errors import FitError, RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Quarantined
from features.core.storage.store import Store
from features.core.storage.table import read_provenance, read_table
from features.fusion.design_file import save_design
from features.fusion.fuse import fuse
from features.fusion.part_of_block import PartOfBlock
from features.fusion.question import Question
from features.results.manifest import Mart

HEADER = "id,age,sex,site,stage,smoker,weight_loss,death,os_days\n"
FULL = "{},60,male,leg,II,true,5,{},{}\n"
GENES = {"block": "genomic", "path": "demo_genes.csv", "id": "id", "genes": "G*", "unit": "log2"}
MakeCatalog = Callable[..., Catalog]
MakeRecipe = Callable[..., Recipe]
BuildTables = Callable[..., None]
Code = Callable[..., str]


def _rows(*patients: str, header: str = HEADER) -> str:
    return header + "".join(
        FULL.format(patient, "true" if i % 2 else "false", 100 + i) for i, patient in enumerate(patients)
    )


def _question(*recipes: Recipe, **settings: Any) -> Question:
    settings = {"cohorts": ("demo",), "endpoint": "died", "predict_at": "baseline", **settings}
    return Question(recipes=recipes, **settings)


def test_parts_of_blocks_are_columns_that_a_set_can_name(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe(name="fine")]
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], recipes, _rows("p1", "p2"))
    parts = {
        "fine": PartOfBlock(of="radiomics", recipes=("fine",)),
        "first": PartOfBlock(of="radiomics", columns=("*_a",)),
    }
    design = fuse(Mart.open(store), catalog, _question(*recipes, parts=parts))
    assert design.parts == {"fine": ("fake__fine__a", "fake__fine__b"), "first": ("fake__ct__a", "fake__fine__a")}
    assert design.columns("fine", "region") == ["region__ct__volume_ml", "fake__fine__a", "fake__fine__b"]
    assert set(design.of_set(["fine"]).blocks.values()) == {"clinical", "region", "radiomics", "fine"}
    wrong = {"fine": PartOfBlock(of="radiomics", recipes=("fin",))}
    with pytest.raises(RadweaveError, match='the part fine: of the block radiomics nothing is of "fin" in recipes'):
        fuse(Mart.open(store), catalog, _question(*recipes, parts=wrong))


def test_rows_columns_blocks_and_outcome(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], _rows("p1", "p2"))
    design = fuse(Mart.open(store), catalog, _question(recipe))
    assert list(design.X.columns) == [
        "clinical__age",
        "clinical__sex_male",
        "clinical__site_arm",
        "clinical__site_leg",
        "clinical__site_trunk",
        "clinical__stage",
        "clinical__smoker",
        "region__ct__volume_ml",
        "fake__ct__a",
        "fake__ct__b",
    ]
    assert set(design.X.dtypes) == {np.dtype(float)}
    assert {design.blocks[c] for c in design.X.columns} == {"clinical", "region", "radiomics"}
    assert design.columns("radiomics") == ["fake__ct__a", "fake__ct__b"]
    assert design.parts == {}
    first = design.X.loc[f"demo:{code('p1')}:baseline"]
    assert first.tolist() == [60, 1, 0, 1, 0, 1, 1, 11, 1, 2]
    events = dict(zip(design.patients, design.event, strict=True))
    assert events == {f"demo:{code('p1')}": False, f"demo:{code('p2')}": True}
    assert design.outcome.days is None
    assert design.centres.tolist() == ["A", "A"]
    assert design.cohort_table["volume_ct_ml"].sum() == 23
    assert [(row.count_in, row.count_out) for row in design.flow] == [(2, 2), (2, 2)]


def test_survival_outcome_follows_its_case(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    patients = [f"p{i}" for i in range(9)]
    build_tables(
        catalog, [(patient, "CT", 4 * i % 9) for i, patient in enumerate(patients)], [recipe], _rows(*patients)
    )
    design = fuse(Mart.open(store), catalog, _question(recipe, endpoint="survival"))
    order = {f"demo:{code(patient)}": i for i, patient in enumerate(patients)}
    for row, (patient, value) in enumerate(zip(design.patients, design.X["fake__ct__a"], strict=True)):
        assert value == 4 * order[patient] % 9
        assert design.outcome.days[row] == 100 + order[patient]
        assert design.event[row] == bool(order[patient] % 2)


def test_the_flow_names_every_reason(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    clinical = _rows("good", "noimage", "empty", "bins") + "nooutcome,60,,,,,,,\nnotime,60,,,,,,true,\n"
    lost = Quarantined("demo", "A", "demo:unknown", "CT", "index", "UNREADABLE", "a file cannot be read", {})
    scans = [
        ("good", "CT", 1),
        ("empty", "CT", "MASK_EMPTY"),
        ("bins", "CT", "extract TOO_MANY_BINS"),
        ("nooutcome", "CT", 2),
        ("notime", "CT", 3),
        ("stranger", "CT", 4),
        ("late", "CT", 5, "week_6"),
    ]
    build_tables(catalog, scans, [recipe], clinical, rejected=[lost])
    design = fuse(Mart.open(store), catalog, _question(recipe, endpoint="survival"))
    images, outcome = design.flow
    assert images.step == "demo: patients with a usable image at baseline"
    assert (images.count_in, images.count_out) == (7, 4)
    assert dict(images.reasons) == {"MASK_EMPTY": 1, "TOO_MANY_BINS": 1, "no image": 1}
    assert outcome.step == "demo: with the endpoint survival"
    assert (outcome.count_in, outcome.count_out) == (4, 1)
    assert dict(outcome.reasons) == {"TAB_TIME": 1, "not in the clinical table": 1, "outcome missing": 1}
    assert len(design.X) == 1


def test_the_flow_says_why_nothing_was_derived(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    """Of ten patients with events at days 100 to 109, seven are beyond the landmark; one has no time and one a wrong one."""
    late = {"kind": "landmark", "time": "os_days", "event": "death", "day": 102}
    endpoint = {"kind": "survival", "time": "late_days", "event": "late_event"}
    catalog, recipe = make_catalog(demo={"derived": {"late": late}, "endpoints": {"late": endpoint}}), make_recipe()
    patients = [f"p{i}" for i in range(10)]
    clinical = _rows(*patients) + "unknown,60,,,,,,,\nwrong,60,,,,,,true,-1\n"
    build_tables(catalog, [(patient, "CT", 1) for patient in (*patients, "unknown", "wrong")], [recipe], clinical)
    design = fuse(Mart.open(store), catalog, _question(recipe, endpoint="late"))
    assert sorted(design.outcome.days) == [1, 2, 3, 4, 5, 6, 7]
    assert dict(design.flow[-1].reasons) == {
        "TAB_TIME": 1,
        "a value that is needed is missing": 1,
        "follow-up had ended by the landmark": 2,
        "the event was seen by the landmark": 1,
    }


def test_a_missing_modality_is_kept_as_nan_or_excluded(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe("PT")]
    scans = [("p1", "CT", 1), ("p1", "PT", 2), ("p2", "CT", 3), ("p3", "CT", 4), ("p3", "PT", "extract TOO_MANY_BINS")]
    build_tables(catalog, scans, recipes, _rows("p1", "p2", "p3"))
    kept = fuse(Mart.open(store), catalog, _question(*recipes))
    assert len(kept.X) == 3
    assert kept.missing_block == {"PT": 2}
    alone = kept.X.loc[f"demo:{code('p2')}:baseline"]
    assert np.isnan(alone[["fake__pt__a", "fake__pt__b", "region__pt__volume_ml"]]).all()
    assert alone["fake__ct__a"] == 3
    out = fuse(Mart.open(store), catalog, _question(*recipes, missing_block="exclude"))
    assert out.patients.tolist() == [f"demo:{code('p1')}"]
    assert dict(out.flow[-1].reasons) == {"no usable PT": 2}
    assert out.flow[-1].step == "demo: with every block"
    assert not out.X.isna().any().any()


def test_each_patient_leaves_for_what_she_lacks(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe("PT")]
    scans = [("p1", "CT", 1), ("p1", "PT", 2), ("p2", "CT", 3), ("p3", "PT", 4)]
    build_tables(catalog, scans, recipes, _rows("p1", "p2", "p3"))
    out = fuse(Mart.open(store), catalog, _question(*recipes, missing_block="exclude"))
    assert dict(out.flow[-1].reasons) == {"no usable CT": 1, "no usable PT": 1}


def test_a_patient_without_any_value_of_a_block_is_counted_or_excluded(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {c: c for c in ("death", "os_days")}}
    catalog, recipe = make_catalog(demo={"tables": [clinical, GENES]}), make_recipe()
    genes = "id,G1,G2\np1,7.5,\np2,,\n"  # p2 has a row and no value, p3 no row
    build_tables(
        catalog,
        [(p, "CT", i) for i, p in enumerate(("p1", "p2", "p3"))],
        [recipe],
        _rows("p1", "p2", "p3"),
        genomic=genes,
    )
    mart, blocks = Mart.open(store), ("radiomics", "genomic")
    kept = fuse(mart, catalog, _question(recipe, blocks=blocks))
    assert (len(kept.X), kept.missing_block) == (3, {"clinical": 3, "genomic": 2})
    assert dict(kept.flow[-1].imputed) == {"no clinical value": 3, "no genomic value": 2}
    assert (kept.flow[-1].step, kept.flow[-1].count_out) == ("demo: with every block, or imputed", 3)
    rows = _rows("p1", "p2", "p3")
    catalog = make_catalog(
        demo={"tables": [{**clinical, "columns": {c: c for c in ("age", "death", "os_days")}}, GENES]}
    )
    build_tables(
        catalog, [(p, "CT", i) for i, p in enumerate(("p1", "p2", "p3"))], [recipe], rows + "\n", genomic=genes
    )
    out = fuse(Mart.open(store), catalog, _question(recipe, blocks=blocks, missing_block="exclude"))
    assert out.patients.tolist() == [f"demo:{code('p1')}"]
    assert dict(out.flow[-1].reasons) == {"no genomic value": 2}
    unasked = fuse(Mart.open(store), catalog, _question(recipe, blocks=("radiomics",), missing_block="exclude"))
    assert (len(unasked.X), unasked.missing_block) == (3, {})


def test_an_image_of_a_modality_that_is_not_asked_is_no_usable_image(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe("PT")]
    scans = [("p1", "CT", 1), ("p2", "PT", 2), ("p3", "CT", 3), ("p3", "PT", "MASK_EMPTY")]
    build_tables(catalog, scans, recipes, _rows("p1", "p2", "p3"))
    design = fuse(Mart.open(store), catalog, _question(recipes[0]))
    assert set(design.patients) == {f"demo:{code(patient)}" for patient in ("p1", "p3")}
    assert dict(design.flow[0].reasons) == {"no image": 1}
    assert not any("pt" in column.split("__") for column in design.X.columns)


def test_a_cohort_without_any_image_of_one_modality(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe("PT")]
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], recipes, _rows("p1", "p2"))
    design = fuse(Mart.open(store), catalog, _question(*recipes))
    assert design.missing_block == {"PT": 2}
    assert design.X["region__pt__volume_ml"].isna().all()
    assert design.cohort_table["volume_pt_ml"].isna().all()


def test_outcomes_and_what_is_known_later_are_no_predictors(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    scans = [("p1", "CT", 1), ("p1", "CT", 5, "week_6"), ("p2", "CT", 6, "week_6")]
    build_tables(catalog, scans, [recipe], _rows("p1", "p2"))
    early = fuse(Mart.open(store), catalog, _question(recipe))
    late = fuse(Mart.open(store), catalog, _question(recipe, predict_at="week_6"))
    assert "clinical__weight_loss" not in early.X
    assert "clinical__weight_loss" in late.X
    assert sorted(late.X["fake__ct__a"]) == [5, 6]
    for design in (early, late):
        assert not [column for column in design.X if "death" in column or "os_days" in column]


@pytest.mark.parametrize(("known_at", "there"), [("baseline", True), ("week_6", False)])
def test_genes_join_by_patient_if_known_in_time(
    store: Store,
    make_catalog: MakeCatalog,
    make_recipe: MakeRecipe,
    build_tables: BuildTables,
    code: Code,
    known_at: str,
    there: bool,
) -> None:
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {c: c for c in ("death", "os_days")}}
    catalog = make_catalog(demo={"tables": [clinical, {**GENES, "known_at": known_at}]})
    recipe = make_recipe()
    build_tables(
        catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], _rows("p1", "p2"), genomic="id,G1\np2,7.5\np9,1\n"
    )
    design = fuse(Mart.open(store), catalog, _question(recipe))
    assert ("genomic__G1" in design.X) == there
    if there:
        assert design.X.loc[f"demo:{code('p2')}:baseline", "genomic__G1"] == 7.5
        assert np.isnan(design.X.loc[f"demo:{code('p1')}:baseline", "genomic__G1"])
        assert design.blocks["genomic__G1"] == "genomic"
    assert set(design.late) - {"clinical__weight_loss"} == (set() if there else {"genomic__G1__at_week_6"})
    assert len(design.X) == 2


def test_late_columns_leave_and_the_others_of_their_block_stay(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, tmp_path: Path
) -> None:
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {c: c for c in ("death", "os_days")}}
    later = {**GENES, "path": "later.csv", "known_at": "week_6"}
    genes = {**GENES, "known_at_columns": {"G2": "week_6"}}
    catalog = make_catalog(demo={"tables": [clinical, genes, later]})
    recipe = make_recipe()
    (tmp_path / "later.csv").write_text("id,G1,G3\np1,5,6\n")
    scans = [("p1", "CT", 1), ("p1", "CT", 1, "week_6")]
    build_tables(catalog, scans, [recipe], _rows("p1"), genomic="id,G1,G2\np1,7.5,8\n")
    early = fuse(Mart.open(store), catalog, _question(recipe, blocks=("genomic",)))
    late = fuse(Mart.open(store), catalog, _question(recipe, predict_at="week_6"))
    assert early.columns("genomic") == ["genomic__G1"]
    assert set(early.late) == {f"genomic__{g}__at_week_6" for g in ("G1", "G2", "G3")} | {"clinical__weight_loss"}
    assert set(late.columns("genomic")) == {"genomic__G1", *(f"genomic__{g}__at_week_6" for g in ("G1", "G2", "G3"))}
    assert late.X["genomic__G1"].tolist() == [7.5]
    assert late.X["genomic__G1__at_week_6"].tolist() == [5.0]
    assert dict(late.late) == {}


def test_a_named_block_that_is_known_too_late_is_refused(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {c: c for c in ("death", "os_days")}}
    catalog = make_catalog(demo={"tables": [clinical, {**GENES, "known_at": "week_6"}]})
    recipe = make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"), genomic="id,G1\np1,7.5\n")
    assert fuse(Mart.open(store), catalog, _question(recipe, blocks=("radiomics",))).columns("genomic") == []
    with pytest.raises(
        RadweaveError,
        match='^all genomic columns are known at week_6, after the prediction at "baseline": leave genomic',
    ):
        fuse(Mart.open(store), catalog, _question(recipe, blocks=("radiomics", "genomic")))


@pytest.mark.parametrize("change", [{"known_at": "week_6"}, {"genes": "H*"}, {"form": "methylation"}], ids=str)
def test_genes_that_were_declared_anew_need_a_refresh(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, change: dict[str, Any]
) -> None:
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {c: c for c in ("death", "os_days")}}
    catalog, recipe = make_catalog(demo={"tables": [clinical, GENES]}), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"), genomic="id,G1\np1,7.5\n")
    genes = {key: value for key, value in GENES.items() if key != "unit" or "form" not in change}
    with pytest.raises(
        RadweaveError, match='does not explain the genomic column "G1" of the mart: run radweave refresh'
    ):
        fuse(Mart.open(store), make_catalog(demo={"tables": [clinical, {**genes, **change}]}), _question(recipe))


@pytest.mark.parametrize("place", ["clinical", "genomic"])
def test_a_predictor_that_tells_the_outcome_is_refused_by_name(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, place: str
) -> None:
    clinical = {
        "block": "clinical",
        "path": "demo.csv",
        "id": "id",
        "columns": {c: c for c in ("age", "death", "os_days")},
    }
    recipe = make_recipe()
    patients = [f"p{i}" for i in range(24)]
    leaks = {patient: 60 + 9 * (i % 2) for i, patient in enumerate(patients)}
    rows = HEADER + "".join(
        f"{p},{leaks[p] if place == 'clinical' else 60 + i},male,leg,II,true,5,{'true' if i % 2 else 'false'},{100 + 7 * i % 24}\n"
        for i, p in enumerate(patients)
    )
    genes = "id,G1,G2\n" + "".join(f"{p},{leaks[p] if place == 'genomic' else i},{i}\n" for i, p in enumerate(patients))
    name = "age" if place == "clinical" else "G1"

    def catalog(*, checked: bool) -> Catalog:
        variables = _variables(make_catalog())
        variables["age"]["leak_checked"] = checked
        table = {**GENES, "leak_checked": ["G1"] if checked else []}
        return make_catalog(demo={"tables": [clinical, table], "variables": variables})

    build_tables(catalog(checked=False), [(p, "CT", i) for i, p in enumerate(patients)], [recipe], rows, genomic=genes)
    with pytest.raises(RadweaveError, match=f'^"{name}": alone, the value tells the outcome'):
        fuse(Mart.open(store), catalog(checked=False), _question(recipe))
    assert len(fuse(Mart.open(store), catalog(checked=True), _question(recipe)).X) == 24
    if place == "genomic":
        assert len(fuse(Mart.open(store), catalog(checked=False), _question(recipe, blocks=("clinical",))).X) == 24


def test_a_time_that_cannot_be_costs_one_endpoint(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    rows = _rows("p1", "p2").replace(",101\n", ",-101\n")
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], rows)
    assert len(fuse(Mart.open(store), catalog, _question(recipe)).X) == 2
    survival = fuse(Mart.open(store), catalog, _question(recipe, endpoint="survival"))
    assert len(survival.X) == 1
    assert dict(survival.flow[-1].reasons) == {"TAB_TIME": 1}


def test_cohorts_are_stacked_and_their_centres_told_apart(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    catalog, recipe = make_catalog(demo={}, other={}), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    build_tables(catalog, [("p1", "CT", 2), ("p2", "CT", 3)], [recipe], _rows("p1", "p2"), name="other")
    design = fuse(Mart.open(store), catalog, _question(recipe, cohorts=("demo", "other")))
    assert design.centres.tolist() == ["demo:A", "other:A", "other:A"]
    assert len(set(design.patients)) == 3
    assert design.X["fake__ct__a"].tolist()[0] == 1
    assert [row.step.split(":")[0] for row in design.flow] == ["demo", "demo", "other", "other"]
    assert len(design.cohort_table) == 3
    only = fuse(Mart.open(store), catalog, _question(recipe, cohorts=("other",)))
    assert only.centres.tolist() == ["A", "A"]
    assert set(only.patients) == {f"other:{code(patient, 'other')}" for patient in ("p1", "p2")}


def test_an_external_cohort_is_held_out_and_leaves_the_others_as_they_are(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(demo={}, other={}), make_recipe()
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2)], [recipe], _rows("p1", "p2"))
    build_tables(catalog, [("q1", "CT", 3)], [recipe], _rows("q1", "q2"), name="other")
    design = fuse(Mart.open(store), catalog, _question(recipe, external=("other",)))
    assert design.held_out.tolist() == ["", "", "external"]
    assert design.cohorts.tolist() == ["demo", "demo", "other"]
    assert design.centres.tolist() == ["A", "A", "other:A"]
    assert [row.step for row in design.flow] == [
        "demo: patients with a usable image at baseline",
        "demo: with the endpoint died",
        "other: patients with a usable image at baseline",
        "other: with the endpoint died",
        "other: no copy of a patient who trains",
    ]
    alone = fuse(Mart.open(store), catalog, _question(recipe))
    pd.testing.assert_frame_equal(design.X[:2], alone.X)
    assert (alone.centres.tolist(), alone.held_out.tolist()) == (["A", "A"], ["", ""])


@pytest.mark.parametrize(
    "change",
    [{"unit": "months"}, {"role": "outcome"}],
    ids=lambda change: next(iter(change)),
)
def test_one_word_with_two_meanings_is_refused(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, change: dict[str, Any]
) -> None:
    demo = make_catalog().cohort("demo").model_dump(mode="json")["variables"]
    variables = {word: {k: v for k, v in facts.items() if v is not None} for word, facts in demo.items()}
    variables["age"] |= change
    catalog, recipe = make_catalog(demo={}, other={"variables": variables}), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    build_tables(catalog, [("p1", "CT", 2)], [recipe], _rows("p1"), name="other")
    with pytest.raises(RadweaveError, match='the variable "age" differs between the cohorts "demo" and "other"'):
        fuse(Mart.open(store), catalog, _question(recipe, cohorts=("demo", "other")))


def test_an_endpoint_of_another_kind_is_refused(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    endpoints = {"died": {"kind": "survival", "time": "os_days", "event": "death"}}
    catalog, recipe = make_catalog(demo={}, other={"endpoints": endpoints}), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    build_tables(catalog, [("p1", "CT", 2)], [recipe], _rows("p1"), name="other")
    with pytest.raises(RadweaveError, match="kind, levels and horizon in every cohort: demo: binary; other: survival$"):
        fuse(Mart.open(store), catalog, _question(recipe, cohorts=("demo", "other")))


def test_unknown_words_name_the_nearest(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    with pytest.raises(RadweaveError, match='no endpoint "survial"; it has died, survival. Did you mean "survival"'):
        fuse(Mart.open(store), catalog, _question(recipe, endpoint="survial"))
    with pytest.raises(RadweaveError, match='there is no cohort "demmo".*Did you mean "demo"'):
        fuse(Mart.open(store), catalog, _question(recipe, cohorts=("demmo",)))
    with pytest.raises(RadweaveError, match='no time point "week6"; it has baseline, week_6. Did you mean "week_6"'):
        fuse(Mart.open(store), catalog, _question(recipe, predict_at="week6"))


def test_what_was_not_refreshed_says_so(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(demo={}, other={}), make_recipe()
    with pytest.raises(StoreError, match="run radweave refresh demo"):
        fuse(Mart.open(store), catalog, _question(recipe))
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    with pytest.raises(
        RadweaveError, match='the mart has no "fake__pt__a" for cohort "demo": run radweave refresh demo'
    ):
        fuse(Mart.open(store), catalog, _question(recipe, make_recipe("PT")))
    with pytest.raises(StoreError, match='for cohort "demo": run radweave refresh demo other$'):
        fuse(Mart.open(store), catalog, _question(recipe, make_recipe("PT"), external=("other",)))


@pytest.mark.parametrize("change", [{"minimum_voxels": 30}, {"depth": 2}], ids=["recipe", "extractor"])
def test_features_of_other_settings_under_the_same_name_are_refused(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, change: dict[str, Any]
) -> None:
    catalog = make_catalog()
    build_tables(catalog, [("p1", "CT", 1)], [make_recipe()], _rows("p1"))
    with pytest.raises(RadweaveError, match='holds fake of recipe "ct" with other settings: run radweave refresh demo'):
        fuse(Mart.open(store), catalog, _question(make_recipe(**change)))


def test_a_variable_declared_after_the_refresh_says_so(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    recipe = make_recipe()
    build_tables(make_catalog(), [("p1", "CT", 1)], [recipe], _rows("p1"))
    catalog = make_catalog(
        demo={"variables": {**_variables(make_catalog()), "new": {"type": "flag", "description": "x"}}}
    )
    with pytest.raises(RadweaveError, match='the mart has no "new" for cohort "demo": run radweave refresh demo'):
        fuse(Mart.open(store), catalog, _question(recipe))


def _variables(catalog: Catalog) -> dict[str, Any]:
    return dict(catalog.cohort("demo").model_dump(mode="json")["variables"])


def test_nobody_left_is_a_fit_error(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    build_tables(catalog, [("p1", "CT", "MASK_EMPTY")], [recipe], _rows("p1"))
    with pytest.raises(FitError, match='no case has the endpoint "died" and a usable image'):
        fuse(Mart.open(store), catalog, _question(recipe))
    build_tables(catalog, [("p2", "CT", 1), ("p3", "CT", 2)], [recipe, make_recipe("PT")], _rows("p2", "p3"))
    with pytest.raises(FitError, match='no case has the endpoint "died" and a usable image'):
        fuse(Mart.open(store), catalog, _question(recipe, make_recipe("PT"), missing_block="exclude"))
    without = fuse(Mart.open(store), catalog, _question(missing_block="exclude"))  # clinical predictors need no recipe
    assert (len(without.X), without.flow[-1].step) == (2, "demo: with every block")


def test_only_files_of_the_question_s_recipes_are_read(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe(name="other"), make_recipe("PT")]
    build_tables(catalog, [("p1", "CT", 1), ("p2", "CT", 2), ("p2", "PT", 3)], recipes, _rows("p1", "p2"))
    alone = fuse(Mart.open(store), catalog, _question(recipes[0]))
    for name in ("radiomics/other/demo", "radiomics/pt/demo"):
        (store.root / Mart.open(store).manifest.files[name].path).unlink()
    assert fuse(Mart.open(store), catalog, _question(recipes[0])).X.equals(alone.X)
    with pytest.raises(StoreError, match="is not the file that the manifest names"):
        fuse(Mart.open(store), catalog, _question(*recipes))


def test_a_changed_mart_file_stops_the_study(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables
) -> None:
    catalog, recipe = make_catalog(), make_recipe()
    build_tables(catalog, [("p1", "CT", 1)], [recipe], _rows("p1"))
    path = store.root / Mart.open(store).manifest.files["radiomics/ct/demo"].path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StoreError, match="is not the file that the manifest names"):
        fuse(Mart.open(store), catalog, _question(recipe))


@pytest.mark.parametrize("endpoint", ["died", "survival"])
def test_a_kept_design_can_be_read_by_others(
    store: Store,
    make_catalog: MakeCatalog,
    make_recipe: MakeRecipe,
    build_tables: BuildTables,
    tmp_path: Path,
    endpoint: str,
) -> None:
    catalog, recipes = make_catalog(), [make_recipe(), make_recipe("PT")]
    build_tables(catalog, [("p1", "CT", 1), ("p1", "PT", 2), ("p2", "CT", 3)], recipes, _rows("p1", "p2"))
    design: Design = fuse(Mart.open(store), catalog, _question(*recipes, endpoint=endpoint))
    save_design(tmp_path / "design.parquet", design)
    frame = read_table(tmp_path / "design.parquet").to_pandas().set_index("case")
    assert frame.index.tolist() == design.X.index.tolist()
    assert frame["group"].tolist() == design.patients.tolist()
    np.testing.assert_array_equal(frame[design.X.columns].to_numpy(float), design.X.to_numpy())
    assert frame["outcome__event"].tolist() == design.event.tolist()
    assert ("outcome__time" in frame) == (endpoint == "survival")
    facts = read_provenance(tmp_path / "design.parquet")
    assert json.loads(facts["endpoint"])["kind"] == design.endpoint.kind
    assert json.loads(facts["missing_block"]) == {"PT": 1}
    assert json.loads(facts["blocks"]) == dict(design.blocks)
    first = (tmp_path / "design.parquet").read_bytes()
    save_design(tmp_path / "design.parquet", design)
    assert (tmp_path / "design.parquet").read_bytes() == first


def test_cases_stand_in_the_order_of_their_files(
    store: Store, make_catalog: MakeCatalog, make_recipe: MakeRecipe, build_tables: BuildTables, code: Code
) -> None:
    """Pseudonyms depend on the key; folds, which follow the rows, must not."""
    catalog, recipe = make_catalog(), make_recipe()
    names = [f"p{i}" for i in range(8)]
    build_tables(catalog, [(name, "CT", 3 * i % 8) for i, name in enumerate(names)], [recipe], _rows(*names))
    scans = {row["case"]: row["image_digest"] for row in Mart.open(store).read("scans", "demo").to_pylist()}
    order = [scans[case] for case in fuse(Mart.open(store), catalog, _question(recipe)).X.index]
    assert order == sorted(order)
