"""What catalogs of simulated cohorts have in common: the frame of a cohort, variables, endpoints, clinical tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.simulate.site import Site

Said = dict[str, Any]

SEX: Said = {"type": "category", "description": "sex", "levels": ["female", "male"]}
SEX_CODES: Said = {"from": "sex", "codes": {"F": "female", "M": "male"}}


def cohort(
    title: str,
    sites: Sequence[Site],
    *,
    images: Sequence[Said],
    variables: Mapping[str, Said],
    tables: Sequence[Said],
    endpoints: Mapping[str, Said],
    timepoints: Said | None = None,
    visits: Sequence[Said] = (),
    labelled: Mapping[str, Said] | None = None,
) -> Said:
    """A cohort, whose files lie beside the catalog. timepoints and visits: of cohorts with several; labelled: from reports."""
    return {
        "title": title,
        "licence": "CC0-1.0 (simulated)",
        "root": ".",
        "source": "radweave's simulator",
        **({"timepoints": timepoints} if timepoints else {}),
        "centres": {site.name: {"title": f"Simulated centre {site.name}"} for site in sites},
        "images": list(images),
        **({"visits": list(visits)} if visits else {}),
        "variables": dict(variables),
        "tables": list(tables),
        **({"labelled": dict(labelled)} if labelled else {}),
        "endpoints": dict(endpoints),
    }


def age(description: str) -> Said:
    """An age in years."""
    return {"type": "number", "description": description, "unit": "years", "allowed": [18, 110]}


def flag(description: str) -> Said:
    """An outcome that is true or false."""
    return {"type": "flag", "description": description, "role": "outcome"}


def days(description: str) -> Said:
    """A time to an event or to the end of follow-up."""
    return {"type": "number", "description": description, "role": "outcome", "unit": "days"}


def binary(column: str, description: str) -> Said:
    """An endpoint of a flag."""
    return {"kind": "binary", "column": column, "description": description}


def survival(time: str, event: str, horizon_days: int, description: str) -> Said:
    """An endpoint of a time and an event."""
    return {
        "kind": "survival",
        "time": time,
        "event": event,
        "horizon_days": horizon_days,
        "description": description,
    }


def clinical_table(site: Site, columns: Mapping[str, Any]) -> Said:
    """The clinical table of a site, by the column `patient`."""
    path = f"tables/{site.name}_clinical.csv"
    return {"block": "clinical", "centre": site.name, "path": path, "id": "patient", "columns": dict(columns)}


def recipe(modality: str, unit: str, spacing_mm: Sequence[float | None] | None, discretise: Said, **more: Any) -> Said:
    """A recipe that every refresh extracts: linear interpolation, all families unless `extractors` says otherwise."""
    return {
        "default": True,
        "modality": modality,
        "unit": unit,
        **({"spacing_mm": list(spacing_mm)} if spacing_mm else {}),
        "interpolator": "linear",
        "discretise": discretise,
        "extractors": [{"kind": "radweave"}],
        **more,
    }
