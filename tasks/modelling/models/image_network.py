"""Image network: learns from images."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    model_validator,
)

from features.core.code_digest import sources_of
from features.core.digest import digest_json
from features.core.errors import FitError, RadweaveError, did_you_mean
from features.core.images import Images
from features.core.kinds.compared import Compared
from features.deep.architecture import Architecture
from features.deep.card import AnyArchitecture, Card, load_card
from features.deep.checkpoint import weights_digest
from features.deep.learning.augmentation import Augmentation
from features.deep.needed import check_torch, torch_build
from tasks.modelling.answers import is_finite
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.fitted_image_network import FittedImageNetwork, arrays_of_network, made, sides_of, tell_all
from tasks.modelling.half_trained import half_trained
from tasks.modelling.image_answers import Taught, taught, taught_beside
from tasks.modelling.models.model import CLEANED, Model, Settings
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.splits.split import grouped_folds
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from features.deep.learning.course import Course, Keep, Reached
    from features.deep.learning.headed import Headed
    from features.deep.learning.losses import Loss
    from features.deep.learning.reading import Views
    from tasks.modelling.started_network import StartedNetwork

Kept = NDArray[np.intp]
_BY_NAME = {"anyOf": [{"type": "string"}, {"type": "object"}]}  # in forms: its word, or its settings
SMALL = "lenet"  # what learns from scratch where nothing is said: few cases teach few weights


class ImageNetwork(Model):
    """A network that is shown the images of a set of blocks and learns inside the training fold, from scratch or from a card.

    Its head is linear, on the mean of each of the last maps and on the columns of the set; of several views of a case the answer is
    the mean. Epochs stop where the loss of held-out patients of the training fold rises no lower, and the best is taken. Class
    weights change what is learnt, and probabilities are corrected for them. Columns have no weights. It runs on a GPU where there
    is one; after each epoch it keeps what it has reached.
    """

    kind: Literal["image_network"] = "image_network"
    compared: ClassVar[Compared] = Compared(
        "ridge logistic regression of scikit-learn and ridge Cox regression of scikit-survival on the same frozen features",
        "5e-3",
        "tasks/modelling/models/test_image_network.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"binary", "multiclass", "multilabel", "ordinal", "continuous", "survival", "competing_risks"}
    )
    steps: ClassVar[tuple[Settings, ...]] = CLEANED
    of_images: ClassVar[bool] = True

    architecture: Annotated[AnyArchitecture | None, WithJsonSchema(_BY_NAME)] = Field(
        None,
        exclude_if=lambda value: value is None,
        title="Architecture",
        description="the network that learns from scratch, without it lenet; a weights card and a saved model have their own",
    )
    weights: str = Field(
        "", title="Weights", description="a weights card to start from, as radweave backbones lists them"
    )
    start_from: str = Field(
        "",
        title="Start from",
        description="the folder of a saved model of images, of other cohorts, whose network goes on here; in the place of weights",
    )
    trains: Literal["head", "last_stage", "all"] = Field(
        "all", title="What learns", description="the head alone, the last stage with it, or all"
    )
    loss: Taught = Field(
        "likelihood",
        title="Loss",
        description="likelihood: cross-entropy, squared error, or Cox's partial likelihood; hinge: for two classes; discrete_time: "
        "follow-up in intervals of time",
    )
    intervals: PositiveInt = Field(4, title="Intervals", description="of time, at most, with loss: discrete_time")
    class_weights: Literal["none", "balanced"] = Field(
        "none", title="Class weights", description="balanced: rare classes teach as much as common ones"
    )
    augment: Augmentation | None = Field(
        Augmentation(), title="Augmentation", description="how views are changed by chance; null: not at all"
    )
    epochs: PositiveInt = Field(40, title="Epochs", description="how often all cases are seen, at most")
    patience: PositiveInt | None = Field(
        8, title="Patience", description="epochs without a lower held-out loss until it stops; null: nobody is held out"
    )
    held_out: PositiveInt = Field(
        5, ge=2, title="Held out", description="one in so many patients of the training fold, to tell when to stop"
    )
    batch: PositiveInt = Field(16, title="Batch", description="cases of a step")
    learning_rate: PositiveFloat = Field(1e-3, title="Step", description="of the first epoch; it falls to 0")
    body_rate: PositiveFloat = Field(
        0.1,
        title="Step of the body",
        description="as a share of the head's, where the network has the weights of a card or of a saved model",
    )
    weight_decay: NonNegativeFloat = Field(0.01, title="Weight decay", description="draws weights towards zero")
    penalty: NonNegativeFloat = Field(
        0.0, title="Penalty", description="on half of the squares of the head's weights, in the loss"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", title="Precision", description="of steps; auto: bfloat16 on a GPU, float32 on processors"
    )
    networks: PositiveInt = Field(
        1,
        title="Networks",
        description="so many are trained, each with its own seed and held-out patients, and averaged",
    )
    self_supervised: NonNegativeInt = Field(
        0,
        title="Self-supervised",
        description="epochs in which the network first learns to tell how a slice was turned, from the images of the training fold "
        "without their outcome; 0: none",
    )
    also: tuple[str, ...] = Field(
        (),
        title="Learnt beside",
        description="clinical columns that the network has to tell too, each by a head of its own",
    )
    also_weight: PositiveFloat = Field(
        0.3, title="Weight of those", description="each counts so much beside the endpoint"
    )

    @model_validator(mode="before")
    @classmethod
    def fill_in(cls, given: Any) -> Any:
        """The usual network where nothing names one, so that settings tell what runs."""
        is_told = not isinstance(given, dict) or any(
            given.get(key) for key in ("architecture", "weights", "start_from")
        )
        return given if is_told else {**given, "architecture": SMALL}

    @model_validator(mode="after")
    def check_weights(self) -> ImageNetwork:
        network = self.architecture
        if self.weights:
            try:
                network = load_card(self.weights).architecture
            except RadweaveError as error:
                raise ValueError(f"weights: {error}") from error
            if self.architecture is not None and self.architecture.kind != network.kind:
                raise ValueError(
                    f"weights: the card {self.weights} is of {network.variant} ({network.kind}), architecture says "
                    f"{self.architecture.variant}: leave out architecture"
                )
        if self.start_from and (self.weights or self.architecture is not None):
            raise ValueError(
                "start_from: the saved model has a network with its weights: leave out weights and architecture"
            )
        if network is not None and network.holds_network:
            raise ValueError(f"architecture: {network.kind} is run as it is and cannot learn")
        return self

    def outside(self, endpoint: str) -> dict[str, str]:  # noqa: ARG002
        """Raises MachineError without torch, WeightsError without the weights of the card."""
        check_torch()
        if self.start_from:
            from tasks.modelling.started_network import digest_of_start, started_network

            network = started_network(self.start_from).architecture
            start = {"start": digest_of_start(self.start_from)}
        elif self.card is not None:
            network, start = self.card.architecture, {self.weights: weights_digest(self.card)}
        else:
            network, start = self.own, {}
        return {"code of the network": sources_of({type(network).__module__}).digest, **start}

    @property
    def own(self) -> Architecture:
        """The network that learns from scratch."""
        assert self.architecture is not None, "a weights card or a saved model has the network"
        return self.architecture

    @property
    def card(self) -> Card | None:
        """Where the network starts from, if not from scratch."""
        return load_card(self.weights) if self.weights else None

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedImageNetwork:
        """Raises FitError where images, cases or columns do not allow it, ArithmeticError where the loss is not finite,
        MachineError without torch, weights or memory.
        """
        check_torch()
        from features.deep.learning.course import put_arrays
        from features.deep.learning.reading import Views

        if rows.images is None:
            raise FitError(f"{self.kind}: the set of blocks names no images: add images to it")
        start = self._start(frozenset(rows.groups["cohort"].tolist()))
        network = network_for(self, rows.images.shape, start)
        columns, views = is_finite(rows.X, self.kind), Views(rows.images)
        loss, answer = taught(
            target, loss=self.loss, balanced=self.class_weights == "balanced", intervals=self.intervals, kind=self.kind
        )
        losses = [(loss, 1.0), *((taught_beside(self._column(rows, name)), self.also_weight) for name in self.also)]
        heads, members, told = [one.outputs for one, _ in losses], [], []
        for place in range(self.networks):
            own = seed_of(seed, self.kind, place)
            learn, watch = self._split(rows, target, own)
            one = made(network, start.weights if start else self.weights, self.trains, own, heads, columns.shape[1])
            if start is not None:
                put_arrays(one, dict(start.arrays))
            cases = _cases(rows, target, self.also)
            if self.self_supervised:
                self._teach_turns(one, views, learn, own, cases)
            self._train(one, views, columns, losses, (learn, watch), own, cases)
            members.append(arrays_of_network(one, whole=not self.weights or self.self_supervised > 0))
            told.append(tell_all(one, views, columns))
        return FittedImageNetwork(
            answer.finished(np.mean(told, axis=0), target),
            json.dumps(network.model_dump(mode="json"), sort_keys=True),
            self.weights,
            weights_digest(self.card) if self.card else "",
            rows.images.shape,
            columns.shape[1],
            tuple(heads),
            tuple(members),
            start.cohorts if start else (),
        )

    def _start(self, cohorts: frozenset[str]) -> StartedNetwork | None:
        """What it starts from, which has seen no case of these cohorts."""
        if not self.start_from:
            return None
        from tasks.modelling.started_network import started_network

        found = started_network(self.start_from)
        found.check_apart(cohorts)
        return found

    def _column(self, rows: Rows, name: str) -> Floats:
        if name not in rows.covariates:
            hint = did_you_mean(name, list(rows.covariates))
            there = ", ".join(rows.covariates) or "none"
            raise FitError(
                f'{self.kind}: also: there is no clinical column "{name}"; found {there}{"; " + hint if hint else ""}'
            )
        values = rows.covariates[name]
        if np.isnan(values).all():
            raise FitError(f"{self.kind}: also: {name} is known of no training case: leave it out")
        return values

    def _split(self, rows: Rows, target: Target, seed: int) -> tuple[Kept, Kept]:
        """Who teaches, and who tells when to stop, patients apart: of those with weak labels nobody tells."""
        if self.patience is None:
            return np.arange(len(rows)), np.arange(0)
        try:
            groups = rows.groups["patient"], self.held_out, seed, rows.groups["centre"]
            found = grouped_folds(target.endpoint, target.outcome, *groups, rows.scored)
        except FitError as error:
            raise FitError(
                f"{self.kind}: nobody can be held out to tell when to stop: {error}, or patience: null"
            ) from error
        learn, watch = found[0]
        watch = watch if rows.scored is None else watch[rows.scored[watch]]
        if reason := target.endpoint.untrainable(target.outcome.take(learn)):
            raise FitError(f"{self.kind}: without those held out to tell when to stop {reason}, or patience: null")
        return learn, watch

    def _train(
        self,
        network: Headed,
        views: Views,
        columns: Floats,
        losses: list[tuple[Loss, float]],
        split: tuple[Kept, Kept],
        seed: int,
        cases: str,
    ) -> None:
        """Train a network in place, from where an earlier run left it."""
        from features.deep.learning.course import train

        reached, keep = self._kept([cases, seed, self._decides()])
        train(network, views, columns, losses, *split, self._course(seed), reached, keep)

    def _teach_turns(self, network: Headed, views: Views, learn: Kept, seed: int, cases: str) -> None:
        """What images look like, without the outcome."""
        from features.deep.learning.turning import learn_turns

        reached, keep = self._kept([cases, seed, self._decides(), "turns"])
        learn_turns(network, views, learn, self._course(seed), self.self_supervised, reached, keep)

    def _kept(self, decides: list[Any]) -> tuple[Reached | None, Keep | None]:
        """What an earlier run reached under all that decides it, and how more is kept; nothing where nobody keeps any."""
        from features.deep.learning.course import Reached

        half, place = half_trained(), digest_json(decides)
        if half is None:
            return None, None
        reached = None
        if (found := half.find(place)) is not None:
            facts, arrays = found
            reached = Reached(**{**facts, "lost": [(one, two) for one, two in facts["lost"]]}, arrays=arrays)

        def keep(now: Reached) -> None:
            facts = {"epoch": now.epoch, "best": now.best, "lowest": now.lowest, "lost": now.lost}
            half.keep(place, facts, now.arrays)

        return reached, keep

    def _course(self, seed: int) -> Course:
        from features.deep.learning.course import Course

        same = (
            "trains",
            "epochs",
            "batch",
            "learning_rate",
            "weight_decay",
            "penalty",
            "patience",
            "precision",
            "augment",
        )
        body_rate = self.body_rate if self.weights or self.start_from else 1.0
        own = {name: getattr(self, name) for name in same}
        return Course(
            **own, body_rate=body_rate, seed=seed, what=self.kind, measures_pixels=not (self.weights or self.start_from)
        )

    def _decides(self) -> dict[str, Any]:
        """What decides a network besides its cases and seed."""
        code = sources_of({type(self).__module__}).digest
        return {"model": self.model_dump(mode="json"), "code": code, "torch": torch_build(), **self.outside("")}


def network_for(model: ImageNetwork, shape: tuple[int, ...], start: StartedNetwork | None = None) -> Architecture:
    """The network for images of a shape, (views, channels, *size). Raises FitError, a sentence, where it cannot be shown them."""
    channels, size = shape[1], shape[2:]
    of_weights = start or model.card
    where = f"{model.kind}: images are {sides_of(shape)} (views × channels × size)"
    if of_weights is not None:
        network = of_weights.architecture
        if channels not in (1, network.channels):
            raise FitError(
                f"{where}, and {model.start_from or model.weights} takes {network.channels} channels or one: show it so many"
            )
    else:
        network, changes = model.own, dict[str, Any](channels=channels)
        if "classes" in type(network).model_fields and network.kind != SMALL:
            changes["classes"] = 0  # its own layer that classifies would learn nothing
        network = network.model_copy(update=changes)
    if why := network.fault(size):
        raise FitError(f"{where}, and {why}: change the size of the samples, or the architecture")
    if model.augment is not None and (why := model.augment.fault(size)):
        raise FitError(f"{model.kind}: {why}")
    if model.self_supervised and size[-1] != size[-2]:
        raise FitError(
            f"{where}, and self_supervised turns slices, which have to be square: change the size of the samples"
        )
    return network


def _cases(rows: Rows, target: Target, also: tuple[str, ...]) -> str:
    """A digest of what the network is taught with."""
    images: Images | None = rows.images
    assert images is not None
    found = hashlib.sha256(
        json.dumps([images.addresses.tolist(), target.outcome.levels, target.endpoint.kind]).encode()
    )
    outcome = target.outcome
    patients = np.unique(rows.groups["patient"], return_inverse=True)[1]
    centres = np.unique(rows.groups["centre"], return_inverse=True)[1]
    for part in (
        rows.X,
        outcome.code,
        outcome.days,
        outcome.value,
        patients,
        centres,
        rows.scored,
        *(rows.covariates[name] for name in also),
    ):
        if part is not None:
            found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()
