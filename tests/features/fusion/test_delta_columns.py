"""Deltas between time points and several lesions of a patient, as columns of the design table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Catalog
from features.core.design import Design
from features.core.errors import RadweaveError
from features.core.kinds.delta import DELTAS
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.fusion.delta_columns import Known, delta_columns
from features.fusion.deltas.change import Change
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart

pytestmark = pytest.mark.slow

HEADER = "id,age,sex,site,stage,smoker,weight_loss,death,os_days\n"
BOTH = [
    ("p1", "CT", 4), ("p1", "CT", 6, "week_6"), ("p2", "CT", -5), ("p2", "CT", -6, "week_6"), ("p3", "CT", 0),
    ("p3", "CT", 3, "week_6"), ("p4", "CT", 7, "week_6"), ("p5", "CT", 8),
]  # fmt: skip
LESIONS = [
    ("p1", "CT", 1, "baseline", "b"), ("p1", "CT", 9, "baseline", "a"), ("p2", "CT", 5, "baseline", "a"),
    ("p2", "CT", 5, "baseline", "b"), ("p3", "CT", 2, "baseline", "a"),
    ("p3", "CT", "extract TOO_MANY_BINS", "baseline", "b"),
]  # fmt: skip
Fuse = Callable[..., Design]


@pytest.fixture
def fused(
    store: Store,
    make_catalog: Callable[..., Catalog],
    make_recipe: Callable[..., Recipe],
    build_tables: Callable[..., None],
) -> Fuse:
    """The design table of scans (patient, modality, result, time point, lesion) under settings of the question."""

    def build(
        scans: Sequence[tuple[Any, ...]],
        *,
        timepoints: dict[str, int] | None = None,
        days: dict[str, float] | None = None,
        **settings: Any,
    ) -> Design:
        changes = {"timepoints": timepoints} if timepoints else {}
        catalog, recipe = make_catalog(demo=changes), make_recipe()
        patients = sorted({scan[0] for scan in scans})
        rows = [f"{p},60,male,leg,II,true,5,{str(bool(i % 2)).lower()},{100 + i}\n" for i, p in enumerate(patients)]
        build_tables(catalog, scans, [recipe], HEADER + "".join(rows), days=days or {})
        question = Question(
            **{"cohorts": ("demo",), "endpoint": "died", "predict_at": "week_6", "recipes": (recipe,), **settings}
        )
        return fuse(Mart.open(store), catalog, question)

    return build


def _column(design: Design, name: str, code: Callable[..., str], *, lesions: bool = False) -> dict[str, Any]:
    """Patient (and lesion) → value."""
    found: dict[str, Any] = {}
    for patient in ("p1", "p2", "p3", "p4", "p5"):
        for case, value in design.X[name].items():
            parts = str(case).split(":")
            if parts[1] == code(patient):
                found[":".join([patient, *parts[3:]]) if lesions else patient] = value
    return found


def test_changes_are_absolute_relative_and_per_day(fused: Fuse, code: Callable[..., str]) -> None:
    delta = Change(since="baseline", until="week_6", how=("absolute", "relative", "per_day"))
    design = fused(BOTH, deltas=(delta,))
    names = [f"delta__fake__ct__{f}__baseline_to_week_6_{how}" for how in delta.how for f in ("a", "b")]
    assert design.columns("delta") == names
    nan = pytest.approx(np.nan, nan_ok=True)
    assert _column(design, names[0], code) == {"p1": 2.0, "p2": -1.0, "p3": 3.0, "p4": nan}
    assert _column(design, names[2], code) == {"p1": 0.5, "p2": -0.2, "p3": nan, "p4": nan}
    assert _column(design, names[5], code) == {"p1": 4 / 42, "p2": -2 / 42, "p3": 6 / 42, "p4": nan}
    assert _column(design, "fake__ct__a", code) == {"p1": 6.0, "p2": -6.0, "p3": 3.0, "p4": 7.0}


def test_volumes_have_deltas_where_they_are_asked_for(fused: Fuse, code: Callable[..., str]) -> None:
    design = fused(BOTH[:2], deltas=(Change(since="baseline", until="week_6", blocks=("region",)),))
    (name,) = design.columns("delta")
    assert name == "delta__region__ct__volume_ml__baseline_to_week_6_absolute"
    assert _column(design, name, code) == {"p1": 2.0}


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        ({"since": "baseline", "until": "week_6"}, 'is known at week_6, after the prediction at "baseline"'),
        ({"since": "week_6", "until": "baseline"}, '"week_6" is not before "baseline" in the catalog'),
        (
            {"since": "baseline", "until": "week_7"},
            'no time point "week_7"; allowed: baseline, week_6. Did you mean "week_6"',
        ),
    ],
)
def test_a_delta_that_is_not_known_at_the_prediction_is_refused(fused: Fuse, delta: dict, message: str) -> None:
    with pytest.raises(RadweaveError, match=message):
        fused(BOTH, deltas=(DELTAS.parse(delta),), predict_at="baseline")


def test_a_delta_of_earlier_images_serves_a_later_prediction(fused: Fuse, code: Callable[..., str]) -> None:
    scans = [("p1", "CT", 1), ("p1", "CT", 4, "week_2"), ("p1", "CT", 9, "week_6")]
    timepoints = {"baseline": 0, "week_2": 14, "week_6": 42}
    design = fused(scans, timepoints=timepoints, deltas=(Change(since="baseline", until="week_2", how=("per_day",)),))
    assert _column(design, "delta__fake__ct__a__baseline_to_week_2_per_day", code) == {"p1": 3 / 14}


def test_each_lesion_has_a_row_of_its_own(fused: Fuse, code: Callable[..., str]) -> None:
    design = fused(LESIONS, predict_at="baseline")
    assert _column(design, "fake__ct__a", code, lesions=True) == {
        "p1:a": 9.0, "p1:b": 1.0, "p2:a": 5.0, "p2:b": 5.0, "p3:a": 2.0
    }  # fmt: skip
    assert len(set(design.patients)) == 3


def test_the_largest_lesion_is_the_first_of_the_largest(fused: Fuse, code: Callable[..., str]) -> None:
    design = fused(LESIONS, predict_at="baseline", lesions="largest")
    found = _column(design, "fake__ct__a__largest_lesion", code, lesions=True)
    assert found == {"p1:a": 9.0, "p2:a": 5.0, "p3:a": 2.0}
    assert design.columns("region") == ["region__ct__volume_ml__largest_lesion"]


@pytest.mark.parametrize(
    ("policy", "values", "volumes"),
    [
        ("sum", {"p1": 10.0, "p2": 10.0, "p3": 2.0}, [30, 30, 12]),
        ("mean", {"p1": 5.0, "p2": 5.0, "p3": 2.0}, [15, 15, 12]),
    ],
)
def test_lesions_are_one_row_of_their_patient(
    fused: Fuse, code: Callable[..., str], policy: str, values: dict, volumes: list[float]
) -> None:
    design = fused(LESIONS, predict_at="baseline", lesions=policy)
    assert _column(design, f"fake__ct__a__{policy}_of_lesions", code) == values
    assert set(design.X.index) == {f"demo:{code(p)}:baseline" for p in values}
    assert list(_column(design, f"region__ct__volume_ml__{policy}_of_lesions", code).values()) == volumes
    assert sorted(design.cohort_table["volume_ct_ml"]) == sorted(volumes)
    events = dict(zip(design.patients, design.event, strict=True))
    assert events == {f"demo:{code('p1')}": False, f"demo:{code('p2')}": True, f"demo:{code('p3')}": False}
    assert design.X["clinical__age"].tolist() == [60.0] * 3


FOLLOWED = [
    ("p1", "CT", 9, "baseline", "a"), ("p1", "CT", 1, "baseline", "b"), ("p1", "CT", 3, "week_6", "a"),
    ("p1", "CT", 4, "week_6", "b"), ("p2", "CT", 2, "baseline", "a"), ("p2", "CT", 6, "week_6", "a"),
    ("p2", "CT", 8, "week_6", "new"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "ending", "changes"),
    [
        ("each", "", {"p1:a": -6.0, "p1:b": 3.0, "p2:a": 4.0, "p2:new": np.nan}),
        ("largest", "__largest_lesion", {"p1:b": 3.0, "p2:new": np.nan}),
        ("sum", "__sum_of_lesions", {"p1": -3.0, "p2": 12.0}),
        ("mean", "__mean_of_lesions", {"p1": -1.5, "p2": 5.0}),
    ],
)
def test_deltas_follow_the_lesions_of_the_row(
    fused: Fuse, code: Callable[..., str], policy: str, ending: str, changes: dict
) -> None:
    design = fused(FOLLOWED, lesions=policy, deltas=(Change(since="baseline", until="week_6"),))
    name = f"delta__fake__ct__a{ending}__baseline_to_week_6_absolute"
    assert _column(design, name, code, lesions=True) == pytest.approx(changes, nan_ok=True)
    assert name in design.columns("delta")


def test_a_sum_with_a_missing_modality_is_missing(
    store: Store, make_catalog: Callable, make_recipe: Callable, build_tables: Callable, code: Callable[..., str]
) -> None:
    recipes = [make_recipe(), make_recipe("PT")]
    scans = [("p1", "CT", 1, "baseline", "a"), ("p1", "PT", 4, "baseline", "a"), ("p1", "CT", 2, "baseline", "b")]
    catalog = make_catalog()
    build_tables(catalog, scans, recipes, HEADER + "p1,60,male,leg,II,true,5,true,9\n")
    for lesions, wanted in (("sum", np.nan), ("mean", 4.0)):
        question = Question(("demo",), "died", "baseline", tuple(recipes), lesions=lesions)  # type: ignore[arg-type]
        design = fuse(Mart.open(store), catalog, question)
        assert _column(design, f"fake__pt__a__{lesions}_of_lesions", code) == pytest.approx({"p1": wanted}, nan_ok=True)


WEEKLY = {"baseline": 0, "week_2": 14, "week_4": 28, "week_6": 42}
COURSE = [
    *(("p1", "CT", value, word) for word, value in zip(WEEKLY, (1, 3, 4, 9), strict=True)),
    ("p2", "CT", 2), ("p2", "CT", 7, "week_4"), ("p2", "CT", 8, "week_6"),
    ("p3", "CT", 5, "week_4"), ("p4", "CT", 1), ("p4", "CT", 2, "week_4"),
]  # fmt: skip
OWN = {
    "p1 baseline": -2.0,
    "p1 week_2": 10.0,
    "p1 week_4": 31.0,
    "p1 week_6": 50.0,
    "p2 baseline": 0.0,
    "p2 week_4": 20.0,
}


def test_slopes_and_areas_use_the_own_days_of_patients(fused: Fuse, code: Callable[..., str]) -> None:
    deltas = tuple(map(DELTAS.parse, ("slope", "area", {"since": "baseline", "until": "week_4", "how": ["per_day"]})))
    design = fused(COURSE, timepoints=WEEKLY, days=OWN, deltas=deltas, predict_at="week_4")
    slope, area, change = (f"delta__fake__ct__a__baseline_to_week_4_{end}" for end in ("slope", "area", "per_day"))
    assert design.columns("delta")[::2] == [slope, area, change]
    nan = pytest.approx(np.nan, nan_ok=True)
    steep = np.polyfit([-2, 10, 31], [1, 3, 4], 1)[0]
    assert _column(design, slope, code) == pytest.approx(
        {"p1": steep, "p2": 5 / 20, "p3": np.nan, "p4": 1 / 28}, nan_ok=True
    )
    assert _column(design, area, code) == {"p1": 24 + 73.5, "p2": 90, "p3": nan, "p4": 42}
    assert _column(design, change, code) == {"p1": pytest.approx(3 / 33), "p2": 0.25, "p3": nan, "p4": 1 / 28}


def test_nothing_after_the_prediction_decides_a_delta(fused: Fuse) -> None:
    """Whatever is measured later, in whatever days: not a bit of the design differs."""
    deltas = tuple(map(DELTAS.parse, ("slope", {"kind": "area", "how": ["total", "mean", "excess"]})))
    early = [scan for scan in COURSE if scan[3:] != ("week_6",)]
    later = [*early, ("p1", "CT", 1e6, "week_6"), ("p2", "CT", -1e6, "week_6"), ("p4", "CT", 77, "week_6")]
    ask = {"timepoints": WEEKLY, "deltas": deltas, "predict_at": "week_4"}
    one, other = fused(early, **ask), fused(later, days={"p1 week_6": 900.0}, **ask)
    assert one.X.equals(other.X)


def test_a_visit_after_that_of_the_prediction_is_not_looked_at_whatever_its_time_point(
    fused: Fuse, code: Callable[..., str]
) -> None:
    """Test and retest share a planned day, and a patient may have had them in any order."""
    scans = [("p1", "CT", 1), ("p1", "CT", 5, "test"), ("p1", "CT", 9, "retest")]
    scans += [("p2", "CT", 1), ("p2", "CT", 5, "test"), ("p2", "CT", 9, "retest")]
    own = {"p1 test": 10.0, "p1 retest": 12.0, "p2 test": 10.0, "p2 retest": 4.0}
    ask = {"timepoints": {"baseline": 0, "test": 10, "retest": 10, "week_6": 42}, "days": own, "predict_at": "test"}
    design = fused(scans, deltas=(DELTAS.parse({"kind": "change", "since": "baseline", "until": "retest"}),), **ask)
    column = _column(design, "delta__fake__ct__a__baseline_to_retest_absolute", code)
    assert column == pytest.approx({"p1": np.nan, "p2": 8.0}, nan_ok=True)


def test_tables_of_many_columns_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    words = {f"week{n}": 7 * n for n in range(1, 5)}
    rows = pd.DataFrame({"patient": np.repeat(["a", "b", "c"], 4), "lesion": "", "timepoint": [*words] * 3})
    images = pd.DataFrame(rng.normal(size=(12, 5)), columns=list("vwxyz"))
    days = {(p, w): float(words[w]) for p, w in zip(rows["patient"], rows["timepoint"], strict=True)}
    delta = DELTAS.parse({"kind": "area", "how": ["total", "mean"]})
    given = (delta, delta.span(words, "week4"), rows, images, rows[3::4], Known(days, words, "week4"))
    whole = delta_columns(*given)
    monkeypatch.setattr("features.fusion.delta_columns.CHUNK", 2)
    assert delta_columns(*given).equals(whole)
    assert list(whole.columns[4:6]) == ["delta__z__week1_to_week4_area", "delta__v__week1_to_week4_area_mean"]
