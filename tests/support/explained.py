"""A small network in plain torch that can be explained, and images with lesions off the middle for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIDE = {2: 40, 3: 20}
RADIUS = {2: 5.0, 3: 4.5}


@dataclass(frozen=True, eq=False)
class Plain:
    """Maps of a body; the score is a weighted sum of their means over places, mean over views."""

    body: Any
    weights: Any
    before: int = 0

    @classmethod
    def drawn(cls, dimensions: int, channels: int, seed: int) -> Plain:
        """With random weights."""
        import torch
        from torch import nn

        torch.manual_seed(seed)
        conv, norm, pool = (
            (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d) if dimensions == 2 else (nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d)
        )
        layers = [
            layer
            for into, out, shrink in ((channels, 8, 2), (8, 12, 2), (12, 12, 1))
            for layer in (conv(into, out, 3, padding=1), norm(out), nn.ReLU(), pool(shrink))
        ]
        return cls(nn.Sequential(*layers).eval(), nn.Parameter(torch.randn(12)))

    def maps(self, views: Any) -> list[Any]:
        return [self.body(views)]

    def aligned(self, maps: Sequence[Any]) -> Sequence[Any]:
        return maps

    def score(self, maps: Sequence[Any]) -> Any:
        return (maps[0].flatten(2).mean(dim=2) @ self.weights).mean()

    def scores(self, views: Any, place: int, changed: Any) -> Any:
        import torch

        with torch.no_grad():
            every = views[None].repeat(len(changed), *(1,) * views.ndim)
            every[:, place] = changed
            maps = self.body(every.flatten(0, 1)).unflatten(0, every.shape[:2])
            return (maps.flatten(3).mean(dim=(1, 3)) @ self.weights).double().numpy()


def planted(dimensions: int, n: int, seed: int, *, positive: bool | None = None) -> tuple[Any, Any, Any]:
    """Images (n, 1, *size) in [0, 1] of noise with a blob; lesions (n, *size) its pixels; labels (n,): whether it has a texture.

    The blob lies anywhere but in the middle third. positive: all of one label.
    """
    rng = np.random.default_rng(seed)
    side = SIDE[dimensions]
    size = (side,) * dimensions
    labels = rng.integers(0, 2, n) if positive is None else np.full(n, int(positive))
    axes = np.stack(np.meshgrid(*[np.arange(side)] * dimensions, indexing="ij"))
    images, lesions = [], []
    for label in labels:
        radius = RADIUS[dimensions]
        while True:
            centre = rng.uniform(radius, side - 1 - radius, dimensions)
            if np.abs(centre / side - 0.5).max() > 0.25:
                break
        lesion = ((axes - centre.reshape(-1, *(1,) * dimensions)) ** 2).sum(axis=0) < radius**2
        other = ((axes - (side - 1 - centre).reshape(-1, *(1,) * dimensions)) ** 2).sum(axis=0) < radius**2
        image = rng.normal(0.4, 0.05, size)
        image[lesion | other] += 0.15  # a blob of another kind lies on the other side, in every image
        if label:
            image[lesion] += 0.3 * (axes.sum(axis=0)[lesion] % 2 * 2 - 1)
        images.append(np.clip(image, 0, 1))
        lesions.append(lesion)
    return np.array(images, np.float32)[:, None], np.array(lesions), labels


def trained(dimensions: int, seed: int) -> Plain:
    """A network that tells whether an image holds the texture."""
    import torch

    found = Plain.drawn(dimensions, 1, seed)
    found.body.train()
    pixels, _, labels = planted(dimensions, 160, seed + 100)
    shown, wanted = torch.from_numpy(pixels), torch.from_numpy(labels).float()
    steps = torch.optim.Adam([*found.body.parameters(), found.weights], lr=0.01)
    for epoch in range({2: 8, 3: 10}[dimensions]):
        order = torch.randperm(len(shown), generator=torch.Generator().manual_seed(epoch))
        for part in order.split(16):
            scores = found.maps(shown[part])[0].flatten(2).mean(dim=2) @ found.weights
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted[part])
            steps.zero_grad()
            loss.backward()
            steps.step()
    found.body.eval()
    return found
