"""What a signature says elsewhere: nothing of the cohorts where it is used has a part in it, and who has no value has a reason."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import DataError, FitError, RadweaveError
from features.core.pseudonym import pseudonym
from features.core.storage.store import FIT, Store
from features.fusion.elsewhere import Elsewhere
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import index_cohort
from features.results.known_results import KnownResults
from features.results.manifest import Mart
from features.results.visits import Visits
from tasks.modelling.evaluation.asked import question_of
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.prediction import Prediction
from tasks.modelling.signatures import fitted
from tasks.modelling.signatures.direct import direct_scores
from tasks.modelling.signatures.fitted import find_or_fit
from tasks.modelling.signatures.signature import Signature, narrowed, of_facts
from tasks.modelling.signatures.values import Applied, Kept, Signed, check_columns, prediction_columns, signed
from tasks.publish import publish_mart
from tasks.tables import read_tables
from tests.support.catalog import cohort_of, write_catalog
from tests.support.design import make_design, make_study

COLUMNS = [f"f{i}" for i in range(24)]
HERE = (Elsewhere("treated", "baseline"),)
MODEL = {"kind": "elastic_net", "l1_ratio": [0.5]}


def draw(name: str, patients: int, seed: int, *, signal: float = 1.0) -> pd.DataFrame:
    """Textures, of which the first two show CD8 cells; what follows these cells, and age, which nothing follows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, len(COLUMNS))), columns=COLUMNS)
    cells = rng.normal(size=patients)
    frame[["f0", "f1"]] += signal * 1.5 * cells[:, None]
    frame.insert(0, "id", [f"{name}{i}" for i in range(patients)])
    frame["site"] = np.where(np.arange(patients) % 2, "A", "B")
    frame["age"] = rng.integers(40, 80, patients)
    frame["cd8"] = (7 + cells).round(4)
    frame["better"] = (2 * cells + rng.logistic(size=patients) > 0).astype(int)
    return frame


def declared(name: str, **texture: Any) -> dict[str, Any]:
    """A cohort with the outcome cd8 where it is called genes, else with a response. texture: keys of that table."""
    outcome = "cd8" if name.startswith("genes") else "better"
    number: dict[str, Any] = {"type": "number", "unit": "log2", "description": "CD8", "role": "outcome"}
    flag = {"type": "flag", "description": "responded", "role": "outcome"}
    age = {"type": "number", "unit": "years", "description": "age"}
    one = {"path": f"{name}.csv", "id": "id"}
    told: Any = "cd8" if outcome == "cd8" else {"from": "better", "codes": {"1": True, "0": False}}
    endpoint = {"kind": "continuous" if outcome == "cd8" else "binary", "column": outcome}
    return cohort_of(
        variables={"age": age, outcome: number if outcome == "cd8" else flag},
        tables=[
            {"block": "clinical", "columns": {"age": "age", outcome: told}, **one},
            {"block": "texture", "columns": ["f*"], **one, **texture},
        ],
        endpoints={"cd8" if outcome == "cd8" else "response": endpoint},
        timepoints={"baseline": 0, "week4": 28},
    )


@dataclass
class Place:
    """Cohorts in a store; calls of the fit are counted."""

    folder: Path
    fits: list[str]

    @property
    def catalog(self) -> Catalog:
        return load_catalog(self.folder / "data_catalog.yaml")

    @property
    def store(self) -> Store:
        return Store(self.folder / "store")

    @property
    def mart(self) -> Mart:
        return Mart.open(self.store)

    def refresh(self, **frames: pd.DataFrame) -> None:
        path = self.folder / "data_catalog.yaml"
        for name, frame in frames.items():
            frame.to_csv(self.folder / f"{name}.csv", index=False)
            known, key = KnownResults(self.store, name), b"k" * 64
            tables = read_tables.fn(path, name, known, FileCache(None, key))
            index = index_cohort(self.catalog, name, key)
            publish_mart.fn(index, (), [], tables, known, (), Visits())

    def fit(self, applied: Applied) -> Kept:
        return find_or_fit(applied, KeptFits(self.store))

    def signed(self, *signatures: Signature, where: tuple[Elsewhere, ...] = HERE) -> tuple[Signed, ...]:
        return signed(self.mart, self.catalog, signatures or (signature(),), where, self.fit)

    def values(self, *signatures: Signature) -> pd.Series:
        """Of the first signature, by patient."""
        (column,) = self.signed(*signatures)[0].values.values.items()
        return column[1].droplevel(["cohort", "lesion"])


