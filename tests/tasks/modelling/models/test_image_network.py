"""Image network beside regressions on the same frozen features, with bad input, and where it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sksurv.linear_model import CoxPHSurvivalAnalysis

from features.core.errors import FitError
from features.core.outcome import Outcome
from features.core.progress import heard_by, watched_by
from features.core.storage.store import TRAINING, Store
from features.deep.loading import load_random_network
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.fitted_image_network import FittedImageNetwork
from tasks.modelling.half_trained import HalfTrained, keeping
from tasks.modelling.models.image_network import ImageNetwork, network_for
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_outcome, make_rows
from tests.support.images import make_images

torch = pytest.importorskip("torch")
SHAPE = (2, 1, 32, 32)
ROOT = Path(__file__).parents[4]


def cases(endpoint: str, n: int = 40, shape: tuple[int, ...] = SHAPE, signal: float = 2.0) -> tuple[Rows, Target]:
    """Cases that a set of images alone shows."""
    rng = np.random.default_rng(2)
    risk = rng.normal(size=n)
    rows = make_rows({"none": np.zeros(n)})
    rows = replace(rows, X=np.zeros((n, 0)), columns=Columns(np.empty(0, "<U1"), np.empty(0, "<U1")))
    return replace(rows, images=make_images(risk, shape)), Target(
        make_outcome(endpoint, signal * risk, rng), ANY_ENDPOINT[endpoint]
    )


def frozen_features(model: ImageNetwork, rows: Rows, seed: int) -> np.ndarray:
    """(n, width) of a network that is drawn, in a few lines of torch: means over places and views, of spread 1 over all views."""
    assert rows.images is not None
    network = load_random_network(network_for(model, SHAPE), seed_of(seed, model.kind, 0)).network
    pixels = torch.from_numpy(rows.images.read(np.arange(len(rows))) / 65535).float()
    with torch.no_grad():
        maps = (
            network.features((pixels.flatten(0, 1) - pixels.mean()) / pixels.std()).mean((2, 3)).numpy().astype(float)
        )
    spread = maps.std(axis=0)
    spread = np.maximum(spread, 0.1 * np.sqrt((spread**2).mean()))
    return ((maps - maps.mean(axis=0)) / spread).reshape(len(rows), 2, -1).mean(axis=1)


FROZEN: dict[str, Any] = {"trains": "head", "augment": None, "patience": None, "weight_decay": 0.0, "batch": 64}


def test_a_head_on_frozen_features_is_ridge_logistic_regression() -> None:
    rows, target = cases("binary")
    model = ImageNetwork(**FROZEN, penalty=0.1, epochs=400, learning_rate=0.03)
    X, y = frozen_features(model, rows, 5), target.outcome.flag
    peer = LogisticRegression(C=1 / (0.1 * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    found = model.fit(rows, target, 5).predict(rows).risk
    np.testing.assert_allclose(found, peer.decision_function(X), atol=5e-3)


def test_a_head_of_follow_up_on_frozen_features_is_ridge_cox_regression() -> None:
    rows, target = cases("survival")
    model = ImageNetwork(**FROZEN, penalty=0.1, epochs=400, learning_rate=0.03)
    X = frozen_features(model, rows, 5)
    risk = CoxPHSurvivalAnalysis(alpha=0.1 * len(X), ties="breslow", tol=1e-12).fit(X, target.y).predict(X)
    found = model.fit(rows, target, 5).predict(rows).risk
    np.testing.assert_allclose(found, risk - risk.mean(), atol=5e-3)


def test_probabilities_are_those_of_the_classes_as_they_come_whatever_they_weigh() -> None:
    """One in five is positive, and images tell nothing: balanced weights alone would say one half."""
    rows, _ = cases("binary", n=100)
    code = (np.arange(100) % 5 == 0).astype(np.intp)
    for endpoint, outcome in (
        ("binary", Outcome(code)),
        ("multiclass", Outcome(code, levels=("a", "b"))),
        ("ordinal", Outcome(code, levels=("a", "b"))),
        ("multilabel", Outcome(np.column_stack([code, 1 - code]), levels=("a", "b"))),
    ):
        model = ImageNetwork(**FROZEN, class_weights="balanced", penalty=1000.0, epochs=60, learning_rate=0.03)
        found = model.fit(rows, Target(outcome, ANY_ENDPOINT[endpoint]), 0).predict(rows)
        positive = found.risk if endpoint == "binary" else found.probability[:, 0 if endpoint == "multilabel" else 1]
        assert positive is not None
        share = 1 / (1 + np.exp(-positive)) if endpoint == "binary" else positive
        np.testing.assert_allclose(share, 0.2, atol=0.04, err_msg=endpoint)


def test_columns_at_the_head_and_learnt_beside_are_used() -> None:
    rows, target = cases("binary", signal=0.0)
    told = np.where(target.outcome.flag, 1.0, -1.0)
    blank = make_images(np.zeros(40), SHAPE, noise=0.0)
    with_column = replace(make_rows({"clinical_marker": told}, block="clinical"), images=blank)
    model = ImageNetwork(**FROZEN, epochs=60, learning_rate=0.03)
    risk = model.fit(with_column, target, 0).predict(with_column).risk
    assert risk is not None and (risk[target.outcome.flag].min() > risk[~target.outcome.flag].max())
    beside = replace(rows, covariates={"clinical_age": np.where(np.arange(40) % 4, told, np.nan)})
    plain, taught = (
        ImageNetwork(epochs=2, patience=None, batch=20, also=also).fit(beside, target, 0)
        for also in ((), ("clinical_age",))
    )
    assert taught.heads == (1, 1) and joblib.hash(taught.predict(rows).risk) != joblib.hash(plain.predict(rows).risk)


@pytest.mark.parametrize(
    ("settings", "endpoint", "shape", "sentence"),
    [
        (
            {},
            "binary",
            (1, 1, 16, 16),
            "lenet5 needs sides of 32 at least, found 16 × 16: change the size of the samples",
        ),
        ({}, "binary", (1, 1, 32, 32, 32), "lenet5 takes 2 sides, found 3: 32 × 32 × 32"),
        ({"weights": "efficientnet_lite0"}, "binary", (1, 2, 32, 32), "efficientnet_lite0 takes 3 channels or one"),
        (
            {"augment": None, "self_supervised": 1},
            "binary",
            (1, 1, 32, 40),
            "self_supervised turns slices, which have to be",
        ),
        ({"loss": "hinge"}, "survival", SHAPE, "loss hinge is for two classes alone; the endpoint is survival"),
        ({"loss": "discrete_time"}, "binary", SHAPE, "loss discrete_time is for follow-up; the endpoint is binary"),
        (
            {"class_weights": "balanced"},
            "continuous",
            SHAPE,
            "class_weights are for classes; the endpoint is continuous",
        ),
        ({"also": ("clinical_agee",)}, "binary", SHAPE, 'no clinical column "clinical_agee"; found clinical_age'),
        ({"augment": {"turn": True}}, "binary", (1, 1, 32, 40), "turn needs square slices, and views have 32 x 40"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(
    settings: dict[str, Any], endpoint: str, shape: tuple[int, ...], sentence: str
) -> None:
    rows, target = cases(endpoint, shape=shape)
    rows = replace(rows, covariates={"clinical_age": np.zeros(40)})
    with pytest.raises(FitError, match="image_network: ") as told:
        ImageNetwork(**settings).fit(rows, target, 0)
    assert sentence in str(told.value)


def test_a_fold_in_which_nobody_can_be_held_out_is_a_sentence() -> None:
    rows, _ = cases("binary")
    target = Target(Outcome.of_flag(np.arange(40) == 3), ANY_ENDPOINT["binary"])
    with pytest.raises(FitError, match="nobody can be held out to tell when to stop: 40 cases .* or patience: null"):
        ImageNetwork().fit(rows, target, 0)
    three = Target(Outcome.of_flag(np.arange(40) < 2), ANY_ENDPOINT["binary"])
    with pytest.raises(
        FitError, match="without those held out to tell when to stop the training fold has 20 cases, 1 "
    ):
        ImageNetwork().fit(rows, three, 0)
    with pytest.raises(FitError, match="the set of blocks names no images: add images to it"):
        ImageNetwork().fit(replace(rows, images=None), target, 0)


def test_a_loss_that_is_no_number_is_a_sentence() -> None:
    with pytest.raises(
        ArithmeticError, match=r"the loss is (nan|inf) after epoch \d of 40; lower learning_rate \(1e\+30\)"
    ):
        ImageNetwork(learning_rate=1e30, patience=None).fit(*cases("continuous"), 0)


def test_a_card_of_another_architecture_is_refused_where_it_is_named() -> None:
    with pytest.raises(
        ValueError,
        match=r"the card efficientnet_lite0 is of efficientnet_lite0 .*architecture says resnet18: leave out",
    ):
        ImageNetwork(weights="efficientnet_lite0", architecture={"kind": "resnet", "variant": "resnet18"})
    with pytest.raises(ValueError, match='there is no weights card "efficientnet_lite9"'):
        ImageNetwork(weights="efficientnet_lite9")
    with pytest.raises(ValueError, match="onnx is run as it is and cannot learn"):
        ImageNetwork(architecture={"kind": "onnx", "variant": "own", "size": [64, 64], "features": 10})


def test_settings_tell_the_network_that_runs() -> None:
    assert ImageNetwork().model_dump()["architecture"]["kind"] == "lenet"
    assert "architecture" not in ImageNetwork(weights="efficientnet_lite0").model_dump()


def test_of_a_card_what_changed_is_kept_and_no_more() -> None:
    rows, target = cases("binary", n=24)
    fitted = ImageNetwork(weights="efficientnet_lite0", trains="head", epochs=2, patience=None, augment=None).fit(
        rows, target, 0
    )
    assert set(fitted.members[0]) == {"heads.0.weight", "heads.0.bias", "mean", "std", "middle", "spread"}
    assert len(fitted.sha256) == 64 and np.ptp(fitted.predict(rows).risk) > 0
    with pytest.raises(Exception, match="it was fitted with 0000"):
        replace(fitted, sha256="0" * 64).predict(rows)


MODEL = ImageNetwork(epochs=12, patience=12, batch=10, networks=2)


def go_on(folder: Path, seen: list[str], stop: str = "") -> FittedImageNetwork:
    """Train, and tell of each epoch; at `stop` somebody interrupts."""

    def told(what: str, done: int, total: int) -> None:
        seen.append(what.split(",")[0])
        print(seen[-1], flush=True)
        if seen[-1] == stop:
            raise KeyboardInterrupt

    with keeping(HalfTrained(Store(folder))), watched_by(told):
        return MODEL.fit(*cases("binary"), 3)


def epoch(number: int) -> str:
    return f"image_network: epoch {number} of 12"


@pytest.mark.slow
def test_what_was_interrupted_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = MODEL.fit(*cases("binary"), 3)
    first: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path, first, stop=epoch(5))
    rest: list[str] = []
    fitted = go_on(tmp_path, rest)
    assert first == [epoch(i) for i in range(1, 6)]
    assert rest == [epoch(i) for i in (*range(6, 13), *range(1, 13))]  # the second network from its start
    assert joblib.hash(fitted.state()) == joblib.hash(whole.state())
    again: list[str] = []
    go_on(tmp_path, again)
    assert again == []


def test_a_network_learns_from_images_before_it_is_told_any_outcome(tmp_path: Path) -> None:
    """The first epochs are those of turns, whatever the outcome; what was interrupted in them goes on too."""
    rows, target = cases("binary", n=24)
    model = ImageNetwork(self_supervised=3, epochs=1, patience=None, trains="head", augment=None)
    whole = model.fit(rows, target, 3)
    other = model.fit(rows, Target(Outcome.of_flag(~target.outcome.flag), target.endpoint), 3)
    plain = model.model_copy(update={"self_supervised": 0}).fit(rows, target, 3)
    body = {name for name in whole.members[0] if name.startswith("body.c")}
    assert all((whole.members[0][name] == other.members[0][name]).all() for name in body)
    assert any((whole.members[0][name] != plain.members[0][name]).any() for name in body)
    seen: list[str] = []

    def told(what: str, done: int, total: int) -> None:
        seen.append(what.split(",")[0])
        if len(seen) == 2:
            raise KeyboardInterrupt

    with keeping(HalfTrained(Store(tmp_path))), watched_by(told):
        with pytest.raises(KeyboardInterrupt):
            model.fit(rows, target, 3)
        again = model.fit(rows, target, 3)
    turns = [f"image_network: turns: epoch {i} of 3" for i in (1, 2, 3)]
    assert seen == [*turns, "image_network: epoch 1 of 1"]
    assert joblib.hash(again.state()) == joblib.hash(whole.state())


def test_a_damaged_state_begins_anew_and_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path, [], stop=epoch(2))
    store, said = Store(tmp_path), list[str]()
    (digest,) = store.results()[TRAINING]
    path = store.work(TRAINING, digest)
    path.write_bytes(path.read_bytes()[:-40])
    half = HalfTrained(store)
    with heard_by(said.append):
        assert half.find(digest) is None
    assert said == [f"a half-trained network is damaged and begins anew: {digest}.parquet"]
    half.keep(digest, {"epoch": 1}, {"a": np.arange(3)})
    facts, arrays = half.find(digest) or ({}, {})
    assert facts == {"epoch": 1} and arrays["a"].tolist() == [0, 1, 2]
    half.forget()
    assert not store.has(TRAINING, digest)


@pytest.mark.slow
def test_a_kill_costs_one_epoch_at_most(tmp_path: Path) -> None:
    code = "from pathlib import Path\nfrom tests.tasks.modelling.models.test_image_network import go_on\n"
    code += f"go_on(Path({str(tmp_path)!r}), [])"
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line.strip())
        if line.strip() == epoch(7):
            os.kill(child.pid, signal.SIGKILL)
            break
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL and lines == [epoch(i) for i in range(1, 8)]
    rest: list[str] = []
    fitted = go_on(tmp_path, rest)
    first = int(rest[0].split()[2])
    assert 7 < first <= 13 and rest[0] == epoch(first)  # epoch 7 was kept before it was told
    assert joblib.hash(fitted.state()) == joblib.hash(MODEL.fit(*cases("binary"), 3).state())


def test_nobody_with_a_weak_label_tells_when_to_stop() -> None:
    rows, target = cases("binary")
    rows = replace(rows, scored=np.arange(len(rows)) % 2 == 0)
    learn, watch = ImageNetwork()._split(rows, target, 3)
    assert len(watch) and rows.scored is not None and rows.scored[watch].all()
    assert {*np.flatnonzero(~rows.scored)} <= {*learn.tolist()} and not {*learn.tolist()} & {*watch.tolist()}
