"""Images whose texture is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.controls.control import Control, Given, Run


class ShuffledIntensities(Control):
    """Features of images in which the voxels of each ROI exchanged their intensities, in the same folds; other columns stay.

    What is left is told by shape, size and the histogram of the ROI. `radweave refresh --study` extracts the images so too. Whether
    a texture tells more than how large a tumour is: Welch et al., Radiother Oncol 2019;130:2.
    """

    kind: Literal["shuffled_intensities"] = "shuffled_intensities"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = False
    reads_shuffled: ClassVar[bool] = True
    says: ClassVar[str] = (
        "What is left is told by shape, size and histogram; a score that does not fall owes nothing to texture."
    )

    def runs(self, given: Given) -> list[Run]:
        shuffled = given.design.shuffled
        there = [column for column in given.columns if column in shuffled]
        if not there:
            raise FitError("no column of the set is of images that were shuffled")
        design = replace(given.design, X=given.design.X.assign(**{column: shuffled[column] for column in there}))
        label = f"intensities exchanged within each ROI, {counted(len(there), 'column')}"
        return [Run(label, design, given.columns, given.folds)]
