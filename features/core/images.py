"""Images: what networks are shown of the cases of a study, in the order of its rows; read where they are kept, case by case."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

IMAGES = "images"  # the block of what networks are shown, as sets of blocks name it; it has no columns
Positions = NDArray[Any] | slice  # integers, or a mask


class Images(Protocol):
    """What is shown of cases, all of one shape. It is passed to other processes: what it holds is small."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(views, channels, *size) of each case; size is (rows, columns) or (slices, rows, columns)."""

    @property
    def addresses(self) -> NDArray[np.str_]:
        """(n,) a digest of what is shown of each case: equal addresses, equal pixels."""

    def __len__(self) -> int:
        """How many cases."""

    def take(self, rows: Positions) -> Images:
        """Some cases, by position or mask; a case may come several times."""

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.uint16]:
        """(k, views, channels, *size) of k cases by position, from 0 to LEVELS of features.core.kinds.sampling.

        Raises StoreError where what is kept is damaged or gone.
        """
