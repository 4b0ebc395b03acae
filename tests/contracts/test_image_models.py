"""What every model keeps that learns from images; test_models.py and its like have the contracts of those of columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.design import Design
from features.core.storage.table import read_table, write_table
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.metrics.metric import METRICS, Scored, metrics_of
from tasks.modelling.models.model import MODELS, of_images
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.saved_final import final_of, saved
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.contracts.test_poison import other_outcome
from tests.support.design import make_design, make_outcome, make_study
from tests.support.images import ArrayImages, make_images, make_textures
from tests.support.kinds import settings_of

pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
SHAPE = (1, 1, 32, 32)
PAIRS = [(kind, endpoint) for kind in of_images() for endpoint in sorted(MODELS.load(kind).endpoints)]
QUICK = {"epochs": 3, "patience": 2, "held_out": 3, "batch": 12, "learning_rate": 3e-3}


def cases_of(pairs: list[tuple[str, str]]) -> list[Any]:
    """The first endpoint of each kind; the others are slow: they share most."""
    first = dict(reversed(pairs))
    return [pytest.param(*one, marks=[pytest.mark.slow] * (first[one[0]] != one[1])) for one in pairs]


def quick(kind: str, **settings: Any) -> dict[str, Any]:
    """Settings with which a model of images learns a little."""
    known = {name: value for name, value in {**QUICK, **settings}.items() if name in MODELS.load(kind).model_fields}
    return {**settings_of(MODELS, kind), **known}


@cache
def design_of(endpoint: str, *, n: int = 48, signal: float = 2.0, seed: int = 0, textures: bool = False) -> Design:
    """Images that show a risk, beside clinical columns that do not."""
    design = make_design(endpoint, n=n, p=1, seed=seed, nan=0.0)
    rng = np.random.default_rng(seed + 1)
    shown = rng.normal(size=n)
    columns = design.columns("clinical")
    outcome = make_outcome(endpoint, signal * shown, rng)
    images = make_textures(shown, SHAPE, seed=seed) if textures else make_images(shown, SHAPE, seed=seed)
    blocks = dict.fromkeys(columns, "clinical")
    return replace(design, X=design.X[columns], blocks=blocks, outcome=outcome, images={"images": images})


def study_of(model: dict[str, Any], **changes: Any) -> Any:
    return make_study(models=[model], blocks={"network": ["images", "clinical"]}, **changes)


def numbers(prediction: Prediction) -> np.ndarray:
    parts = [part for part in (prediction.risk, prediction.probability, prediction.value) if part is not None]
    return np.column_stack([*parts, *([] if prediction.incidence is None else [prediction.incidence.value[:, 0]])])


def poisoned(design: Design, rows: np.ndarray) -> list[Design]:
    """Noise in the place of the images of these rows; theirs exchanged, and everything else seen of them."""
    images = design.images["images"]
    assert isinstance(images, ArrayImages)
    noise, turned = images.pixels.copy(), images.pixels.copy()
    noise[rows] = np.random.default_rng(9).integers(0, 65536, noise[rows].shape)
    turned[rows] = turned[rows[::-1]]
    X = design.X.copy()
    X.iloc[rows] = 1e6
    return [
        replace(design, images={"images": ArrayImages(noise)}, X=X),
        replace(design, images={"images": ArrayImages(turned)}, outcome=other_outcome(design.outcome, rows)),
    ]


def learnt(design: Design, model: dict[str, Any], train: np.ndarray, test: np.ndarray, seed: int = 0) -> Joined:
    """A candidate fitted on some rows, which predicts others, in the way of a study."""
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    fold = FoldFit(rows, target, Fold("one", 0, train, test), inner_folds=2, split="given", seed=seed)
    one = parse_candidate({"model": model})
    found = one.fusion.fit(fold, one.steps, one.model, np.arange(len(rows.columns)), own=False)
    assert found.prediction is not None and found.fitted is not None, found.reason
    return found


def score(design: Design, model: dict[str, Any], seed: int = 0) -> float:
    """By the first metric of the endpoint, of every second case."""
    n = len(design.X)
    train, test = np.arange(0, n, 2), np.arange(1, n, 2)
    prediction = learnt(design, model, train, test, seed).prediction
    assert prediction is not None
    seen, known = design.outcome.take(test), design.outcome.take(train)
    scored = Scored(test, seen, prediction, known, design.endpoint, design.centres[test])
    value = metrics_of(design.endpoint)[0].value([scored])
    assert value is not None
    return value


# Three seeds of one endpoint of each kind: what is drawn does not depend on the others.
POISONED = [pytest.param(*one.values, 0, marks=one.marks) for one in cases_of(PAIRS)]
POISONED += [pytest.param(kind, min(MODELS.load(kind).endpoints), seed) for kind in of_images() for seed in (1, 2)]


@pytest.mark.parametrize(("kind", "endpoint", "seed"), POISONED)
def test_test_rows_do_not_move_what_was_learnt(kind: str, endpoint: str, seed: int) -> None:
    design = design_of(endpoint)
    test = np.arange(seed, 48, 3)
    train = np.setdiff1d(np.arange(48), test)
    found = []
    for one in (design, *poisoned(design, test)):
        fitted = learnt(one, quick(kind, epochs=2, patience=1), train, test, seed).fitted
        assert fitted is not None
        found.append((joblib.hash(fitted.state()), numbers(fitted.predict(Rows.of(design))).tobytes()))
    assert found[1:] == found[:1] * 2


@pytest.mark.parametrize(("kind", "endpoint"), cases_of(PAIRS))
def test_answers_are_whole_and_those_of_a_seed_and_a_case_alone(kind: str, endpoint: str) -> None:
    design = design_of(endpoint)
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    rows = rows.with_values((rows.X - rows.X.mean(axis=0)) / rows.X.std(axis=0))
    model = MODELS.parse(quick(kind))
    fitted = model.fit(rows, target, 3)
    found = fitted.predict(rows)
    np.testing.assert_array_equal(numbers(model.fit(rows, target, 3).predict(rows)), numbers(found))
    assert len(found) == 48 and np.isfinite(numbers(found)).all() and np.ptp(numbers(found)[:, 0]) > 0
    assert fitted.importance().shape == (rows.X.shape[1],)
    alone = fitted.predict(rows.take(np.array([5])))
    np.testing.assert_allclose(numbers(alone), numbers(found)[[5]], rtol=1e-4, atol=1e-5)
    if found.probability is not None:
        assert found.probability.shape == (48, len(design.outcome.levels)) and (found.probability >= 0).all()
        if design.outcome.code.ndim == 1:
            np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    if found.incidence is not None:
        value, free = found.incidence.value, found.incidence.survival()
        assert value.min() >= 0 and value.max() <= 1 and (np.diff(value, axis=2) >= -1e-12).all()
        np.testing.assert_allclose(free + value.sum(axis=1), 1, atol=1e-9)
        assert abs(np.median(found.risk)) < np.ptp(found.risk)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fitted on images of 1 × 1 × 32 × 32, found 1 × 1 × 40 × 40"):
        fitted.predict(replace(rows, images=make_images(rows.X[:, 0], (1, 1, 40, 40))))


@pytest.mark.parametrize(("kind", "endpoint"), cases_of(PAIRS))
def test_what_images_show_is_found(kind: str, endpoint: str) -> None:
    design = design_of(endpoint, n=120, signal=4.0)
    least = 0.3 if METRICS.load(design.endpoint.metrics[0]).chance == 0 else 0.75
    assert score(design, quick(kind, epochs=12, patience=6)) >= least


@pytest.mark.slow
def test_a_texture_is_found_where_mean_and_spread_tell_nothing() -> None:
    design = design_of("binary", n=160, signal=4.0, textures=True)
    network = {"kind": "image_network", "architecture": {"kind": "resnet", "variant": "resnet18"}, "augment": None}
    assert score(design, {**network, "epochs": 8, "patience": None, "batch": 12, "learning_rate": 2e-3}) >= 0.75


@pytest.mark.slow
@pytest.mark.parametrize("kind", of_images())
@pytest.mark.parametrize("endpoint", ["binary", "survival"])
def test_noise_over_twenty_seeds_gives_chance(kind: str, endpoint: str) -> None:
    designs = [design_of(endpoint, n=80, signal=0.0, seed=100 + seed) for seed in range(20)]
    found = [score(design, quick(kind), seed) for seed, design in enumerate(designs)]
    assert abs(np.mean(found) - 0.5) <= 0.07, found


def final_of_kind(kind: str, endpoint: str) -> Final:
    design = design_of(endpoint)
    study = study_of(quick(kind, networks=2))
    return fit_final(design, study, "network", kind)


def bits(final: Final, endpoint: str) -> str:
    return numbers(final.predict(Rows.of(design_of(endpoint)))).tobytes().hex()


def tell_there(folder: str) -> None:
    """In a fresh process: what each kept model says."""
    found = {}
    for path in sorted(Path(folder).glob("*.json")):
        _, endpoint = path.stem.split(" ")
        final = final_of(json.loads(path.read_text()), arrays_of(read_table(path.with_suffix(".parquet"))))
        found[path.stem] = bits(final, endpoint)
    print(json.dumps(found))


@pytest.mark.slow
def test_a_fresh_process_predicts_to_the_bit(tmp_path: Path) -> None:
    here = {}
    for kind, endpoint in PAIRS:
        final = final_of_kind(kind, endpoint)
        facts, arrays = saved(final)
        name = f"{kind} {endpoint}"
        (tmp_path / f"{name}.json").write_text(json.dumps(facts))
        write_table(tmp_path / f"{name}.parquet", arrays_table(arrays), {})
        here[name] = bits(final, endpoint)
    code = f"from tests.contracts.test_image_models import tell_there\ntell_there({str(tmp_path)!r})"
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == here
