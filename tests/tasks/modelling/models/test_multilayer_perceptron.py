"""Networks of columns: the same as a bare loop of torch, the hinge loss, and threads and random numbers of others."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from features.core.errors import FitError
from tasks.modelling.models.multilayer_perceptron import MultilayerPerceptron
from tasks.modelling.models.residual_network import ResidualNetwork
from tasks.modelling.solvers.network_training import QUIET, train_layers
from tasks.modelling.target import Target
from tests.support.design import BINARY, make_design, make_rows

FEW = {"epochs": 40, "weight_decay": (0.1,)}


def made() -> tuple[object, Target, np.ndarray]:
    design = make_design(n=80, signal=3.0, nan=0.0)
    X = design.X[[f"radiomics_{i}" for i in range(5)]].to_numpy()
    return make_rows({f"c{i}": X[:, i] for i in range(5)}), Target(design.outcome, BINARY), X


def lipo(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Twenty columns of WORC-Lipo, of spread 1, and flags, (n, 1)."""
    table = pd.read_csv(folder / "radmlbench" / "WORC-Lipo.csv.gz")
    X = table.drop(columns="Target").select_dtypes("number").to_numpy(np.float64)
    X = X[:, np.linspace(0, X.shape[1] - 1, 20).astype(int)]
    return (X - X.mean(axis=0)) / X.std(axis=0), table[["Target"]].to_numpy(np.float64)


@pytest.mark.parametrize(("hidden", "skips"), [((8,), False), ((8, 8, 8), True)], ids=["perceptron", "residual"])
@pytest.mark.parametrize("on", ["made", pytest.param("WORC-Lipo", marks=pytest.mark.data)])
def test_a_bare_loop_of_torch_gives_the_same(
    on: str, hidden: tuple[int, ...], skips: bool, request: pytest.FixtureRequest
) -> None:
    """From the same first weights, without dropout."""
    if on == "made":
        _, target, X = made()
        y = np.asarray(target.y, np.float64)[:, None]
    else:
        X, y = lipo(request.getfixturevalue("public_data"))
    found = train_layers(
        X, y, hidden=hidden, loss="logistic", skips=skips, dropout=0.0, weight_decay=0.1, learning_rate=0.01, epochs=40, seed=7
    )  # fmt: skip
    rng = np.random.default_rng(7)
    rng.integers(2**31)
    layers = []
    for given, out in pairwise([X.shape[1], *hidden, 1]):
        quiet = QUIET if out == 1 or (skips and layers) else 1.0
        layers.append(torch.nn.Linear(given, out))
        with torch.no_grad():
            layers[-1].weight.copy_(torch.tensor(rng.normal(0.0, (2.0 / given) ** 0.5 * quiet, (out, given))))
            layers[-1].bias.zero_()

    def network(told: torch.Tensor) -> torch.Tensor:
        told = torch.relu(layers[0](told))
        for layer in layers[1:-1]:
            told = told + torch.relu(layer(told))
        return layers[-1](told)

    groups = [{"params": [one.weight for one in layers], "weight_decay": 0.1}]
    groups += [{"params": [one.bias for one in layers], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 40)
    inputs, goal = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    for _ in range(40):
        optimiser.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(network(inputs), goal).backward()
        optimiser.step()
        schedule.step()
    np.testing.assert_allclose(found.predict(X), network(inputs).detach().numpy(), atol=1e-3)


@pytest.mark.parametrize("model", [MultilayerPerceptron(**FEW, loss="hinge"), ResidualNetwork(**FEW, loss="hinge")])
def test_a_hinge_loss_orders_two_classes_and_no_more(model: object) -> None:
    rows, target, _ = made()
    risk = model.fit(rows, target, 0).predict(rows).risk  # type: ignore[attr-defined]
    assert roc_auc_score(target.y, risk) > 0.8
    several = make_design("multiclass", n=80, nan=0.0)
    with pytest.raises(FitError, match="loss hinge gives no probabilities, and is for two classes alone"):
        model.fit(rows, Target(several.outcome, several.endpoint), 0)  # type: ignore[attr-defined]


def test_threads_and_random_numbers_of_others_stay() -> None:
    rows, target, _ = made()
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    MultilayerPerceptron(**FEW).fit(rows, target, 0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
