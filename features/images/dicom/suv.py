"""to_unit: the values of a PET series in the unit that the catalog declares, by a named rule from its headers.

SUV = activity (Bq/ml) × body / dose, where the dose (Bq) is that of the moment which the activity refers to, and body is
weight in g (SUV), lean body mass in g (SUL) or body surface in cm² (SUVbsa). The moment is found by the vendor-neutral rule of
the QIBA FDG-PET/CT profile. Lean body mass: Janmahasatian et al., Clin Pharmacokinet 2005;44:1051, which the EANM
guideline for FDG PET/CT 2.0 (2015) asks for; body surface: DuBois & DuBois 1916.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.core.case import Unit
from features.core.quarantine import Rejected, Warned
from features.images.dicom.dataset import numbers, text
from features.images.dicom.injection import Injection, injection, private_text
from features.images.foreground import values_above

UPTAKE: tuple[Unit, ...] = ("SUV", "SUL", "SUVbsa")
HIGHEST = 100.0  # SUV; organs of excretion may be above it, a hundredth of all voxels cannot
WEIGHT_KG = (20.0, 350.0)
SIZE_M = (0.5, 2.5)
# (0054,1006) of values that are stored as g/ml or cm²/ml: what radweave computes the same way.
STORED: dict[tuple[str, str], Unit] = {
    ("GML", ""): "SUV",
    ("GML", "BW"): "SUV",
    ("GML", "LBMJANMA"): "SUL",
    ("CM2ML", ""): "SUVbsa",
    ("CM2ML", "BSA"): "SUVbsa",
}


class Converted(NamedTuple):
    """Values in the declared unit, the facts that they were computed from, and what is to be said about them."""

    array: NDArray[np.generic]
    facts: dict[str, str | float]
    warnings: tuple[Warned, ...]


def to_unit(
    array: NDArray[np.generic],
    datasets: Sequence[Dataset],
    unit: Unit,
    *,
    padding: NDArray[np.bool_] | None = None,
) -> Converted:
    """Rescaled values (z, y, x) of the slices `datasets`, in their order, as `unit`; float32 where a factor is applied.

    padding: voxels (z, y, x) whose values do not count.

    Only a PET in SUV, SUL, SUVbsa or BQML is looked at; anything else stays as it is, without facts. facts: SuvRule (how
    the factor was found), SuvFactor (that of the first slice), and where the dose decays DecaySeconds and DoseBq.

    Raises Rejected: PET_UNITS, PET_DECAY, PET_NOT_CORRECTED, PET_TIME, PET_NO_DOSE, PET_NO_WEIGHT, PET_NO_SIZE, PET_RANGE.
    Warns of PET_HIGH.
    """
    first = datasets[0]
    if unit not in (*UPTAKE, "BQML") or text(first, "Modality") != "PT":
        return Converted(array, {}, ())
    corrected = text(first, "CorrectedImage")
    if corrected and "ATTN" not in corrected.split("/"):
        raise Rejected("PET_NOT_CORRECTED")
    stored, factors, rule = _stored(datasets, unit)
    facts: dict[str, str | float] = {}
    if stored == unit:
        scale = 1.0
    elif stored == "BQML":
        dose = _dose(datasets, corrected)
        scale = _body(first, unit) / dose.at_reference_bq
        rule = ", ".join(filter(None, (rule, dose.rule)))
        facts = {"DecaySeconds": dose.decay_s, "DoseBq": dose.at_reference_bq}
    elif unit == "BQML":
        raise Rejected("PET_UNITS", "the values are uptake, the catalog wants activity (BQML)")
    else:
        scale = _body(first, unit) / _body(first, stored)
    factors = factors * scale
    facts = {"SuvRule": rule or "as stored", "SuvFactor": float(factors[0]), **facts}
    if not (factors == 1.0).all():
        array = np.asarray(array, np.float32) * factors.astype(np.float32)[:, None, None]
    return Converted(array, facts, _check_range(array, padding) if unit in UPTAKE else ())


def _stored(datasets: Sequence[Dataset], unit: Unit) -> tuple[Unit, NDArray[np.float64], str]:
    """What the rescaled values are once multiplied by a factor for each slice, and the rule of the factors."""
    kinds = {(text(dataset, "Units"), text(dataset, "SUVType")) for dataset in datasets}
    if len(kinds) > 1:
        raise Rejected("PET_UNITS", "the slices have different Units")
    (units, kind) = kinds.pop()
    ones = np.ones(len(datasets))
    if units == "BQML":
        return "BQML", ones, ""
    if (units, kind) in STORED:
        return STORED[units, kind], ones, ""
    if units == "CNTS":
        uptake, activity = (_philips(datasets, element) for element in (0x00, 0x09))
        if uptake is not None and unit != "BQML":
            return "SUV", uptake, "Philips SUV factor"
        if activity is not None:
            return "BQML", activity, "Philips activity factor"
        raise Rejected("PET_UNITS", "the values are counts, without the factors of Philips (7053,xx00) and (7053,xx09)")
    found = "absent" if not units else f"{units} {kind}".strip()[:32]
    raise Rejected("PET_UNITS", f"the Units of the PET are {found}; allowed: BQML, CNTS of Philips, GML, CM2ML")


def _philips(datasets: Sequence[Dataset], element: int) -> NDArray[np.float64] | None:
    """A private factor of each slice; None unless every slice has one above zero."""
    found = []
    for dataset in datasets:
        try:
            found.append(float(private_text(dataset, 0x7053, "Philips PET Private Group", element)))
        except ValueError:
            return None
    factors = np.array(found)
    return factors if np.isfinite(factors).all() and (factors > 0).all() else None


def _dose(datasets: Sequence[Dataset], corrected: str) -> Injection:
    """The dose at the moment that the activity refers to."""
    decay = text(datasets[0], "DecayCorrection")
    if decay not in ("START", "ADMIN"):
        raise Rejected("PET_DECAY")
    if corrected and "DECY" not in corrected.split("/"):
        raise Rejected("PET_NOT_CORRECTED", "DecayCorrection and CorrectedImage contradict each other")
    return injection(datasets, decayed=decay == "START")


def _body(dataset: Dataset, unit: Unit) -> float:
    """What an uptake is normalised by: g, or cm² for the body surface."""
    weight = _between(dataset, "PatientWeight", WEIGHT_KG)
    if weight is None:
        raise Rejected("PET_NO_WEIGHT")
    if unit == "SUV":
        return weight * 1000
    size = _between(dataset, "PatientSize", SIZE_M)
    if size is None:
        raise Rejected("PET_NO_SIZE")
    if unit == "SUVbsa":
        return float(0.007184 * weight**0.425 * (size * 100) ** 0.725 * 1e4)
    coefficients = {"M": (6680, 216), "F": (8780, 244)}.get(text(dataset, "PatientSex"))
    if coefficients is None:
        raise Rejected("PET_NO_SIZE", "lean body mass needs PatientSex M or F")
    constant, slope = coefficients
    return 9270 * weight / (constant + slope * weight / size**2) * 1000


def _between(dataset: Dataset, keyword: str, bounds: tuple[float, float]) -> float | None:
    value = numbers(dataset, keyword, 1)
    return value[0] if value is not None and bounds[0] <= value[0] <= bounds[1] else None


def _check_range(array: NDArray[np.generic], padding: NDArray[np.bool_] | None) -> tuple[Warned, ...]:
    """PET_RANGE if the 99 % percentile is above 100, on a sample of about a million voxels; else a warning if any voxel is."""
    array = array if padding is None else array[~padding]
    step = max(1, array.size // 1_000_000) | 1  # odd, so that no column of the matrix is favoured
    sample = values_above(array.reshape(-1)[::step], -np.inf)
    high = float(np.percentile(sample, 99)) if sample.size else 0.0
    if high > HIGHEST:
        raise Rejected("PET_RANGE", p99=round(high, 1))
    highest = float(values_above(array, HIGHEST).max(initial=0.0))
    return (Warned("PET_HIGH", "", {"highest": round(highest, 1)}),) if highest else ()
