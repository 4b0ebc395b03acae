"""Follow-up up to the horizon of an endpoint: what curves and tests see."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Code = TypeVar("Code", np.bool_, np.intp)


def until_horizon(
    days: NDArray[np.float64], code: NDArray[Code], horizon: float | None
) -> tuple[NDArray[np.float64], NDArray[Code]]:
    """Days and codes, (n,) each, if nobody were followed after the horizon: whoever was is censored on that day.

    code: False or 0 where a case was censored, else the event. An event on the day of the horizon counts, as in outcomes of
    events by a day. Without a horizon all stays as it is.
    """
    if horizon is None:
        return days, code
    return np.minimum(days, horizon), np.where(days > horizon, code.dtype.type(0), code)
