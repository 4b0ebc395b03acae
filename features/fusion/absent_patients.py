"""absent_patients: who of a cohort has no usable image, and why."""

from __future__ import annotations

from collections.abc import Collection

from features.results.cases import UNKNOWN
from features.results.manifest import Mart


def quarantined_patients(mart: Mart, name: str) -> set[str]:
    """Patients of whom something was rejected."""
    cases = mart.read("quarantine", name)["case"].to_pylist()
    return {case.split(":")[1] for case in cases if case.count(":") >= 1} - {UNKNOWN}


def known_patients(mart: Mart, name: str) -> set[str]:
    """Every patient of whom a cohort's clinical table, its images or its quarantine tell."""
    clinical = mart.read("clinical", name, ["patient"])["patient"].to_pylist()
    return {
        *clinical,
        *mart.read("region", name, ["patient"])["patient"].to_pylist(),
        *quarantined_patients(mart, name),
    }


def why_no_image(
    mart: Mart, name: str, words: Collection[str], patients: Collection[str], images: Collection[str]
) -> dict[str, str]:
    """Patient → reason, of those without a usable image: the codes of their quarantine rows, or that there is none.

    words: time points that count. images: words of images that count.
    """
    codes: dict[str, set[str]] = {}
    for row in mart.read("quarantine", name).to_pylist():
        parts = row["case"].split(":")
        asked = row["image"] in ("", *images)
        if row["stage"] != "tables" and asked and len(parts) > 1 and (len(parts) < 3 or parts[2] in words):
            codes.setdefault(parts[1], set()).add(row["code"])
    return {patient: " + ".join(sorted(codes[patient])) if patient in codes else "no image" for patient in patients}
