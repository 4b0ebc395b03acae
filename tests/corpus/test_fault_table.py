"""The registry of faults is whole, and docs/faults.md tells it."""

from __future__ import annotations

from pathlib import Path

from features.core.quarantine import REASONS
from tests.corpus.__main__ import fault_table
from tests.corpus.faults import FAULTS

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"


def test_every_outcome_names_codes_that_are_explained() -> None:
    named = {row.split()[1] for one in FAULTS.values() for row in one.outcome.refused}
    warned = {code for one in FAULTS.values() for code in one.outcome.warned}
    assert sorted((named | warned) - REASONS.keys()) == []
    assert [code for code in sorted(named) if REASONS[code].means.startswith("warning: ")] == []
    assert [code for code in sorted(warned) if not REASONS[code].means.startswith("warning: ")] == []


def test_the_documentation_has_the_table_of_faults() -> None:
    written = DOCS.read_text("utf-8").split("<!-- faults -->\n")[1].split("\n<!-- /faults -->")[0]
    assert written == fault_table(), "run: python -m tests.corpus, and put what it prints into docs/faults.md"
