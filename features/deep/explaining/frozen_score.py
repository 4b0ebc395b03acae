"""FrozenScore: the score that a model makes of features of a network with frozen weights. It is imported only where torch is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.kinds.sampling import Sampling
from features.deep.asked import Asked, pooled_maps
from features.deep.augment import Augment
from features.deep.device import chosen_device, told_if_gone
from features.deep.explaining.predicted import Floats, Predict, Predicted
from features.deep.loaded import Loaded
from features.deep.loading import load_random_network
from features.deep.taps import forward
from features.deep.tiling import Tiling


@dataclass(frozen=True, eq=False)
class FrozenScore:
    """As `Explained`. sampling: that made the views. used: (k,) which of the features of the views the model looks at."""

    asked: Asked
    loaded: Loaded
    sampling: Sampling
    augment: Augment | None
    predict: Predict
    used: NDArray[np.bool_]

    @property
    def before(self) -> int:
        return self.asked.architecture.before

    @classmethod
    def of(
        cls, asked: Asked, sampling: Sampling, augment: Augment | None, predict: Predict, used: NDArray[np.bool_]
    ) -> FrozenScore:
        """With the weights of what is asked, on the device of networks. Raises what `Asked.load` does, and for the device."""
        loaded = asked.load()
        with told_if_gone():
            loaded.network.to(chosen_device()).requires_grad_(False)
        return cls(asked, loaded, sampling, augment, predict, used)

    def maps(self, views: torch.Tensor) -> list[torch.Tensor]:
        """Tap by tap; of augmented views change by change, the first of which leaves them as they are."""
        changes: Sequence[Any] = (None,)
        if self.augment is not None:
            changes = self.augment.changes(self.asked.architecture.dimensions)
        found = []
        for change in changes:
            pixels = self.loaded.prepared(views if change is None else change(views))
            maps = forward(self.loaded.architecture, self.loaded.network, pixels, self.asked.taps)
            found += [maps[tap] for tap in self.asked.taps]
        return found

    def aligned(self, maps: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        return maps[: len(self.asked.taps)]

    def score(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        found: torch.Tensor = Predicted.apply(self._features(self._vectors(maps)), self.predict, self.used)
        return found

    def scores(self, views: torch.Tensor, place: int, changed: torch.Tensor) -> Floats:
        with torch.no_grad():
            own = self._vectors(self.maps(changed))
            if len(views) == 1:
                every = own[:, None]
            else:
                every = self._vectors(self.maps(views)).repeat(len(changed), 1, 1)
                every[:, place] = own
            rows = torch.stack([self._features(one) for one in every])
        return self.predict(rows.double().cpu().numpy())

    def features(self, views: torch.Tensor) -> Floats:
        """(k,): of the views, in the order of the columns of the extractor."""
        with torch.no_grad():
            found: Floats = self._features(self._vectors(self.maps(views))).double().cpu().numpy()
        return found

    def randomised(self, seed: int) -> FrozenScore:
        """The same with weights that nobody trained. Raises RadweaveError for a network that only a checkpoint holds."""
        network, card = self.asked.architecture, self.asked.card
        if network.holds_network:
            raise RadweaveError(f"{network.variant} is held by a file whole: it cannot be given random weights")
        drawn = load_random_network(network, seed)
        if card is not None:
            network.fit(drawn.network, card.input.size)
        device = next(self.loaded.network.parameters()).device
        drawn.network.to(device).requires_grad_(False)
        return replace(self, loaded=replace(drawn, mean=self.loaded.mean, std=self.loaded.std))

    def _vectors(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """(n, width): of each view."""
        taps = len(self.asked.taps)
        changed = [pooled_maps(self.asked, maps[start : start + taps]) for start in range(0, len(maps), taps)]
        return torch.stack(changed).mean(dim=0)

    def _features(self, vectors: torch.Tensor) -> torch.Tensor:
        """(k,): columns of the vectors of the views of a case (n, width); NaN where the spread over augmented views stands."""
        if isinstance(self.sampling, Tiling):
            vectors = torch.stack(
                [vectors.mean(dim=0) if one == "mean" else vectors.amax(dim=0) for one in self.sampling.join]
            )
        if self.augment is not None:
            vectors = torch.cat([vectors, vectors.new_full((len(vectors), 1), float("nan"))], dim=1)
        return vectors.flatten()
