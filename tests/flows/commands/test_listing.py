"""The command features: what can be computed."""

import csv
import json
from collections.abc import Callable


def test_image_types_and_extractors_are_listed(command: Callable) -> None:
    rows = json.loads(command("features", "--image-types", "--format", "json").stdout)
    assert {"original", "pyradiomics", "efficientnet_lite0"} <= {row["name"] for row in rows}
    assert all(row["what"] for row in rows)


def test_an_unknown_family_is_told(command: Callable) -> None:
    assert 'there is no family "gcml"' in command("features", "gcml", code=2).stderr
    assert "leave it out" in command("features", "glcm", "--image-types", code=2).stderr


def test_features_are_listed_with_codes_and_formulas(command: Callable) -> None:
    rows = list(csv.DictReader(command("features", "firstorder", "--format", "csv").stdout.splitlines()))
    (mean,) = (row for row in rows if row["feature"] == "Mean")
    assert mean["IBSI"] == "Q4LE"
    assert mean["formula"]
    assert "Q4LE" in command("features", "firstorder").stdout


def test_features_of_the_ibsi_mode_are_listed_too(command: Callable) -> None:
    rows = list(csv.DictReader(command("features", "gldzm", "--ibsi", "--format", "csv").stdout.splitlines()))
    assert len(rows) == 16
    assert all(len(row["IBSI"]) == 4 and row["formula"] for row in rows)
    assert 'did you mean "glcm"' in command("features", "glcn", "--ibsi", code=2).stderr
