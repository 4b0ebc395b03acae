"""The picture of maps in docs/explain.md: `python docs/site/explained.py`; it trains a small network first."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("agg")
import matplotlib.pyplot as plt
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from features.deep.attribution import ATTRIBUTIONS
from features.deep.explaining.localisation import share_inside
from tests.support.explained import Plain, planted, trained

PICTURE = Path(__file__).parents[1] / "pictures" / "explained.png"


def main() -> None:
    """A case that the network has not seen: its lesion has stripes, a decoy of the same brightness has none."""
    learnt = trained(2, seed=4)
    networks = {"learnt": learnt, "random weights": Plain(Plain.drawn(2, 1, 11).body, learnt.weights)}
    pixels, lesions, _ = planted(2, 10, seed=77, positive=True)
    view, lesion = torch.from_numpy(pixels[2][None]), lesions[2]
    figure, axes = plt.subplots(2, 4, figsize=(9.2, 5.0), layout="constrained")
    for row, (name, network) in zip(axes, networks.items(), strict=True):
        row[0].set_title("what it is shown" if name == "learnt" else "", fontsize=9)
        row[0].set_ylabel(name, fontsize=10)
        for axis, kind in zip(row, ("", *ATTRIBUTIONS.modules), strict=True):
            axis.imshow(pixels[2, 0], cmap="gray", vmin=0, vmax=1)
            if kind:
                values = ATTRIBUTIONS.parse(kind).explain(network, view).values[0, 0]
                most = float(np.quantile(np.abs(values), 0.995)) or 1.0
                axis.imshow(values, cmap="PuOr_r", vmin=-most, vmax=most, alpha=np.clip(np.abs(values) / most, 0, 0.75))
                share = share_inside(values, lesion)
                inside = "raises nothing" if np.isnan(share) else f"{share:.0%} inside"
                axis.set_title(f"{kind.replace('_', ' ')}: {inside}", fontsize=9)
            axis.contour(lesion, [0.5], colors="#00c88c", linewidths=1)
            axis.set_xticks([])
            axis.set_yticks([])
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
