"""lung: CT of lung tumours with genes, in DICOM with RTSTRUCT, DICOM with SEG, and NIfTI."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal

from pydantic import Field

from features.simulate.simulate_cohort import simulate_cohort
from features.simulate.simulator import Progress, Simulator


class Lung(Simulator):
    """The built-in cohort: a hidden state drives size, texture, the rim around the tumour, genes, response and survival."""

    kind: Literal["lung"] = "lung"
    patients_per_centre: int = Field(24, ge=1, le=9999, description="patients of each centre")
    centres: int = Field(3, ge=1, le=len(string.ascii_uppercase), description="number of centres")
    faults: bool = Field(False, description="add patients with a fault each; truth/faults.csv tells which")
    null: bool = Field(False, description="plant nothing: no outcome depends on anything")
    coin: bool = Field(False, description="add an outcome that is a coin toss, and its endpoint")

    def write(self, folder: Path, progress: Progress | None) -> Path:
        """Write the cohort; the path of its catalog."""
        return simulate_cohort(
            folder,
            centres=self.centres,
            patients_per_centre=self.patients_per_centre,
            seed=self.seed,
            faults=self.faults,
            coin=self.coin,
            null=self.null,
            progress=progress,
        )
