"""The tables that pyradiomics publishes with its test images: settings and values of each, met through `extract_pair`."""

from __future__ import annotations

import ast
import csv
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.radiomics.extraction import extract_pair
from features.radiomics.pair import Pair
from features.radiomics.parameters import load_parameters

FAMILIES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape")  # masks of one slice are not there
IMAGES = ("brain1", "brain2", "breast1")  # those whose images are there
# What differs by design: docs/extract.md says why.
DIFFERENT = {"glcm_Correlation", "glcm_Imc1", "glcm_Imc2", "glcm_MCC"}


def columns(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a table by test case."""
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    return {name: {row[0]: row[j] for row in rows} for j, name in enumerate(rows[0]) if j}


def parameters(folder: Path, family: str, row: dict[str, str]) -> Path:
    settings: dict[str, Any] = ast.literal_eval(row["diagnostics_Configuration_Settings"])
    given = {key: value for key, value in settings.items() if value is not None}
    path = folder / "parameters.yaml"
    path.write_text(yaml.safe_dump({"setting": given, "imageType": {"Original": {}}, "featureClass": {family: None}}))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_published_tables_are_met(family: str, public_data: Path, tmp_path: Path) -> None:
    folder = public_data / "pyradiomics"
    cases = columns(folder / "baseline" / f"baseline_{family}.csv")
    wanted = {name: row for name, row in cases.items() if name.split("_")[0] in IMAGES}
    assert len(wanted) >= 3
    far: dict[str, tuple[float, float]] = {}
    compared = 0
    for name, row in wanted.items():
        image = name.split("_")[0]
        pair = Pair(folder / f"{image}_image.nrrd", folder / f"{image}_label.nrrd")
        found = extract_pair(pair, load_parameters(parameters(tmp_path, family, row))).features
        for feature, text in row.items():
            if not feature.startswith(f"original_{family}_"):
                continue
            compared += 1
            value, own = float(text), found[feature]
            undefined = math.isnan(own) and (math.isnan(value) or feature.removeprefix("original_") in DIFFERENT)
            # shape: the table is of pyradiomics 2.0, whose mesh of brain1 differs from that of 3.0 by 0.08 %
            tolerance = 1e-3 if family == "shape" else 1e-6
            if not undefined and not math.isclose(own, value, rel_tol=tolerance, abs_tol=1e-9):
                far[f"{name}: {feature}"] = own, value
    assert far == {}
    assert compared > 50
