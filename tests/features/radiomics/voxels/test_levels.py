"""levels: bins of IBSI, in steps from an origin. Those of pyradiomics are tested against it, with the families."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.radiomics.voxels.levels import steps_from


@pytest.mark.parametrize(
    ("how", "origin", "levels"),
    [
        (FixedBinWidth(bin_width=10), 0.0, [1, 2, 3, 3, 5]),
        (FixedBinWidth(bin_width=10), None, [1, 1, 2, 3, 5]),
        (FixedBinCount(bin_count=4), None, [1, 1, 2, 3, 4]),
        (FixedBinCount(bin_count=1), None, [1, 1, 1, 1, 1]),
    ],
)
def test_bins_hold_their_lower_edge(how: FixedBinWidth | FixedBinCount, origin: float | None, levels: list) -> None:
    assert steps_from(np.array([5.0, 10, 20, 25, 45]), how, origin).tolist() == levels


def test_intensities_that_do_not_fit_the_bins_are_refused() -> None:
    values = np.array([0.5, 1.0])
    with pytest.raises(RadweaveError, match="bin width or a number of bins"):
        steps_from(values, None, None)
    with pytest.raises(RadweaveError, match="below the first bin"):
        steps_from(values, FixedBinWidth(bin_width=1), 0.75)
