"""The picture of samplings in docs/deep.md: `python docs/site/samplings.py IMAGE MASK`, a CT and its label map as NIfTI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("agg")
import matplotlib.pyplot as plt
from numpy.typing import NDArray

from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Shape
from features.core.region import Region
from features.images.formats.nifti import read_nifti
from features.images.prepare import prepare_region

PICTURE = Path(__file__).parents[1] / "pictures" / "samplings.png"
RECIPE: dict[str, Any] = {
    "name": "ct",
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "window": [-1000, 400],
    "extractors": ["radweave"],
}
# Each row: its samplings, with the column where their first picture stands.
ROWS: tuple[dict[int, tuple[str, dict[str, Any]]], ...] = (
    {
        0: ("largest; margin: 1; masked", {"kind": "largest", "margin": [0.25, 1]}),
        3: ("adjacent: channels", {"kind": "adjacent"}),
        6: ("windows: channels", {"kind": "windows", "windows": [[-1000, 400], [-160, 240], [-1000, -600]]}),
    },
    {
        0: ("slices: five views", {"kind": "slices", "count": 5}),
        6: ("patch, 3D: its middle slices", {"kind": "patch"}),
    },
    {0: ("nine_views", {"kind": "nine_views"})},
    {0: ("tiles of 20 mm, joined", {"kind": "tiles", "side_mm": 20, "most": 9})},
)


def pictures(settings: dict[str, Any], region: Region, recipe: Recipe) -> list[NDArray[np.float32]]:
    """All that a network is shown, picture by picture."""
    sampling = SAMPLINGS.parse(settings)
    if sampling.dimensions == 3:
        (patch,) = sampling.sample([region], recipe, Shape((64, 64, 64), 1))[0]
        return [patch[32], patch[:, 32][::-1], patch[:, :, 32][::-1]]
    views = sampling.sample([region], recipe, Shape((96, 96)))
    found = list(views.reshape(-1, *views.shape[2:]))
    if settings["kind"] == "largest":
        found += list(SAMPLINGS.parse({"kind": "largest", "masked": True}).sample([region], recipe, Shape((96, 96)))[0])
    return found


def main(image: str, mask: str) -> None:
    recipe = Recipe.model_validate(RECIPE)
    labels = read_nifti(Path(mask)).array
    region = prepare_region(Region(read_nifti(Path(image)), labels > 0), recipe, reach_mm=(60.0, 60.0, 60.0))
    figure, axes = plt.subplots(len(ROWS), 9, figsize=(9, len(ROWS) * 1.17), dpi=100)
    for row, shown in zip(axes, ROWS, strict=True):
        for axis in row:
            axis.axis("off")
        for start, (name, settings) in shown.items():
            for axis, pixels in zip(row[start:], pictures(settings, region, recipe), strict=False):
                axis.imshow(pixels, cmap="gray", vmin=0, vmax=1)
            row[start].set_title(name, loc="left", fontsize=9, pad=3)
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.97, wspace=0.03, hspace=0.22)
    figure.savefig(PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
