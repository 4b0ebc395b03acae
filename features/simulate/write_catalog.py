"""The data_catalog.yaml of simulated cohorts, and that of the lung cohort."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from features.simulate.acquisition import Format
from features.simulate.patient import WEEK4_DAYS
from features.simulate.truth import HORIZON_DAYS
from features.simulate.write_dicom import TIMEPOINT_CODES
from features.simulate.write_seg import LABEL
from features.simulate.write_tables import ROMAN, SHEET, clinical_name, coin_name, genomic_name

HEADER = """\
# A simulated multicentre lung-CT cohort: no real patient is in it.
# The planted truth lies beside the cohort in truth/, for tests alone; nothing below refers to it.
"""

VARIABLES: dict[str, dict[str, Any]] = {
    "age_years": {
        "type": "number",
        "description": "age at the start of treatment",
        "unit": "years",
        "allowed": [18, 110],
    },
    "sex": {"type": "category", "description": "sex", "levels": ["female", "male"]},
    "stage": {"type": "ordinal", "description": "clinical stage", "levels": list(ROMAN)},
    "smoking_pack_years": {
        "type": "number",
        "description": "packs a day times years smoked",
        "unit": "pack-years",
        "allowed": [0, 300],
    },
    "response": {"type": "flag", "description": "the tumour responded to treatment", "role": "outcome"},
    "os_days": {
        "type": "number",
        "description": "time from the start of treatment to death or last contact",
        "role": "outcome",
        "unit": "days",
        "allowed": [0, 36525],
    },
    "death": {"type": "flag", "description": "death was seen", "role": "outcome"},
}

CLINICAL: dict[Format, dict[str, Any]] = {
    "rtstruct": {
        "id": "patient_id",
        "missing": ["", "NA"],
        "columns": {
            "age_years": "age",
            "sex": {"from": "sex", "codes": {"F": "female", "M": "male"}},
            "stage": "stage",
            "smoking_pack_years": "pack_years",
            "response": {"from": "responder", "codes": {"yes": True, "no": False}},
            "os_days": {"start": "treatment_start", "end": "last_contact", "date_format": "%d/%m/%Y"},
            "death": {"from": "event", "codes": {"1": True, "0": False}},
        },
    },
    "seg": {
        "id": "ID",
        "sheet": SHEET,
        "missing": ["", "NA", "-9"],
        "columns": {
            "age_years": {"from": "Age (months)", "unit": "months"},
            "sex": {"from": "Sex", "codes": {"1": "male", "2": "female"}},
            "stage": "UICC",
            "smoking_pack_years": "Pack years",
            "response": {"from": "Best response", "codes": {"CR": True, "PR": True, "SD": False, "PD": False}},
            "os_days": {"from": "OS (months)", "unit": "months"},
            "death": {"from": "Vital status", "codes": {"dead": True, "alive": False}},
        },
    },
    "nifti": {
        "id": "Patient",
        "separator": ";",
        "decimal": ",",
        "missing": ["", "NA", "unk"],
        "columns": {
            "age_years": "Age",
            "sex": "Sex",
            "stage": {"from": "Stage", "codes": {str(i): level for i, level in enumerate(ROMAN, 1)}},
            "smoking_pack_years": "PackYears",
            "response": {"from": "Response", "codes": {"R": True, "NR": False}},
            "os_days": "SurvivalDays",
            "death": {"from": "Event", "codes": {"true": True, "false": False}},
        },
    },
}

ENDPOINTS: dict[str, dict[str, Any]] = {
    "response": {"kind": "binary", "column": "response", "description": "response to treatment"},
    "os": {
        "kind": "survival",
        "time": "os_days",
        "event": "death",
        "horizon_days": HORIZON_DAYS,
        "description": "overall survival",
    },
}

COIN_VARIABLE = {"type": "flag", "description": "a tossed coin showed heads: nothing can predict it", "role": "outcome"}
COIN_ENDPOINT = {"kind": "binary", "column": "coin", "description": "a tossed coin"}


def write_catalog(path: Path, centres: Mapping[str, Format], *, coin: bool = False) -> None:
    """Write the catalog of a cohort `builtin` with these centres, root ".", two time points, two tables a centre.

    `coin`: with a third table, and an endpoint that is a coin toss.
    """
    tables: list[dict[str, Any]] = []
    for centre, form in centres.items():
        tables.append({"block": "clinical", "centre": centre, "path": clinical_name(centre, form), **CLINICAL[form]})
        tables.append(
            {
                "block": "genomic",
                "centre": centre,
                "path": genomic_name(centre),
                "id": "sample",
                "genes": "GENE_*",
                "unit": "log2 expression",
            }
        )
        if coin:
            sides = {"coin": {"from": "side", "codes": {"heads": True, "tails": False}}}
            tables.append(
                {"block": "clinical", "centre": centre, "path": coin_name(centre), "id": "patient", "columns": sides}
            )
    cohort = {
        "title": "Simulated lung CT",
        "licence": "CC0-1.0 (simulated)",
        "root": ".",
        "source": "radweave's simulator",
        "timepoints": {"baseline": 0, "week4": WEEK4_DAYS},
        "centres": {centre: {"title": f"Simulated centre {centre}"} for centre in centres},
        "images": [_image(centre, form) for centre, form in centres.items()],
        "variables": {**VARIABLES, **({"coin": COIN_VARIABLE} if coin else {})},
        "tables": tables,
        "endpoints": {**ENDPOINTS, **({"coin": COIN_ENDPOINT} if coin else {})},
    }
    dump_catalog(path, HEADER, {"builtin": cohort})


def dump_catalog(path: Path, header: str, cohorts: Mapping[str, Mapping[str, Any]], *, short: bool = False) -> None:
    """Write a catalog with these cohorts, as a person would: comments first, keys in the order given, no anchors.

    short: lists and mappings that hold nothing but values are on one line.
    """
    path.write_bytes((header + plain_yaml({"version": 1, "cohorts": dict(cohorts)}, short=short)).encode())


def plain_yaml(value: Mapping[str, Any], *, short: bool = False) -> str:
    """YAML as a person would write it: keys in the order given, no anchors. short: as of `dump_catalog`."""
    dumped: str = yaml.dump(
        dict(value),
        Dumper=_PlainDumper,
        sort_keys=False,
        width=120,
        allow_unicode=True,
        default_flow_style=None if short else False,
    )
    return dumped


class _PlainDumper(yaml.SafeDumper):
    """Safe YAML without anchors: what stands twice is written twice, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _image(centre: str, form: Format) -> dict[str, Any]:
    facts: dict[str, Any] = {"centre": centre, "modality": "CT", "unit": "HU"}
    if form == "nifti":
        folder = f"{centre}/{{patient}}/{{timepoint}}"
        return {
            "format": "nifti",
            **facts,
            "path": f"{folder}/CT.nii.gz",
            "mask": {"format": "nifti", "path": f"{folder}/GTV.nii.gz"},
        }
    return {
        "format": "dicom",
        **facts,
        "path": f"{centre}/dicom",
        "mask": {"format": form, "roi": "GTV.*" if form == "rtstruct" else LABEL},
        "timepoint": {
            "tag": "ClinicalTrialTimePointID",
            "codes": {code: timepoint for timepoint, code in TIMEPOINT_CODES.items()},
        },
    }
