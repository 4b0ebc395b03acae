"""TabICL: a network that was taught on made tables, and takes the training cases as they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from features.core.digest import digest_file
from features.core.errors import MachineError
from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from features.deep.finding import FOLDERS, weight_folders
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

FILES = {True: "tabicl-regressor-v2-20260212.ckpt", False: "tabicl-classifier-v2-20260212.ckpt"}  # of a number, or not
LEAST = 1e-12  # of a probability, so that its log odds are finite


class TabIcl(Model):
    """In-context learning: a pre-trained network sees the training cases beside the case to be predicted; nothing is fitted.

    It needs the package tabicl and a checkpoint that the user places, as the error says that its absence gives; radweave loads it
    as arrays alone (torch.load with weights_only) and downloads nothing. Single precision, one thread, each case for itself.
    Columns have no weights. Qu et al., ICML 2025, arXiv:2502.05564; Qu et al., ICML 2026, arXiv:2602.11139.
    """

    kind: Literal["tabicl"] = "tabicl"
    compared: ClassVar[Compared] = Compared(
        "TabICLClassifier and -Regressor of tabicl", "1e-5", "tasks/modelling/models/test_tabicl.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (100,)})
    views: PositiveInt = Field(
        8, title="Views", description="of the columns in other orders, whose answers are averaged"
    )
    checkpoint: str = Field(
        "",
        pattern=r"^[\w.-]*$",
        description="name of another file of the same package; none: version 2 of February 2026",
    )

    def outside(self, endpoint: str) -> dict[str, str]:
        """Raises MachineError, which says how to get it, for the package or the checkpoint."""
        return {"tabicl": _version(), self._file(endpoint): _digest(_found(self._file(endpoint)))}

    def _file(self, endpoint: str) -> str:
        return self.checkpoint or FILES[endpoint == "continuous"]

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedTabIcl:
        """Raises ValueError where all cases are of one class."""
        X, predicted = is_finite(rows.X, self.kind), target.endpoint.predicted
        if predicted == "value":
            y, seen = np.asarray(target.y, np.float64), np.arange(0)
        else:
            seen, own = np.unique(codes(target, self.kind), return_inverse=True)
            y = own.astype(np.float64)
        file, known = self._file(target.endpoint.kind), self.outside(target.endpoint.kind)
        return FittedTabIcl(
            X, y, predicted, max(2, target.levels), seen, self.views, seed % 2**32, file, known[file], known["tabicl"]
        )


@dataclass(frozen=True, eq=False)
class FittedTabIcl(FittedModel):
    """cases: (n, p) those that trained; answers: (n,) of each. levels: how many classes there are; seen: those that training had.
    file, sha256: the checkpoint. made_by: version of the package."""

    cases: Floats
    answers: Floats
    predicted: Predicted
    levels: int
    seen: NDArray[np.intp]
    views: int
    seed: int
    file: str
    sha256: str
    made_by: str

    def predict(self, rows: Rows) -> Prediction:
        """Raises MachineError where the package or the checkpoint is absent, or another than it was fitted with."""
        network, X = _network(self), is_finite(rows.X, "tabicl")
        ask = network.predict if self.predicted == "value" else network.predict_proba
        told = np.array([np.asarray(ask(row[None]), np.float64)[0] for row in X]).reshape(len(X), -1)
        if self.predicted == "value":
            return Prediction(risk=told[:, 0], value=told[:, 0])
        if self.predicted == "risk":
            odds = np.log(np.maximum(told, LEAST))
            return Prediction(risk=odds[:, 1] - odds[:, 0])
        return of_probability(among_levels(told, self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.cases.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        names = ("cases", "answers", "levels", "seen", "views", "seed", "file", "sha256", "made_by")
        return {name: getattr(self, name) for name in names}


@lru_cache(maxsize=2)
def _network(fitted: FittedTabIcl) -> Any:
    """The package's estimator with its cases, whose part of the computation is kept."""
    path = _found(fitted.file)
    if (_digest(path), _version()) != (fitted.sha256, fitted.made_by):
        raise MachineError(
            f"tabicl: {path} or the package (version {_version()}) is another than the model was fitted with: sha-256 "
            f"{fitted.sha256}, version {fitted.made_by}"
        )
    from tabicl import TabICLClassifier, TabICLRegressor

    kind = TabICLRegressor if fitted.predicted == "value" else TabICLClassifier
    network = kind(
        n_estimators=fitted.views,
        kv_cache=True,
        model_path=path,
        allow_auto_download=False,
        device="cpu",
        random_state=fitted.seed,
        n_jobs=1,
    )
    return network.fit(fitted.cases, fitted.answers)


def _version() -> str:
    try:
        return version("tabicl")
    except PackageNotFoundError as error:
        raise MachineError("tabicl needs the package tabicl: pip install tabicl (and torch)") from error


def _found(file: str) -> Path:
    """Where a checkpoint is that the user placed."""
    for folder in weight_folders():
        if (folder / file).is_file():
            return folder / file
    looked = ", ".join(map(str, weight_folders()))
    raise MachineError(
        f"tabicl: the checkpoint {file} is not here; looked in {looked}. radweave downloads none: take the file (about 110 MB, "
        f"BSD 3-Clause) from the repository jingang/TabICL of the hub of Hugging Face and place it there, or name its folder in "
        f"{FOLDERS}; its card tells no sha-256"
    )


def _digest(path: Path) -> str:
    there = path.stat()
    return _digest_of(path, there.st_mtime_ns, there.st_size)


@lru_cache(maxsize=8)
def _digest_of(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 (of another file the digest is another)
    return digest_file(path)
