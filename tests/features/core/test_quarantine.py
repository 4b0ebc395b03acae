"""Quarantine: every code means something, is used, and survives the way between processes."""

from __future__ import annotations

import ast
import pickle
import re
from functools import cache
from pathlib import Path

import pytest

from features.core.quarantine import REASONS, Rejected

ROOT = Path(__file__).parents[3]
MODULES = sorted([*(ROOT / "features").rglob("*.py"), *(ROOT / "tasks").rglob("*.py")])
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
MAKES = re.compile(r"\b(Rejected|Refusal|Warned)\(")


@cache
def _sources() -> dict[Path, str]:
    return {path: path.read_text("utf-8") for path in MODULES}


def _texts() -> dict[str, set[str]]:
    """Upper-case texts of the code → modules that hold them, the list of reasons itself left out."""
    found: dict[str, set[str]] = {}
    for path, text in _sources().items():
        if path.name in ("quarantine.py", "table_reasons.py"):
            continue
        for code in re.findall(rf'"({CODE.pattern.replace("(", "(?:")})"', text):
            found.setdefault(code, set()).add(path.stem)
    return found


def _first_arguments() -> set[str]:
    """First argument of every Rejected(...), Refusal(...) and Warned(...) that is a text."""
    calls = [
        node
        for text in _sources().values()
        if MAKES.search(text)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Rejected", "Refusal", "Warned")
    ]
    return {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


def test_every_code_is_used_somewhere() -> None:
    assert sorted(set(REASONS) - set(_texts())) == []


def test_every_used_code_has_a_reason() -> None:
    used = _first_arguments()
    assert len(used) > 20
    assert sorted(used - set(REASONS)) == []


def test_every_text_that_looks_like_a_code_of_a_family_has_a_reason() -> None:
    families = ("DICOM_", "NII_", "MASK_", "ROI_", "RT_", "SEG_", "TAB_", "PET_", "PATIENT_", "TIMEPOINT_")
    like = {text for text in _texts() if text.startswith(families)}
    assert sorted(like - set(REASONS)) == []


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_says_what_it_means_and_what_to_do(code: str) -> None:
    assert CODE.fullmatch(code)
    assert len(REASONS[code].means) > 10
    assert len(REASONS[code].remedy) > 5


def test_a_rejection_survives_pickling() -> None:
    again = pickle.loads(pickle.dumps(Rejected("MASK_TINY", "a line", voxels=3)))  # noqa: S301
    assert isinstance(again, Rejected)
    assert (again.code, again.message, again.details) == ("MASK_TINY", "a line", {"voxels": 3})
    assert str(again) == "MASK_TINY: a line"


def test_without_a_message_the_reason_speaks() -> None:
    assert str(Rejected("MASK_EMPTY")) == "MASK_EMPTY: the mask has no voxel"


def test_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Rejected("NO_SUCH_CODE")
