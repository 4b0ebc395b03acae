"""Fitted image network: networks of images as arrays, and what they say together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.core.errors import WeightsError
from features.deep.architecture import ARCHITECTURES, Architecture
from features.deep.card import load_card
from features.deep.checkpoint import weights_digest
from tasks.modelling.answers import is_finite
from tasks.modelling.image_answers import ImageAnswer
from tasks.modelling.models.model import FittedModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows

if TYPE_CHECKING:
    from features.deep.learning.headed import Headed
    from features.deep.learning.reading import Views

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class FittedImageNetwork(FittedModel):
    """architecture: its settings as JSON. weights, sha256: the card that members differ from; "" where they hold all. shape: of
    what is shown of a case. columns: how many numbers are given beside. heads: outputs of each. members: arrays of each network.
    seen: cohorts that the model had seen from which it started.
    """

    answer: ImageAnswer
    architecture: str
    weights: str
    sha256: str
    shape: tuple[int, ...]
    columns: int
    heads: tuple[int, ...]
    members: tuple[Mapping[str, NDArray[Any]], ...]
    seen: tuple[str, ...] = ()

    def predict(self, rows: Rows) -> Prediction:
        """Raises ValueError for images of another shape and for cases of cohorts that it had seen before, WeightsError where the
        card's checkpoint is gone or another one.
        """
        from features.deep.learning.reading import Views

        if rows.images is None or rows.images.shape != self.shape:
            found = "none" if rows.images is None else sides_of(rows.images.shape)
            raise ValueError(f"image_network: it was fitted on images of {sides_of(self.shape)}, found {found}")
        if known := sorted({*self.seen} & {*rows.groups["cohort"].tolist()}):
            raise ValueError(
                f"image_network: the network that it started from has seen cases of {', '.join(known)}: what it says of them is no "
                "validation"
            )
        columns, views = is_finite(rows.X, "image_network"), Views(rows.images)
        told = np.mean([tell_all(one, views, columns) for one in networks_of(self)], axis=0)
        return self.answer.prediction(is_finite(told, "image_network"))

    @property
    def variant(self) -> str:
        """The network's name."""
        return str(json.loads(self.architecture)["variant"])

    def importance(self) -> Floats:
        return np.full(self.columns, np.nan)

    def state(self) -> dict[str, Any]:
        return {"members": [dict(one) for one in self.members], **self.answer.state()}


def made(network: Architecture, weights: str, trains: str, seed: int, heads: list[int], columns: int) -> Headed:
    """A network as it starts: with the weights of a card, or drawn by a seed."""
    import torch

    from features.deep.learning.headed import Headed
    from features.deep.loading import load_card_network, load_random_network

    if weights or trains == "head":
        loaded = load_card_network(load_card(weights)) if weights else load_random_network(network, seed)
        found = Headed(network, loaded.network, heads, columns)
        for name, values in (("mean", loaded.mean), ("std", loaded.std)):
            getattr(found, name).copy_(torch.tensor(values).expand(network.channels))
        return found
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Headed(network, network.build(), heads, columns)


def tell_all(network: Headed, views: Views, columns: Floats) -> Floats:
    """What the first head tells of all cases, (n, outputs), in single precision."""
    from features.deep.learning.course import tell_cases

    return tell_cases(network, views, columns)


@lru_cache(maxsize=1)
def networks_of(fitted: FittedImageNetwork) -> list[Headed]:
    """The networks, with their weights. Raises WeightsError where the card's checkpoint is gone or another one."""
    from features.deep.learning.course import put_arrays

    if fitted.weights and (found := weights_digest(load_card(fitted.weights))) != fitted.sha256:
        raise WeightsError(
            f"image_network: the weights of {fitted.weights} have the sha-256 {found}; it was fitted with {fitted.sha256}"
        )
    network = ARCHITECTURES.parse(json.loads(fitted.architecture))
    networks = []
    for arrays in fitted.members:
        one = made(network, fitted.weights, "all", 0, list(fitted.heads), fitted.columns)
        network.fit(one.body, fitted.shape[2:])
        put_arrays(one, dict(arrays))
        networks.append(one)
    return networks


def arrays_of_network(network: Headed, *, whole: bool) -> Arrays:
    """What training changed, or all."""
    state = network.state_dict() if whole else network.changing()
    return {name: np.array(one.detach().cpu().contiguous().numpy()) for name, one in state.items()}


def sides_of(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
