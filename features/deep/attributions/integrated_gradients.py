"""integrated_gradients: slopes of the score on the way from nothing to what is shown (Sundararajan et al., ICML 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.errors import RadweaveError
from features.deep.attribution import Attributed, Attribution, Explained, slopes_of

if TYPE_CHECKING:
    import torch

NOTHING = 1e-9  # a difference of scores that needs no explanation


class IntegratedGradients(Attribution):
    """As fine as the pixels, each channel by itself. The values of all views add up to the score less that of the baseline."""

    kind: Literal["integrated_gradients"] = "integrated_gradients"
    signed: ClassVar[bool] = True
    slopes: ClassVar[bool] = True

    steps: int = Field(
        32, ge=4, le=512, description="points on the way (Gauss-Legendre); more cost time and leave less unexplained"
    )
    baseline: Literal["floor", "mean"] = Field(
        "floor", description="what counts as nothing: the floor of the window, or the mean of each channel of a view"
    )

    def explain(self, explained: Explained, views: torch.Tensor) -> Attributed:
        import torch

        shown = views.detach()
        space = tuple(range(2, views.ndim))
        nothing = (
            torch.zeros_like(shown)
            if self.baseline == "floor"
            else shown.mean(dim=space, keepdim=True).expand_as(shown)
        )
        points, weights = np.polynomial.legendre.leggauss(self.steps)
        total = torch.zeros_like(shown)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            with torch.enable_grad():
                between = (nothing + float(point) * (shown - nothing)).requires_grad_(True)
                (slope,) = slopes_of(explained.score(explained.maps(between)), [between])
            total += float(weight) * slope
        if not bool((total != 0).any()):
            raise RadweaveError("the score does not change with the pixels by small steps (trees): take occlusion")
        found = total * (shown - nothing)
        with torch.no_grad():
            ends = [float(explained.score(explained.maps(one))) for one in (shown, nothing)]
        difference = ends[0] - ends[1]
        gap = abs(float(found.sum()) - difference) / max(abs(difference), NOTHING)
        return Attributed(found.cpu().numpy(), gap)
