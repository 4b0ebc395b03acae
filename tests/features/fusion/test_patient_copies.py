"""Copies: patients with one image or one row are one group; what is equal by chance, or of one patient, is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Catalog
from features.core.design import Copies, Design
from features.core.kinds.recipe import Recipe
from features.core.outcome import Outcome
from features.core.storage.store import Store
from features.endpoints.binary import Binary
from features.fusion.fuse import fuse
from features.fusion.patient_copies import row_copies
from features.fusion.question import Question
from features.results.image_copies import IMAGE, ROI
from features.results.manifest import Mart
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.study import Study

RNG = np.random.default_rng(8)
OTHER = np.random.default_rng(7)


def _found(values: Any, patients: list[str] | None = None, block: str = "genomic") -> list[tuple[set[str], bool]]:
    X = values if isinstance(values, pd.DataFrame) else pd.DataFrame(values).add_prefix(f"{block}__")
    names = np.array(patients or [f"p{i}" for i in range(len(X))])
    return [(set(one.patients), one.joined) for one in row_copies(X, {c: c.split("__")[0] for c in X}, names)]


@pytest.mark.parametrize("columns", [4, 5, 19, 20, 60])
def test_rows_equal_in_twenty_columns_are_joined_and_in_fewer_reported(columns: int) -> None:
    values = RNG.normal(size=(12, columns))
    values[7] = values[2]
    assert _found(values) == ([({"p2", "p7"}, columns >= 20)] if columns >= 5 else [])


def test_copies_are_known_among_other_values_of_their_own() -> None:
    clinical = pd.DataFrame(RNG.normal(size=(12, 8))).add_prefix("clinical__")
    radiomics = pd.DataFrame(RNG.normal(size=(12, 300))).add_prefix("radiomics__")
    genes = pd.DataFrame(RNG.normal(size=(12, 25))).add_prefix("genomic__")
    genes.iloc[3] = genes.iloc[9]
    assert _found(pd.concat([clinical, radiomics, genes], axis=1)) == [({"p3", "p9"}, True)]
    more = pd.DataFrame(RNG.normal(size=(12, 60))).add_prefix("genomic__other")  # a second table of the same block
    assert _found(pd.concat([genes, more], axis=1)) == [({"p3", "p9"}, True)]
    spread = pd.concat([clinical, genes.iloc[:, :14]], axis=1)
    spread.iloc[3, :8] = spread.iloc[9, :8]
    assert _found(spread) == [({"p3", "p9"}, True)]


def test_missing_cells_rounding_to_floats_and_edited_values_hide_no_copy() -> None:
    values = RNG.normal(size=(12, 40))
    values[5] = values[1].astype(np.float32)
    values[5, :12], values[1, 20:25] = np.nan, np.nan
    values[5, 30] = 9.9
    assert _found(values) == [({"p1", "p5"}, True)]


@pytest.mark.parametrize(("rows", "columns"), [(300, 20), (300, 50), (40, 20)])
def test_rounded_rows_with_other_values_beside_are_copies(rows: int, columns: int) -> None:
    values = np.round(np.random.default_rng(rows + columns).normal(size=(rows, 60)), 1)
    values[7, :columns] = values[2, :columns]
    assert _found(values) == [({"p2", "p7"}, True)]


def test_the_shape_of_a_roi_counts_once_however_many_images_have_it() -> None:
    rng = np.random.default_rng(3)
    own, shapes = rng.normal(size=(40, 60)), rng.normal(size=(40, 4))
    shapes[1] = shapes[0]  # two patients whose four diameters are equal by chance
    images = np.tile(shapes, (1, 6))
    for image in range(6):  # not everybody has every image
        images[image + 2 :: 7, 4 * image : 4 * image + 4] = np.nan
    assert _found(np.hstack([own, images]), block="radiomics") == []
    own[1] = own[0]
    assert _found(np.hstack([own, images]), block="radiomics") == [({"p0", "p1"}, True)]


def test_copies_of_copies_hang_together_and_many_ids_of_one_patient_are_one_group() -> None:
    values = np.repeat(RNG.normal(size=(4, 30)), 6, axis=0)  # four patients under six ids each
    assert [len(found) for found, joined in _found(values) if joined] == [6, 6, 6, 6]
    edited = RNG.normal(size=(12, 100))
    edited[1:3, :20] = edited[0, :20]  # one patient under three ids, with other values in most columns
    assert _found(edited) == [({"p0", "p1", "p2"}, True)]
    chain = RNG.normal(size=(12, 60))
    chain[1, :30], chain[2, 30:] = chain[0, :30], chain[1, 30:]  # 0 and 1 share half, 1 and 2 the other half
    assert _found(chain) == [({"p0", "p1", "p2"}, True)]


def test_rows_of_one_patient_may_be_equal() -> None:
    values = np.repeat(RNG.normal(size=(8, 30)), 2, axis=0)
    assert _found(values, [f"p{i // 2}" for i in range(16)]) == []


@pytest.mark.parametrize(
    "values",
    [
        np.ones((12, 40)),
        np.repeat(np.arange(40.0)[None, :], 12, axis=0),  # constant columns of different values
        RNG.integers(0, 3, (30, 400)).astype(float),  # calls, such as GISTIC's
        np.where(RNG.random((30, 400)) < 0.02, RNG.normal(size=(30, 400)), 0.0),  # nearly always 0
        np.round(RNG.normal(size=(40, 3000)), 2),  # many rounded genes
        np.where(RNG.random((40, 2000)) < np.linspace(0.1, 0.9, 40)[:, None], 0.0, RNG.lognormal(size=(40, 2000))),
        np.repeat(RNG.integers(0, 90, (40, 1)).astype(float), 30, axis=1),  # one column thirty times
        np.array([[1.0]]),
        np.maximum(
            OTHER.normal(size=(36, 400)) + 1.5 * OTHER.normal(size=(36, 1)) + 1.5, 0.2
        ),  # a network's activations
        np.round(OTHER.normal(size=(300, 1000)), 1),
    ],
    ids=["ones", "constants", "calls", "sparse", "rounded", "zero-inflated", "doubled", "one case", "floor", "coarse"],
)
def test_what_many_patients_share_is_no_copy(values: np.ndarray) -> None:
    assert _found(values) == []


def test_groups_join_copies_of_copies_and_name_nobody() -> None:
    patients = np.array(["a", "b", "c", "d", "e", "a"])
    copies = (Copies(("e", "c"), "x"), Copies(("c", "b"), "y"), Copies(("a", "d"), "z", joined=False))
    X = pd.DataFrame({"x": range(6)})
    design = Design(
        X, {"x": "clinical"}, Outcome.of_flag(patients == "a"), Binary(column="x"), patients, patients, copies=copies
    )
    assert design.groups.tolist() == ["a", "copies 1", "copies 1", "d", "copies 1", "a"]


@pytest.mark.parametrize(
    ("names", "numbers", "alike"),
    [(ROI, (50,), "the voxels of an ROI (CT)"), (IMAGE, (9, 9, 4), "the voxels of an image (CT)")],
)
def test_one_image_under_two_patients_of_two_cohorts_is_one_group(
    names: tuple[str, ...],
    numbers: tuple[float, ...],
    alike: str,
    store: Store,
    make_catalog: Callable[..., Catalog],
    make_recipe: Callable[..., Recipe],
    build_tables: Callable[..., None],
    code: Callable[..., str],
) -> None:
    catalog, recipe = make_catalog(demo={}, other={}), make_recipe()
    header, row = "id,age,sex,site,stage,smoker,weight_loss,death,os_days\n", "{},60,male,leg,II,true,5,true,100\n"
    for name, images in {"demo": {"p1": 1, "p2": 2, "p3": 3}, "other": {"p1": 4, "p2": 2 + 1e-9, "p4": 5}}.items():
        scans = [(patient, "CT", number) for patient, number in images.items()]
        facts = {
            patient: dict(zip(names, (*numbers, -9, number, 90, 7 + number, number / 3), strict=False))
            for patient, number in images.items()
        }
        build_tables(catalog, scans, [recipe], header + "".join(row.format(p) for p in images), name=name, facts=facts)
    question = Question(("demo", "other"), "died", "baseline", (recipe,))
    (found,) = fuse(Mart.open(store), catalog, question).copies
    assert found == Copies((f"demo:{code('p2')}", f"other:{code('p2', 'other')}"), alike)


@pytest.mark.slow
def test_forty_noise_patients_under_two_ids_score_like_noise(
    store: Store,
    make_catalog: Callable[..., Catalog],
    make_recipe: Callable[..., Recipe],
    build_tables: Callable[..., None],
) -> None:
    """Genes of one person under two ids, with images and clinical data of their own: by genes alone they are known again."""
    rng, n = np.random.default_rng(3), 40
    noise, died = rng.normal(size=(n, 30)).round(6), rng.random(n) < 0.5
    genes, clinical = ["id," + ",".join(f"G{j}" for j in range(30))], ["id,age,death,os_days"]
    for i in range(2 * n):
        genes.append(f"p{i}," + ",".join(map(str, noise[i % n])))
        clinical.append(f"p{i},{40 + rng.integers(0, 50)},{str(died[i % n]).lower()},{100 + i}")
    columns = {c: c for c in ("age", "death", "os_days")}
    tables = [
        {"block": "clinical", "path": "demo.csv", "id": "id", "columns": columns},
        {"block": "genomic", "path": "demo_genes.csv", "id": "id", "genes": "G*", "unit": "log2"},
    ]
    catalog, recipe = make_catalog(demo={"tables": tables}), make_recipe()
    scans = [(f"p{i}", "CT", float(value)) for i, value in enumerate(rng.normal(size=2 * n))]
    build_tables(catalog, scans, [recipe], "\n".join(clinical), genomic="\n".join(genes))
    design = fuse(Mart.open(store), catalog, Question(("demo",), "died", "baseline", (recipe,)))
    assert len(set(design.groups)) == n
    study = Study.model_validate(
        {
            "name": "noise",
            "cohorts": ["demo"],
            "endpoint": "died",
            "blocks": {"genomic": ["genomic"]},
            "models": [{"kind": "svm", "kernel": ["rbf"], "C": [1.0]}],
            "splits": [{"kind": "nested", "folds": 5, "repeats": 2}],
        }
    )
    joined, apart = (
        next(score for score in evaluate(one, study).scores if score.blocks == "genomic")
        for one in (design, replace(design, copies=()))
    )
    assert apart.value is not None and apart.value > 0.9
    assert joined.value is not None and abs(joined.value - 0.5) < 0.15
    assert joined.high is not None and apart.high is not None and joined.low is not None and apart.low is not None
    assert joined.high - joined.low > 0.15  # drawn by person, not by id
