"""grad_cam: the maps of a layer, each weighed by how the score changes with it (Selvaraju et al., ICCV 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.core.errors import RadweaveError
from features.deep.attribution import Attributed, Attribution, Explained, slopes_of
from features.deep.explaining.token_places import as_maps

if TYPE_CHECKING:
    import torch


class GradCam(Attribution):
    """Coarse: as fine as the last maps, stretched to the size of what is shown; all channels of a view have the same map.

    Of a score that is linear in the means of the maps it is exactly what each place gives to it. Of several layers that are
    measured the maps add up. Times the number of places of a layer, so that the mean of a map is what the layer gives.
    """

    kind: Literal["grad_cam"] = "grad_cam"
    signed: ClassVar[bool] = False
    slopes: ClassVar[bool] = True

    keep: Literal["raising", "both"] = Field(
        "raising", description="raising: what raises the score, as published; both: what lowers it too, below 0"
    )

    def explain(self, explained: Explained, views: torch.Tensor) -> Attributed:
        import torch
        from torch.nn.functional import interpolate

        size, dimensions = tuple(views.shape[2:]), views.ndim - 2
        with torch.enable_grad():
            maps = explained.maps(views.detach().clone().requires_grad_(True))
            slopes = slopes_of(explained.score(maps), maps)
        found = torch.zeros((len(views), 1, *size), device=views.device)
        there = 0.0
        for one, slope in zip(explained.aligned(maps), explained.aligned(slopes), strict=True):
            own, weights = (as_maps(part.detach(), size, explained.before) for part in (one, slope))
            there = max(there, float(weights.abs().max()))
            weights = weights.sum(dim=tuple(range(2, weights.ndim)), keepdim=True)
            coarse = (weights * own).sum(dim=1, keepdim=True)
            found += interpolate(coarse, size, mode="bilinear" if dimensions == 2 else "trilinear", align_corners=False)
        if there == 0.0:
            raise RadweaveError(
                "the score does not change with the maps that the model reads by small steps (class token, trees): take occlusion"
            )
        if self.keep == "raising":
            found = found.clamp(min=0.0)
        return Attributed(found.expand(-1, views.shape[1], *(-1,) * dimensions).cpu().numpy().copy())
