"""TrainedScore: the score of networks that learnt from images themselves. It is imported only where torch is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from features.deep.explaining.predicted import Floats, Predict, Predicted
from features.deep.learning.headed import Headed
from features.deep.loading import load_random_network


@dataclass(frozen=True, eq=False)
class TrainedScore:
    """As `Explained`. networks: whose answers are averaged, of one architecture. columns: (p,) of the case, given beside its views.
    predict: what the networks tell, (m, outputs) → (m,) scores.
    """

    networks: tuple[Headed, ...]
    columns: Floats
    predict: Predict

    @property
    def before(self) -> int:
        return self.networks[0].architecture.before

    def maps(self, views: torch.Tensor) -> list[torch.Tensor]:
        """Network by network."""
        return [one.maps(views) for one in self.networks]

    def aligned(self, maps: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        return maps

    def score(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        told = self._told([one.pooled(own)[None] for one, own in zip(self.networks, maps, strict=True)])[0]
        found: torch.Tensor = Predicted.apply(told, self.predict, np.ones(len(told), bool))
        return found

    def scores(self, views: torch.Tensor, place: int, changed: torch.Tensor) -> Floats:
        with torch.no_grad():
            every = []
            for one in self.networks:
                features = one.features(views[None]).repeat(len(changed), 1, 1)
                features[:, place] = one.features(changed[:, None])[:, 0]
                every.append(features)
            return self.predict(self._told(every).double().cpu().numpy())

    def features(self, views: torch.Tensor) -> Floats:
        """(width,): of a case, of the first network, mean over its views."""
        with torch.no_grad():
            found: Floats = self.networks[0].features(views[None])[0].mean(dim=0).double().cpu().numpy()
        return found

    def randomised(self, seed: int, size: tuple[int, ...]) -> TrainedScore:
        """The same with bodies that nobody trained, below the same heads. size: of what is shown."""
        found = []
        for number, one in enumerate(self.networks):
            drawn = load_random_network(one.architecture, seed + 1000 * number).network
            one.architecture.fit(drawn, size)
            other = Headed(one.architecture, drawn, [head.out_features for head in one.heads], one.columns)
            kept = {name: value for name, value in one.state_dict().items() if not name.startswith("body.")}
            other.load_state_dict(kept, strict=False)
            found.append(other.eval().requires_grad_(False).to(one.mean.device))
        return TrainedScore(tuple(found), self.columns, self.predict)

    def _told(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        """(k, outputs): of features (k, views, width) of each network, mean over them."""
        told = []
        for one, own in zip(self.networks, features, strict=True):
            given = torch.from_numpy(self.columns.astype(np.float32)).to(own.device).expand(len(own), -1)
            told.append(one.told(own, given)[0])
        return torch.stack(told).mean(dim=0)
