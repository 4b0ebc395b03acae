"""network: a network with frozen weights; what it sees in the views of a region, pooled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from features.core.column import Column
from features.core.errors import RadweaveError
from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import SAMPLINGS, Pixels, Sampling, Shape, Shown
from features.core.named_array import NamedArray
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.wording import counted
from features.deep.architecture import FEATURES, Architecture
from features.deep.asked import Asked
from features.deep.augment import Augment, mean_and_spread
from features.deep.card import AnyArchitecture, AnyPooling, AnySampling, Card, load_card
from features.deep.checkpoint import check_digest, weights_digest
from features.deep.contract import breaches
from features.deep.device import check_settings, chosen_device, is_gpu_demanded
from features.deep.file_digests import kept_digest
from features.deep.finding import find_checkpoint
from features.deep.needed import check_installed, is_installed, torch_version
from features.deep.pooling import POOLINGS, Pooling
from features.deep.running import run
from features.deep.taps import channels_of, check_tap, tap_word
from features.deep.translated import ENGINE
from features.deep.view_names import SPREAD

RANDOM = "random"
WORD = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"


def _is_none(value: object) -> bool:
    return value is None or value == ()


class Network(Extractor):
    """Runs on a GPU where there is one, in float32."""

    kind: Literal["network"] = "network"
    block: ClassVar[Literal["radiomics", "deep"]] = "deep"
    batched: ClassVar[bool] = True

    weights: str = Field(
        description="a weights card, as radweave backbones lists them, or the path of its YAML; or `random`, which needs a seed"
    )
    own_card: Card | None = Field(
        None,
        exclude_if=_is_none,
        description="the card itself, where it is not radweave's: it is put here if weights is the path of its YAML file",
    )
    architecture: AnyArchitecture | None = Field(
        None, exclude_if=_is_none, description="with weights: random, the network"
    )
    seed: int | None = Field(
        None, ge=0, exclude_if=_is_none, description="with weights: random, what they are drawn by"
    )
    samplings: tuple[AnySampling, ...] = Field(
        (), description="what the network is shown of a region; without it, what the card says"
    )
    taps: tuple[str, ...] = Field((), description="layers whose output is taken; `features` is the last maps")
    poolings: tuple[AnyPooling, ...] = Field((), description="what makes a vector of the maps of a layer")
    augment: Augment | None = Field(
        None,
        exclude_if=_is_none,
        description="views are shown mirrored, turned or moved too, and features are means over all",
    )

    @model_validator(mode="before")
    @classmethod
    def check_renamed(cls, given: Any) -> Any:
        if isinstance(given, dict) and "views" in given:
            raise ValueError("views: is now called samplings")
        return given

    @model_validator(mode="after")
    def check_weights(self) -> Network:
        if self.own_card is None and self.weights != RANDOM:
            try:
                load_card(self.weights)
            except RadweaveError as error:
                raise ValueError(f"weights: {error}") from error
        if self.own_card is not None and not re.fullmatch(WORD, self.weights):
            raise ValueError(f'weights: "{self.weights}" begins names of columns: rename the file; allowed: {WORD}')
        if self.weights == RANDOM:
            if self.architecture is None or self.seed is None:
                raise ValueError("weights: random needs an architecture and a seed")
        elif self.architecture is not None or self.seed is not None:
            raise ValueError("architecture and seed go with weights: random; a weights card has its own")
        views = [view for shown in self.shown for view in shown.sampling.views]
        for view in views:
            if views.count(view) > 1:
                raise ValueError(f"samplings: the view {view} stands twice")
        for shown in self.shown:
            if why := shown.sampling.fault(shown.shape):
                raise ValueError(f"samplings: {why}")
            if why := self.network.fault(shown.shape.size):
                raise ValueError(f"{self.weights}: {why}")
        for what, words in (("taps", [*map(tap_word, self.taps)]), ("poolings", [one.kind for one in self.poolings])):
            if len(set(words)) < len(words):
                raise ValueError(f"{what}: {max(words, key=words.count)} stands twice")
        faults = [one.fault(self.network.before) for one in self._poolings]
        faults += [self.augment.fault(one.shape.size) for one in self.shown] if self.augment else []
        if any(faults):
            raise ValueError(next(one for one in faults if one))
        return self

    @property
    def card(self) -> Card | None:
        """The weights card; None of random weights. Raises RadweaveError if there is none of the name."""
        if self.own_card is not None:
            return self.own_card
        return None if self.weights == RANDOM else load_card(self.weights)

    @property
    def network(self) -> Architecture:
        """The architecture."""
        found = self.card.architecture if self.card is not None else self.architecture
        assert found is not None
        return found

    @property
    def word(self) -> str:
        return f"{self.network.variant}_{RANDOM}" if self.weights == RANDOM else self.weights

    @property
    def mark(self) -> str:
        return "RANDOM WEIGHTS" if self.weights == RANDOM else ""

    @property
    def said(self) -> str:
        card = self.card
        if card is None:
            what = f"{self.network.variant} with RANDOM WEIGHTS of seed {self.seed}"
        else:
            use = "" if card.permitted_use == "ANY" else f", {card.permitted_use}"
            digest = f"; sha-256 {card.weights.sha256[:16]}…" if card.weights.sha256 else ""
            what = f"{card.title}; trained on {card.trained_on}; {card.source}; {card.licence}{use}{digest}"
        samplings = ", ".join(dict.fromkeys(one.sampling.kind.replace("_", " ") for one in self.shown))
        size = " × ".join(map(str, self.shown[0].shape.size))
        poolings = ", ".join(dict.fromkeys(one.kind.replace("_", " ") for one in self._poolings))
        changed = f", {self.augment.said}" if self.augment else ""
        return f"{self.word} ({what}), shown {samplings} at {size}{changed}, {poolings} of {', '.join(self._taps)}"

    @property
    def shown(self) -> tuple[Shown, ...]:
        card, network = self.card, self.network
        if card is not None:
            one = card.input
            shape = Shape(one.size, network.channels, one.spacing_mm, one.orientation)
        else:
            shape = Shape(network.input_size, network.channels)
        chosen = self.samplings or (card.input.samplings if card is not None else _usual(network.dimensions))
        return tuple(Shown(sampling, shape) for sampling in chosen)

    @cached_property
    def version(self) -> str:
        """Raises MachineError if a package is not installed: a refresh asks before it computes anything."""
        engines = ("torch", *(("onnx", ENGINE) if self.network.translates else ()), *self.network.modules)
        check_installed(*engines)
        card = self.card
        weights = f"RANDOM WEIGHTS of seed {self.seed}"
        if card is not None:
            weights = f"{weights_digest(card)[:16]} by card {card.digest[:8]}"
        samplings = ", ".join(f"{one.sampling.kind} {one.sampling.version}" for one in self.shown)
        run_by = f"torch {torch_version()}" + (f", {ENGINE} {version(ENGINE)}" if ENGINE in engines else "")
        poolings = ", ".join(f"{one.kind} {one.version}" for one in self._poolings)
        network = f"{self.network.kind} {self.network.revision}"
        return f"{self.word} {weights}; {network}; samplings {samplings}; poolings {poolings}; {run_by}"

    def require(self) -> None:
        check_settings()
        super().require()
        if self.card is not None:
            check_digest(find_checkpoint(self.card), self.card.weights, kept_digest)

    def check_device(self) -> None:
        if is_gpu_demanded():
            chosen_device()

    def check(self, preparation: Preparation) -> None:
        many = len(preparation.channels) or 1
        for one in self.shown:
            if (found := one.sampling.channels(many)) not in (1, one.shape.channels):
                images = f" of {many} images" if many > 1 else ""
                raise ValueError(
                    f"{self.word} takes {counted(one.shape.channels, 'channel')}, and {one.sampling.kind}{images} shows {found}"
                )
        if preparation.window is None:
            raise ValueError("deep features need a window: the intensities that become 0 and 1")
        samplings = [one.sampling for one in self.shown]
        if self.card is not None and (broken := "; ".join(breaches(self.card, preparation, samplings))):
            raise ValueError(f"{self.word} is not for this recipe: {broken}")
        if is_installed("torch", *self.network.modules):
            for tap in self._taps:
                check_tap(self.network, tap, self._poolings)

    @property
    def _taps(self) -> tuple[str, ...]:
        return self.taps or (self.card.output.tap if self.card is not None else FEATURES,)

    @property
    def _poolings(self) -> tuple[Pooling, ...]:
        return self.poolings or (self.card.output.pooling if self.card is not None else POOLINGS.parse("average"),)

    @property
    def asked(self) -> Asked:
        """The network with what is taken of it."""
        return Asked(self.network, self.card, self.seed, self._taps, self._poolings)

    def columns(self, preparation: Preparation) -> list[Column]:
        shown = " + ".join(preparation.channels) or preparation.modality
        return [
            Column(
                name=name,
                type="float32",
                description=f"{self._told} on the view {view} of {shown}: {said}",
                role="fact" if ending == SPREAD else "predictor",
                family=self.word,
                filter=view,
            )
            for name, view, ending, said in self._names()
        ]

    @property
    def _told(self) -> str:
        """What is said of the network in the dictionary."""
        if self.card is None:
            return f"{self.network.variant}, RANDOM WEIGHTS of seed {self.seed},"
        digest = f", sha-256 {self.card.weights.sha256[:12]}" if self.card.weights.sha256 else ""
        return f"{self.card.title} ({self.network.variant}{digest})"

    def _names(self) -> Iterator[tuple[str, str, str, str]]:
        """Name, view and ending of each column in order, and what is said of it.

        Of several taps or poolings, names say which.
        """
        several, pooled = len(self._taps) > 1, len(self._poolings) > 1
        endings = [
            ((*((tap_word(tap),) if several else ()), *((one.kind,) if pooled else ())), ending, f"{one.kind} of {tap}")
            for tap in self._taps
            for one in self._poolings
            for ending in one.names(channels_of(self.network, tap), self.network.dimensions)
        ]
        for view in (view for shown in self.shown for view in shown.sampling.views):
            for words, ending, said in endings:
                yield "_".join((view, *words, ending)), view, ending, f"{said}, {ending}"
            if self.augment:
                yield f"{view}_{SPREAD}", view, SPREAD, "how far its features differ as it is mirrored, turned or moved"

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> Sequence[Values]:
        samples = [[one.sampling.sample([region], preparation, one.shape) for one in self.shown] for region in regions]
        found = self.extract_samples(samples)
        for values in found:
            if isinstance(values, Rejected):
                raise values
        return [values for values in found if not isinstance(values, Rejected)]

    def extract_samples(self, samples: Sequence[Sequence[Pixels]]) -> Sequence[Values | Rejected]:
        asked, parts = self.asked, []
        for place in range(len(self.shown)):
            views, sampling = [one[place] for one in samples], self.shown[place].sampling
            ends = np.cumsum([len(one) for one in views])[:-1]
            changes = self.augment.changes(self.network.dimensions) if self.augment else (None,)
            of_patches = (run(asked, views, change) for change in changes)
            vectors = [np.concatenate([sampling.joined(one) for one in np.split(all_, ends)]) for all_ in of_patches]
            found = vectors[0]
            if self.augment:
                mean, spread = mean_and_spread(vectors)
                found = np.concatenate([mean, spread[:, None]], axis=1)
            parts.append(found.reshape(len(samples), -1))
        return [self._values(row) for row in np.concatenate(parts, axis=1).astype(float)]

    def _values(self, row: NDArray[np.float64]) -> Values | Rejected:
        """The features of a region, which are numbers or nothing: a network whose sums run over says so of the whole region."""
        names = self._column_names
        if not np.isfinite(row).all():
            where = np.flatnonzero(~np.isfinite(row))
            endless = [names[i] for i in where if not names[i].endswith(f"_{SPREAD}")]
            if endless:
                told = (
                    f"{self.word} gives NaN or infinity for {len(endless)} of {len(names)} features, first {endless[0]}"
                )
                return Rejected("NETWORK_NAN", told)
        return NamedArray(names, row)

    @cached_property
    def _column_names(self) -> tuple[str, ...]:
        return tuple(name for name, *_ in self._names())


@cache
def _usual(dimensions: int) -> tuple[Sampling, ...]:
    """What networks without a card are shown where a recipe does not say."""
    return tuple(SAMPLINGS.parse(kind) for kind in (("largest", "adjacent") if dimensions == 2 else ("patch",)))
