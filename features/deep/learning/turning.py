"""Turning: a network learns what images look like before it is told any outcome, by telling how they were turned.

Gidaris, Singh & Komodakis, ICLR 2018, arXiv:1803.07728.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from features.deep.learning.course import Course, Keep, Reached, Training, on_a_device
from features.deep.learning.headed import Headed
from features.deep.learning.losses import Classes
from features.deep.learning.reading import Rows, Views

QUARTERS = 4


def learn_turns(
    network: Headed,
    views: Views,
    learn: Rows,
    course: Course,
    epochs: int,
    reached: Reached | None = None,
    keep: Keep | None = None,
) -> Reached:
    """Train the body of a network, in place, to tell by how many quarters each view was turned within the slice, which has to be
    square. learn: cases whose views are shown. reached, keep: as in `train`; what is drawn follows the seed and the epoch.
    """
    own = Headed(network.architecture, network.body, [QUARTERS], 0)
    own.mean.copy_(network.mean)
    own.std.copy_(network.std)
    augment = course.augment and course.augment.model_copy(update={"turn": False})
    plan = replace(
        course, trains="all", augment=augment, epochs=epochs, patience=None, penalty=0.0, what=f"{course.what}: turns"
    )
    return on_a_device(own, plan, lambda device: _Turning(own, views, learn, plan, device).run(reached, keep))


class _Turning(Training):
    """Each epoch draws anew how cases are turned."""

    def __init__(self, network: Headed, views: Views, learn: Rows, course: Course, device: str) -> None:
        self.turned = np.zeros(len(views), np.intp)
        loss = Classes(self.turned, QUARTERS, np.ones(len(views)))
        nothing = np.zeros((len(views), 0))
        super().__init__(network, views, nothing, [(loss, 1.0)], learn, learn[:0], course, device)  # type: ignore[arg-type]

    def epoch(self, optimiser: torch.optim.Optimizer, number: int) -> float:
        drawn = np.random.default_rng([self.course.seed, number, QUARTERS])
        self.turned[:] = drawn.integers(0, QUARTERS, len(self.turned))
        return super().epoch(optimiser, number)

    def on_device(self, part: Rows, given: NDArray[np.float32]) -> torch.Tensor:
        views = super().on_device(part, given)
        return torch.stack([one.rot90(int(by), (-2, -1)) for one, by in zip(views, self.turned[part], strict=True)])
