"""A cohort of about seventy cases with one fault each and twenty clean ones, whole."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from features.core.store import Store
from tests.corpus.faults import FAULTS
from tests.corpus.outcomes import results_of, run_corpus, write_clean
from tests.corpus.registry import KINDS, Fault

CLEAN = {f"clean-{kind}-{seed}": (kind, seed) for seed in range(10) for kind in sorted(KINDS)}
CLEAN = dict(list(CLEAN.items())[:20])
BAD: dict[str, Fault] = {}
for _fault in FAULTS.values():
    BAD.setdefault(_fault.code, _fault)


@pytest.mark.slow
def test_a_cohort_of_bad_and_clean_cases_gives_exactly_its_reasons_and_leaves_the_clean_ones_alone(
    tmp_path: Path,
) -> None:
    for patient, (kind, seed) in CLEAN.items():
        write_clean(tmp_path / "clean", kind, patient, seed)
    shutil.copytree(tmp_path / "clean", tmp_path / "all")
    for fault in BAD.values():
        fault.write(tmp_path / "all")
    old = time.time() - 3600  # files that were written just now are read again
    written = [path for path in (tmp_path / "all").rglob("*") if not path.is_dir()]
    for path in written:
        os.utime(path, (old, old), follow_symlinks=False)
    alone, store = Store(tmp_path / "alone"), Store(tmp_path / "store")
    clean, run = run_corpus(tmp_path / "clean", KINDS, alone), run_corpus(tmp_path / "all", KINDS, store)

    assert clean.rows == () and len(clean.features) == len(CLEAN)
    assert Counter(code for _, code in run.rows) == Counter(row for one in BAD.values() for row in one.outcome.refused)
    warned = Counter(code for one in BAD.values() for code in one.outcome.warned)
    assert Counter(code for codes in run.warnings.values() for code in codes) == warned
    assert len(run.features) == len(CLEAN) + sum(one.outcome.used for one in BAD.values())
    aside = sum((Counter(one.outcome.aside) for one in BAD.values()), Counter[str]())
    files = Counter(run.index.files)
    assert files - Counter(used=files["used"], quarantined=files["quarantined"]) == aside
    assert files.total() >= len(written)  # an archive holds several

    assert results_of(store, clean.index) == results_of(alone, clean.index), "results of clean cases differ"
    again = run_corpus(tmp_path / "all", KINDS, store)
    assert again.computed == 0
    assert again.index.read < run.index.read / 10  # of the known files, a sample
    assert repr((again.rows, again.warnings, again.features)) == repr((run.rows, run.warnings, run.features))
