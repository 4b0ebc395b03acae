"""half_life_of: the half life of a PET's tracer in s, as its header tells it, if it can be true."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from features.core.quarantine import Rejected
from features.images.dicom.dataset import numbers, quiet, text


class Isotope(NamedTuple):
    """A positron emitter: half life in s (ENSDF) and its codes (SNOMED CT, SRT), if any are known here."""

    seconds: float
    codes: tuple[str, ...] = ()


ISOTOPES = {
    "C11": Isotope(1221.8, ("40565003", "C-105A1")),
    "N13": Isotope(597.9, ("21576001", "C-107A1")),
    "O14": Isotope(70.6),
    "O15": Isotope(122.24, ("129504001", "C-B1038")),
    "F18": Isotope(6586.2, ("77004003", "C-111A1")),
    "K38": Isotope(458.2),
    "SC43": Isotope(14007.6),
    "SC44": Isotope(14551.2),
    "TI45": Isotope(11088.0),
    "MN51": Isotope(2772.0),
    "MN52": Isotope(483062.0),
    "MN52M": Isotope(1266.0),
    "FE52": Isotope(29790.0),
    "CU60": Isotope(1422.0),
    "CU61": Isotope(12020.0),
    "CU62": Isotope(580.2),
    "CU64": Isotope(45723.6, ("3932008", "C-127A2")),
    "ZN62": Isotope(33094.0),
    "GA66": Isotope(34164.0),
    "GA68": Isotope(4062.6, ("35337001", "C-131A3")),
    "AS72": Isotope(93600.0),
    "SE73": Isotope(25740.0),
    "BR75": Isotope(5802.0),
    "BR76": Isotope(58320.0),
    "BR77": Isotope(205344.0),
    "TC94M": Isotope(3120.0),
    "RB82": Isotope(75.45, ("79197006", "C-159A2")),
    "Y86": Isotope(53064.0),
    "Y90": Isotope(230580.0),
    "ZR89": Isotope(282276.0, ("63360001", "C-168A4")),
    "I120": Isotope(4896.0),
    "I124": Isotope(360806.4, ("40937006", "C-114A5")),
    "TB152": Isotope(63000.0),
}
SAME = 0.02  # of a half life: headers round, and evaluations of it differ
_UNITS = (("minutes", 60.0), ("hours", 3600.0))
# How names of tracers write an isotope: 18F, F-18, F^18^, ^68^Ga.
_SYMBOL = re.compile(r"(?<![A-Z0-9])(?:([A-Z]{1,2})[-^\s]*(\d{2,3})|(\d{2,3})[-^\s]*([A-Z]{1,2}))(?![A-Z0-9])")
_FDG = re.compile(r"(?<![A-Z])FDG|FLU(OR)?O?DEOXYGLUCOSE")


def half_life_of(item: Dataset) -> float:
    """By RadionuclideHalfLife of an item of the Radiopharmaceutical Information Sequence; without it, by the isotope's code.

    Raises Rejected: PET_NO_DOSE, if there is neither; it is not that of the isotope which the code, else the name of the
    tracer, tells; or without either it is that of no positron emitter, as in minutes or hours.
    """
    with quiet():
        codes = item.get("RadionuclideCodeSequence")
    code = text(codes[0], "CodeValue") if isinstance(codes, Items) and len(codes) else ""
    known = next((one.seconds for one in ISOTOPES.values() if code in one.codes), None)
    told = numbers(item, "RadionuclideHalfLife", 1)
    if told is None or told[0] <= 0:
        if known is None:
            raise Rejected("PET_NO_DOSE", "the half life is absent, and no known isotope is named")
        return known
    (said,) = told
    if known is not None:
        if not _are_same(said, known):
            raise Rejected("PET_NO_DOSE", "the half life is not that of the isotope", half_life_s=said, isotope_s=known)
        return said
    if any(not _are_same(said, ISOTOPES[name].seconds) for name in _named(item)):
        raise Rejected("PET_NO_DOSE", "the half life is not that of the isotope which Radiopharmaceutical names")
    if not _is_known(said):
        unit = next((word for word, seconds in _UNITS if _is_known(said * seconds)), "")
        why = "no tracer of PET has the half life that RadionuclideHalfLife says, in s"
        raise Rejected("PET_NO_DOSE", why + (f"; it may be in {unit}" if unit else ""), half_life_s=said)
    return said


def _named(item: Dataset) -> set[str]:
    """The isotopes that the name of the tracer holds, perhaps none."""
    name = text(item, "Radiopharmaceutical").upper()
    found = {f"{one[1] or one[4]}{one[2] or one[3]}" for one in _SYMBOL.finditer(name)}
    return (found | ({"F18"} if _FDG.search(name) else set())) & ISOTOPES.keys()


def _is_known(seconds: float) -> bool:
    return any(_are_same(seconds, one.seconds) for one in ISOTOPES.values())


def _are_same(one_s: float, other_s: float) -> bool:
    return abs(one_s - other_s) <= SAME * other_s
