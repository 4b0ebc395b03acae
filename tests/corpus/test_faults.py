"""Each fault alone has exactly its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.kinds.extractor import Values
from features.core.storage.store import Store
from tests.corpus.faults import FAULTS
from tests.corpus.outcomes import Result, run_corpus, write_clean
from tests.corpus.registry import KINDS, Fault


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What becomes of the clean case of each kind."""
    root = tmp_path_factory.mktemp("twins")
    for kind in KINDS:
        write_clean(root, kind, f"clean-{kind}")
    run = run_corpus(root, KINDS, Store(root / "store"))
    return {kind: run.of(f"clean-{kind}") for kind in KINDS}


@pytest.mark.slow
def test_clean_cases_are_used_without_a_word(twins: dict[str, Result]) -> None:
    found = {kind: (one.refused, one.warned, len(one.features)) for kind, one in twins.items()}
    assert found == {kind: ((), (), one.scans) for kind, one in KINDS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_has_its_outcome(fault: Fault, twins: dict[str, Result], tmp_path: Path) -> None:
    fault.write(tmp_path / "data")
    run = run_corpus(tmp_path / "data", [fault.kind], Store(tmp_path / "store"))
    wanted, found = fault.outcome, run.of(fault.patient, f"{fault.patient}-B")
    assert sorted(code for _, code in run.rows) == sorted(wanted.refused)
    assert found.warned == wanted.warned
    assert len(run.features) == wanted.used
    aside = {what: count for what, count in run.index.files.items() if count and what not in ("used", "quarantined")}
    assert aside == wanted.aside
    twin = dict(twins[fault.kind].features)
    close = [_is_close(values, twin[place]) for place, values in found.features]
    if wanted.twin == "equal":
        assert [place for place, values in found.features if values != twin[place]] == []
    elif found.features:
        assert all(close) == (wanted.twin == "close")


def _is_close(values: Values, twin: Values) -> bool:
    return values.keys() == twin.keys() and all(
        values[name] == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True)
        if isinstance(value, float)
        else value == values[name]
        for name, value in twin.items()
    )
