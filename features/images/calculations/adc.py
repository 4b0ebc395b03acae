"""adc: the apparent diffusion coefficient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from features.core.kinds.calculation import MOST_PARTS, Calculation, Told
from features.core.quarantine import Rejected

SAME_B = 1.0  # s/mm²: nearer b-values are one
_UM2_S = 1e6  # of a mm²/s
_TOLD = 12  # b-values that a message names

BValue = Annotated[float, Field(ge=0, le=100_000)]


class Adc(Calculation):
    """The ADC in 1e-6 mm²/s (um2/s): signals of two or more b-values fall as S = S0 · exp(-b · ADC).

    fit log_linear: minus the slope of the straight line through ln S against b, by least squares, every volume with the same
    weight (Le Bihan et al., Radiology 1988;168:497). Undefined where a signal is 0 or less.
    """

    parts: ClassVar[Literal["b_values", "phases"]] = "b_values"
    gives: ClassVar[str] = "um2/s"

    kind: Literal["adc"] = "adc"
    fit: Literal["log_linear"] = Field("log_linear", description="least squares of ln S against b")
    b_values: tuple[BValue, ...] | None = Field(
        None,
        min_length=2,
        max_length=MOST_PARTS,
        description="b-values in s/mm² that are fitted, others are left out; without it all. Of a 4D file without a .bval "
        "file beside it: that of each volume, in their order",
    )

    @model_validator(mode="after")
    def check_b_values(self) -> Adc:
        if self.b_values and max(self.b_values) - min(self.b_values) <= SAME_B:
            raise ValueError("an ADC needs two b-values or more that differ, for example [0, 1000]")
        return self

    @property
    def declared(self) -> tuple[float, ...] | None:
        return self.b_values

    def choose(self, told: Told) -> tuple[int, ...]:
        if not np.isfinite(np.array(told, float)).all():
            raise Rejected("CALCULATION", "not every volume tells its b-value", volumes=len(told))
        wanted = told if self.b_values is None else self.b_values
        missing = sorted({b for b in wanted if not any(abs(b - there) <= SAME_B for there in told)})
        if missing:
            raise Rejected(
                "CALCULATION", "b-values of the catalog are missing", missing=_listed(missing), found=_listed(told)
            )
        chosen = tuple(n for n, b in enumerate(told) if any(abs(b - one) <= SAME_B for one in wanted))
        fitted = [told[n] for n in chosen]
        if not fitted or max(fitted) - min(fitted) <= SAME_B:
            raise Rejected("CALCULATION", "an ADC needs two b-values or more", found=_listed(told))
        return chosen

    def combine(self, told: Told, volumes: Iterable[NDArray[np.generic]]) -> NDArray[np.float32]:
        b = np.array(told, np.float64)
        weights = (b - b.mean()) / ((b - b.mean()) ** 2).sum()
        slope: NDArray[np.float64] = np.zeros(())
        defined: NDArray[np.bool_] = np.ones((), np.bool_)
        with np.errstate(divide="ignore", invalid="ignore"):
            for weight, volume in zip(weights, volumes, strict=True):
                signal = volume.astype(np.float64)
                defined = defined & (signal > 0) & np.isfinite(signal)
                slope = slope + weight * np.log(signal, out=signal)
            return np.where(defined, -_UM2_S * slope, np.nan).astype(np.float32)


def _listed(values: Iterable[float]) -> str:
    """B-values, ascending, each once."""
    found = sorted({round(value, 3) for value in values})
    return ", ".join(f"{value:g}" for value in found[:_TOLD]) + (" …" if len(found) > _TOLD else "")
