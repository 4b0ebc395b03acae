"""Model: what is fitted and predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from features.core.errors import FitError
from features.core.kinds.registry import Kind, Registry
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target
from tasks.modelling.tunable import Tunable

NUMERICAL = (ArithmeticError, ValueError, FitError)  # includes LinAlgError

Settings = str | Mapping[str, Any]
CLEANED: tuple[Settings, ...] = ("drop_constant", "median", "zscore")


class FittedModel(ABC):
    """A model as fitted to rows that its steps have prepared."""

    @abstractmethod
    def predict(self, rows: Rows) -> Prediction:
        """What it says of rows. Raises ArithmeticError if that is not finite."""

    @abstractmethod
    def importance(self) -> Floats:
        """One weight per column, (p,): coefficient or importance; 0 says that it was not chosen, NaN that there is none."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""

    def linear(self) -> tuple[float, Floats] | None:
        """Where the risk is a constant and a weight of each column, these: (p,); else None."""
        return None

    def remarks(self, rows: Rows) -> Counter[str]:  # noqa: ARG002 (most have no steps of their own)
        """What steps of its own do to these rows that a reader of the report has to know, with how often."""
        return Counter()

    def notes(self) -> Counter[str]:
        """What steps of its own saw while they were fitted that a reader has to know, with how often."""
        return Counter()


class Model(Tunable):
    """What is fitted to prepared columns.

    endpoints: kinds that it can predict. steps: what stands before it in a candidate that names no steps. scale_free: whether a
    column times a number gives the same predictions and weights, as in forests. order_alone: whether of follow-up it gives an
    order of the cases and no curves, so that metrics of curves have nothing to judge. usual: whether a study that is drafted for
    a table names it; the others are named by who wants them. over_blocks: whether it goes over the blocks of a set itself, so that
    it has to see all of them. keeps_cases: whether a fitted one holds values or outcomes of single
    training cases, and no sums of them alone: then a withdrawal removes it where it was saved. of_images: whether it learns from
    `rows.images`, and may use columns beside them: it is fitted with the sets of blocks that name images, and with no other.
    """

    elsewhere: ClassVar[Mapping[str, str]] = {
        "k": "it belongs to the step screen, as in {name: screened, model: svm, steps: [drop_constant, median, zscore, "
        "{kind: screen, k: [10, 30]}]}",
        **{
            key: f"{key} belongs to a candidate, as in {{name: mine, model: {{kind: svm}}, steps: [median, zscore]}}"
            for key in ("name", "steps", "fusion")
        },
    }

    endpoints: ClassVar[frozenset[str]]
    steps: ClassVar[tuple[Settings, ...]] = CLEANED
    scale_free: ClassVar[bool] = False
    order_alone: ClassVar[bool] = False
    usual: ClassVar[bool] = False
    over_blocks: ClassVar[bool] = False
    keeps_cases: ClassVar[bool] = False
    of_images: ClassVar[bool] = False

    @property
    def predictable(self) -> frozenset[str]:
        """Kinds of endpoints that it can predict with its settings: those that its kind can, or fewer."""
        return self.endpoints

    def members(self, endpoint: str) -> tuple[Kind, ...]:  # noqa: ARG002 (of those that have some)
        """The steps and models that it is made of for a kind of endpoint."""
        return ()

    def outside(self, endpoint: str) -> dict[str, str]:  # noqa: ARG002 (most need nothing)
        """What decides it for a kind of endpoint that is no part of radweave: names → versions or digests.

        Raises MachineError, which says how to get it, for what is not here.
        """
        return {}

    @abstractmethod
    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        """Fitted to training rows with the first setting of every tuned field. Raises one of NUMERICAL where it cannot be."""

    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]:
        """Each of its variants fitted, or why it could not be: a kind may share work among them."""
        found: list[FittedModel | Exception] = []
        for variant in variants:
            try:
                found.append(variant.fit(rows, target, seed))
            except NUMERICAL as error:
                found.append(error)
        return found


class PathModel(Model):
    """A model whose settings are points of one path: they are fitted together, and one alone as a path of one."""

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        found = self.fit_variants(rows, target, seed, [self])[0]
        if isinstance(found, Exception):
            raise found
        return found

    @abstractmethod
    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]: ...


MODELS: Registry[Model] = Registry(Model, "tasks.modelling.models")


def models_of(endpoint: str) -> list[str]:
    """Kinds of models that can predict a kind of endpoint."""
    return [kind for kind in MODELS.modules if endpoint in MODELS.load(kind).endpoints]


def usual_models_of(endpoint: str) -> list[str]:
    """Those of them that a drafted study compares: few, quick, and unlike each other."""
    return [kind for kind in models_of(endpoint) if MODELS.load(kind).usual]


def of_images() -> list[str]:
    """Kinds of models that learn from images."""
    return [kind for kind in MODELS.modules if MODELS.load(kind).of_images]
