"""Site: a centre that sends scans. What its scanner does to them, and how often its patients have the outcome."""

from __future__ import annotations

from dataclasses import dataclass

from features.simulate.grid import Grid


@dataclass(frozen=True, slots=True)
class Site:
    """A centre of a simulated cohort.

    shift: added to the logit of every outcome: in development it ties the site to the outcome, elsewhere it is 0.
    shape: (z, y, x) voxels; spacing_mm: (x, y, z). gain, offset: intensity = gain · true + offset. noise: sd, as a share of
    the sd of the tissue that is looked at. smoothing_mm: Gaussian sigma of the reconstruction. bias: sd of the log of a
    field that varies slowly over the image.
    """

    name: str
    cohort: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    shift: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    noise: float = 0.2
    smoothing_mm: float = 1.0
    bias: float = 0.0
    manufacturer: str = "Northlight"
    format: str = "nifti"

    @property
    def grid(self) -> Grid:
        """The grid of its scans, around the point 0, 0, 0."""
        return Grid.centred(self.shape, self.spacing_mm)
