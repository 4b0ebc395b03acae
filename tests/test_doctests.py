"""Every example in a docstring of the three packages gives what is written below it."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = (path for package in ("features", "tasks", "flows") for path in (ROOT / package).rglob("*.py"))
# Files are read to find examples, and only modules that hold one are imported: all of them would cost many times more.
EXAMPLES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): found
    for path in sorted(FILES)
    if (found := path.read_text("utf-8").count(">>> "))
}


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_give_what_is_written(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0, capsys.readouterr().out
    assert found.attempted == EXAMPLES[module]  # a decorator can hide a docstring from doctest
