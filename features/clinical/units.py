"""Units of clinical variables and the factors between them.

Sources: SI brochure (9th edition) for the SI units; AMA Manual of Style, SI conversions, for the laboratory, recomputed
here from molar masses (IUPAC atomic weights), so that creatinine of 1 mg/dl is 88.4 umol/l; enzymes by the katal
(1 U = 1 umol/min, 1 kat = 1 mol/s).
"""

from __future__ import annotations

_FACTORS: dict[str, dict[str, float]] = {
    "time": {"hours": 1 / 24, "days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25},
    "mass": {"mg": 1e-6, "g": 0.001, "kg": 1.0},
    "length": {"mm": 0.001, "cm": 0.01, "m": 1.0},
    "volume": {"mm3": 0.001, "ml": 1.0, "cm3": 1.0, "dl": 100.0, "l": 1000.0},
    "share": {"fraction": 1.0, "percent": 0.01, "%": 0.01},
    "mass concentration": {  # in g/l
        "g/l": 1.0,
        "g/dl": 10.0,
        "mg/dl": 0.01,
        "mg/l": 0.001,
        "ug/ml": 0.001,
        "ug/dl": 1e-5,
        "ug/l": 1e-6,
        "ng/ml": 1e-6,
        "ng/dl": 1e-8,
        "pg/ml": 1e-9,
    },
    "molar concentration": {"mol/l": 1.0, "mmol/l": 1e-3, "umol/l": 1e-6, "nmol/l": 1e-9, "pmol/l": 1e-12},
    "enzyme activity": {"U/l": 1.0, "kU/l": 1000.0, "ukat/l": 60.0, "nkat/l": 0.06},
    "cells": {"/ul": 1.0, "10^3/ul": 1000.0, "10^6/ul": 1e6, "10^9/l": 1000.0, "10^12/l": 1e6},
    "radioactivity": {"Bq": 1.0, "kBq": 1e3, "MBq": 1e6, "GBq": 1e9, "mCi": 3.7e7},
    "pressure": {"mmHg": 133.322387415, "kPa": 1000.0},
}
MOLAR_MASS = {  # g/mol
    "albumin": 66_500.0,
    "bilirubin": 584.67,
    "calcium": 40.078,
    "cholesterol": 386.66,
    "creatinine": 113.12,
    "glucose": 180.156,
    "haemoglobin": 16_114.5,  # the monomer, as laboratories count (HiCN method, ICSH)
    "magnesium": 24.305,
    "phosphate": 30.974,  # as phosphorus
    "triglycerides": 885.4,  # as triolein
    "urea": 60.056,
    "urea nitrogen": 28.014,
    "uric acid": 168.11,
}


def conversion(source: str, target: str, analyte: str = "") -> float | None:
    """Factor that turns values in `source` into values in `target`, or None if the two cannot be converted.

    Mass and molar concentration convert for the analytes of `MOLAR_MASS` alone.

    >>> conversion("months", "days")
    30.4375
    >>> round(conversion("mg/dl", "umol/l", "creatinine"), 1)
    88.4
    """
    if source == target:
        return 1.0
    for factors in _FACTORS.values():
        if source in factors and target in factors:
            return factors[source] / factors[target]
    mass, molar = _FACTORS["mass concentration"], _FACTORS["molar concentration"]
    weight = MOLAR_MASS.get(analyte)
    if weight and source in mass and target in molar:
        return mass[source] / weight / molar[target]
    if weight and source in molar and target in mass:
        return molar[source] * weight / mass[target]
    return None