def signature(word: str = "cd8", at: str = "baseline", own: tuple[Signature, ...] = (), **changes: Any) -> Signature:
    settings = {
        "name": "cd8_study",
        "cohorts": ["genes"],
        "endpoint": "cd8",
        "blocks": {"texture": ["texture"]},
        "models": [MODEL],
        "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
        **changes,
    }
    plan = make_study(**settings)
    return Signature(word, narrowed(plan, next(iter(plan.blocks)), plan.models[0].name), (), at, own)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("signatures")
    (folder / "key").write_text("k" * 64)
    write_catalog(folder, **{name: declared(name) for name in ("genes", "treated", "other")})
    found = Place(folder, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RADWEAVE_KEY_FILE", str(folder / "key"))
        found.refresh(genes=draw("g", 60, 0), treated=draw("t", 30, 1), other=draw("o", 20, 2))
    return found


@pytest.fixture
def place(refreshed: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of it, which counts the calls of the fit."""
    found, whole = (
        Place(Path(shutil.copytree(refreshed.folder, tmp_path / "copy", symlinks=True)), []),
        fitted.fit_final,
    )
    monkeypatch.setenv("RADWEAVE_KEY_FILE", str(found.folder / "key"))

    def counted(*given: Any, **more: Any) -> Any:
        found.fits.append(given[2])
        return whole(*given, **more)

    monkeypatch.setattr(fitted, "fit_final", counted)
    return found


def test_values_are_in_the_unit_of_the_endpoint_and_tell_it_elsewhere(place: Place) -> None:
    (found,) = place.signed()
    assert (found.n, found.columns, found.values.unit) == (60, 24, "log2")
    assert found.values.meaning == "predicted value of cd8, by elastic_net fitted on genes"
    assert list(found.values.values.columns) == ["signature__cd8"]
    assert found.values.values["signature__cd8"].between(3, 11).all()
    assert {*sorted(found.selected, key=lambda name: -abs(found.selected[name]))[:2]} == {"texture__f0", "texture__f1"}
    assert [(row.step, row.count_in, row.count_out) for row in found.flow] == [
        ("treated: patients", 30, 30),
        ("treated: no copy of a patient who trains", 30, 30),
        ("treated: with a value", 30, 30),
    ]
    design = fuse(place.mart, place.catalog, using(found))
    assert design.columns("signature") == ["signature__cd8"]
    told = direct_scores(design, [found.values])
    assert [(one.cohort, one.within, one.metric, one.n) for one in told] == [("treated", "", "auc", 30)]
    assert told[0].value is not None and told[0].low is not None and told[0].value > 0.75 > told[0].low


def using(*found: Signed, **changes: Any) -> Question:
    """What a study of the response asks that uses signatures."""
    blocks = {"both": ["signature", "clinical"]}
    signatures = {one.signature.name: {"study": "cd8_study"} for one in found}
    plan = make_study(cohorts=["treated"], endpoint="response", blocks=blocks, signatures=signatures, **changes)
    return replace(question_of(plan, ()), signatures=tuple(one.values for one in found))


def test_other_rows_and_all_outcomes_of_the_cohort_where_it_is_used_do_not_move_a_bit(place: Place) -> None:
    """Poison: nothing of that cohort is fitted, and no row has a say in the value of another; nor is it fitted again."""
    frame = draw("t", 30, 1)
    clean = place.values()
    rng = np.random.default_rng(9)
    poison = frame.copy()
    poison.loc[10:, COLUMNS] = 1e6 * rng.normal(size=(20, len(COLUMNS)))
    poison["better"] = 1 - poison["better"]
    poison["age"] = 41
    poison = poison.drop(index=[12, 17, 29]).iloc[::-1]
    place.refresh(treated=poison)
    other = place.values()
    kept = [pseudonym(b"k" * 64, "treated", name) for name in frame["id"][:10]]
    assert other[kept].to_numpy().tobytes() == clean[kept].to_numpy().tobytes()
    assert len(other) == 27 and not other.isin(clean[kept]).loc[lambda rows: rows.index.difference(kept)].any()
    assert place.fits == ["texture"]


def test_it_is_fitted_once_for_every_study_that_uses_it_and_again_once_its_own_cohort_changes(place: Place) -> None:
    (first,) = place.signed()
    (again,) = place.signed(where=(Elsewhere("other", "baseline"),))
    assert place.fits == ["texture"]
    assert first.addresses[0] == again.addresses[0] and first.addresses[1] != again.addresses[1]
    place.store.work(FIT, first.addresses[0]).write_bytes(b"damaged")
    place.values()  # its predictions are kept
    assert place.fits == ["texture"]
    place.store.work(FIT, first.addresses[1]).write_bytes(b"damaged")
    place.values()
    assert place.fits == ["texture", "texture"]
    genes = draw("g", 60, 0)
    genes.loc[0, "cd8"] += 1
    place.refresh(genes=genes)
    place.values()
    assert len(place.fits) == 3


def test_who_has_no_value_is_told_by_reason_and_missing_ones_are_filled_in_as_it_learnt(place: Place) -> None:
    frame = draw("t", 30, 1)
    whole = place.values()
    frame.loc[0, COLUMNS] = np.nan
    frame.loc[1, "f5"] = np.nan
    place.refresh(treated=frame)
    names = [pseudonym(b"k" * 64, "treated", name) for name in frame["id"]]
    (found,) = place.signed()
    values = found.values.values["signature__cd8"].droplevel(["cohort", "lesion"])
    assert np.isnan(values[names[0]]) and np.isfinite(values[names[1:]]).all()
    assert (values[names[2:]] == whole[names[2:]]).all()
    last = found.flow[-1]
    assert (last.step, last.count_in, last.count_out) == ("treated: with a value", 30, 29)
    assert dict(last.reasons) == {"no value in any of its columns": 1}
    design = fuse(place.mart, place.catalog, using(found))
    assert dict(design.missing_block) == {"signature": 1}
    excluding = fuse(place.mart, place.catalog, using(found, missing_block="exclude"))
    assert len(excluding.X) == 29 and {"no signature value": 1} in [dict(row.reasons) for row in excluding.flow]


def test_columns_are_the_same_by_name_and_unit_or_named(place: Place) -> None:
    place.refresh(treated=draw("t", 30, 1).drop(columns=["f3", "f7"]))
    with pytest.raises(DataError) as raised:
        place.values()
    assert str(raised.value) == (
        'signature cd8: cohort "treated" has no value in 2 of 24 columns that it is fitted on: "texture__f3", "texture__f7". '
        "Allowed: the same columns, by name and unit, of the same recipes"
    )
    write_catalog(place.folder, genes=declared("genes", unit="mm"), treated=declared("treated", unit="cm"))
    place.refresh(genes=draw("g", 60, 0), treated=draw("t", 30, 1))
    with pytest.raises(RadweaveError, match=r'the column "texture__f0" is in mm in cohort "genes", in cm in "treated"'):
        place.values()


def test_an_infinite_value_where_it_is_used_is_named() -> None:
    design = make_design(n=40, external=10)
    check_columns(signature(), design, ["radiomics_2", "radiomics_3"])
    X = design.X.copy()
    X.iloc[-1, X.columns.get_loc("radiomics_3")] = np.inf
    with pytest.raises(DataError, match='signature cd8: infinite values where it is used, in "radiomics_3"'):
        check_columns(signature(), replace(design, X=X), ["radiomics_2", "radiomics_3"])


def test_cohorts_that_share_a_patient_are_refused_with_their_number(place: Place) -> None:
    frame, genes = draw("t", 30, 1), draw("g", 60, 0)
    frame.loc[[3, 8], COLUMNS] = genes.loc[[5, 6], COLUMNS].to_numpy()
    place.refresh(treated=frame)
    with pytest.raises(RadweaveError) as raised:
        place.values()
    assert str(raised.value) == (
        'signature cd8: it is fitted on genes, and used where the same patients are: 2 patients of cohort "treated" have an '
        "image or a row of numbers that is a copy of one there. Allowed: cohorts that share no patient; leave these patients out "
        "of one of them"
    )
    with pytest.raises(RadweaveError, match="it is fitted on genes, and would be used there"):
        place.signed(where=(Elsewhere("genes", "baseline"),))


def test_what_is_known_too_late_is_no_value_of_it(place: Place) -> None:
    write_catalog(place.folder, genes=declared("genes"), treated=declared("treated", known_at="week4"))
    with pytest.raises(DataError, match='cohort "treated" has no value in 24 of 24 columns'):
        place.values()
    late = signature(at="week4")
    with pytest.raises(
        RadweaveError, match='its columns are of "week4", after the prediction at "baseline" in cohort "treated"'
    ):
        place.values(late)
    assert place.signed(late, where=(Elsewhere("treated", "week4"),))[0].flow[-1].count_out == 30
    with pytest.raises(
        RadweaveError, match='"treated" has no such time point; it has baseline, week4: say which by `at`'
    ):
        place.values(signature(at="week9"))


def test_a_harmoniser_follows_its_rule_for_a_centre_that_it_has_not_seen(place: Place) -> None:
    steps = ["drop_constant", "median", "zscore"]

    def model(unseen: str) -> list[dict[str, Any]]:
        combat = {"kind": "combat", "unseen": unseen, "minimum_rows": 20}
        return [{"name": "even", "steps": [*steps[:2], combat, steps[2]], "model": MODEL}]

    with pytest.raises(
        FitError,
        match=r'signature cd8 .*: the model even of cd8_study: combat: the centre "treated:A" \(1 row\) was not seen',
    ):
        place.values(signature(models=model("refuse")))
    (found,) = place.signed(signature(models=model("pooled")))
    assert list(found.remarks) == [
        'combat: the centre "treated:A" was not seen in training: its values stay as they are'
    ]
    own = place.values(signature(models=model("own")))
    assert np.isfinite(own).all() and not own.equals(
        found.values.values["signature__cd8"].droplevel(["cohort", "lesion"])
    )


def test_a_signature_of_a_signature_is_fitted_in_turn(place: Place) -> None:
    """other learns the response of the signature's value; treated is predicted by both, and fits neither."""
    inner = signature()
    outer = signature(
        "immune",
        own=(inner,),
        name="immune_study",
        cohorts=["other"],
        endpoint="response",
        blocks={"both": ["signature", "clinical"]},
        signatures={"cd8": {"study": "cd8_study"}},
        models=[{"kind": "ridge_logistic", "C": [1.0]}],
    )
    assert outer.all_cohorts == ("other", "genes")
    (found,) = place.signed(outer)
    assert [one.signature.name for one in found.every()] == ["immune", "cd8"]
    assert place.fits == ["texture", "both"]
    assert found.values.meaning == "risk of response, by ridge_logistic fitted on other"
    direct = place.values(inner)
    assert (
        np.corrcoef(found.values.values["signature__immune"].droplevel(["cohort", "lesion"])[direct.index], direct)[
            0, 1
        ]
        > 0.9
    )
    with pytest.raises(RadweaveError, match="it is fitted on genes, and would be used there"):
        place.signed(outer, where=(Elsewhere("genes", "baseline"),))
    assert of_facts("immune", json.loads(json.dumps(outer.facts()))).digest() == outer.digest()


def test_of_several_visits_a_patient_has_the_value_of_the_one_that_its_study_scores(place: Place) -> None:
    """Five patients have no later visit: the last one is their first; at week 4 they have none."""
    cohorts = {name: declared(name, timepoint="visit", path=f"{name}_visits.csv") for name in ("genes", "treated")}
    write_catalog(place.folder, **cohorts)
    for name, patients, seed in (("genes", 60, 0), ("treated", 30, 1)):
        first, rng = draw(name, patients, seed), np.random.default_rng(seed)
        later = first.iloc[:-5].copy()
        later[COLUMNS] += 0.1 * rng.normal(size=(patients - 5, len(COLUMNS)))
        visits = pd.concat([first.assign(visit="baseline"), later.assign(visit="week4")])
        visits.to_csv(place.folder / f"{name}_visits.csv", index=False)
        place.refresh(**{name: first})
    for scored, n, valued in (("last", 60, 30), ("predict_at", 55, 25)):
        one = signature(at="week4", predict_at="week4", visits="each", scored_visit=scored)
        (found,) = place.signed(one, where=(Elsewhere("treated", "week4"),))
        values = found.values.values["signature__cd8"]
        assert (found.n, int(values.notna().sum()), values.index.has_duplicates) == (n, valued, False)


def test_several_classes_are_a_column_each(place: Place) -> None:
    kinds = {"multiclass": ("signature__kind_round", "signature__kind_spiky"), "binary": ("signature__kind",)}
    probability = np.array([[0.2, 0.8], [0.5, 0.5]])
    told = {"multiclass": Prediction(probability=probability), "binary": Prediction(risk=probability[:, 0])}
    for kind, names in kinds.items():
        found = prediction_columns("kind", told[kind], ("round", "spiky"))
        assert tuple(found) == names
        np.testing.assert_array_equal(np.column_stack(list(found.values())), probability[:, : len(names)])


@pytest.mark.slow
@pytest.mark.parametrize("signal", [0.0, 1.0])
def test_where_cells_are_not_seen_a_signature_tells_nothing(place: Place, signal: float) -> None:
    """Noise control: the mean AUC elsewhere is 0.5 ± 0.07 over 20 seeds; positive control: the planted signal is found."""
    scores = []
    for seed in range(20):
        place.refresh(genes=draw("g", 60, 100 + seed, signal=signal), treated=draw("t", 40, 200 + seed, signal=signal))
        (found,) = place.signed()
        (one,) = direct_scores(fuse(place.mart, place.catalog, using(found)), [found.values])
        scores.append(one.value or 0.5)
    mean = float(np.mean(scores))
    assert abs(mean - 0.5) < 0.07 if signal == 0 else mean > 0.75, mean
