"""`radweave standardise` on the built-in cohort: a file that a recipe can name, and that its own studies may not."""

import json
from pathlib import Path

import pytest

from features.images.normalisers.nyul import read_landmarks

pytestmark = pytest.mark.slow


def test_landmarks_of_one_centre(demo, command, tmp_path: Path) -> None:
    places = "--catalog", demo.catalog, "--store", demo.copy(tmp_path), "--runner", "threads"
    out = tmp_path / "ct.json"
    said = command("standardise", "builtin", "--recipe", "ct_lung", "--centre", "C", "--output", out, *places)
    assert f"{out}: landmarks of builtin" in said.stdout
    found = read_landmarks(out)
    assert (found.origin.cohort, found.origin.centres, found.origin.unit) == ("builtin", ("C",), "HU")
    cases = json.loads(out.read_text())["cases"]
    assert cases == sorted(cases) and len(cases) == len(set(cases)) > 2
    wrong = command("standardise", "builtin", "--recipe", "ct_lung", "--centre", "D", "--out", out, *places, code=2)
    assert 'cohort "builtin" has no centre "D"; it has A, B, C' in wrong.stderr
