"""ContourNetwork: the ROI that a network draws which `radweave contour` has trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from features.core.case import Scan, Segmentation
from features.core.digest import digest_file
from features.core.errors import WeightsError
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.masks.computed import ComputedMask

if TYPE_CHECKING:
    from features.deep.contouring.unet import Loaded


class ContourNetwork(ComputedMask):
    """A 3D U-Net that was trained on contoured cases, on images of one modality and unit."""

    kind: Literal["contour_network"] = Field(
        "contour_network", alias="format", description="what a network draws that radweave contour has trained"
    )
    nested: ClassVar[frozenset[str]] = frozenset({"inside", "network"})
    network: str = Field(description="the file network.safetensors, as seen from the catalog")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="its digest, which radweave contour prints")

    @model_validator(mode="after")
    def check_whole(self) -> Self:
        if self.inside is not None:
            raise ValueError("a network is shown the whole image: take inside out")
        return self

    @property
    def made(self) -> Segmentation:
        return "automatic"

    def place(self, folder: Path) -> str:
        return json.dumps({"path": str((folder / self.network).resolve())})

    def resolved(self, folder: Path) -> Self:
        """The same. Raises WeightsError if the network is missing or another one, MachineError if torch or MONAI is."""
        from features.deep.needed import check_installed

        check_installed("torch", "monai", "safetensors")
        path = (folder / self.network).resolve()
        if not path.is_file():
            raise WeightsError(
                f'mask: contour_network: there is no file "{self.network}"; train it by radweave contour'
            )
        if (found := digest_file(path)) != self.sha256:
            raise WeightsError(
                f'mask: contour_network: "{self.network}" has another digest than declared; if it is meant, say sha256: {found}'
            )
        return self

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """What the network draws. Warns: SEGMENTED.

        Raises Rejected: MASK_EMPTY (it found nothing), SEGMENTATION_FAILED (it was trained on images of another modality or unit).
        Raises WeightsError if the network is missing here, or another one.
        """
        own = cls.of_scan(scan)

        def make() -> Any:
            from features.deep.contouring.draw import draw

            network, settings, about = _loaded(json.loads(scan.place)["path"], own.sha256)
            if (about.modality, about.unit) != (scan.modality, scan.unit):
                what = f"the network was trained on {about.modality} in {about.unit}"
                raise Rejected("SEGMENTATION_FAILED", f"{what}; this image is {scan.modality} in {scan.unit}")
            return draw(network, image, settings).astype(np.uint16)

        found = opened.computed(scan, {"contour_network": scan.settings}, make) > 0
        if not found.any():
            raise Rejected("MASK_EMPTY", "the network found nothing")
        return np.asarray(found), (own.told(network=own.sha256[:12]),)


@lru_cache(maxsize=4)
def _loaded(path: str, sha256: str) -> Loaded:
    from features.deep.contouring.unet import load_network

    return load_network(Path(path), sha256)
