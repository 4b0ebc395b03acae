"""A cohort of about seventy cases with one fault each and twenty clean ones goes the whole way of a refresh."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.published import Published
from flows.refresh import refresh_cohort
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.corpus.faults import FAULTS
from tests.corpus.outcomes import COHORT, RECIPES, write_clean
from tests.corpus.registry import KINDS, Fault, corpus_of
from tests.support.catalog import write_catalog

CLEAN = [(kind, seed) for seed in range(2) for kind in sorted(KINDS)][:20]
BAD: dict[str, Fault] = {}
for _fault in FAULTS.values():
    BAD.setdefault(_fault.code, _fault)


def _refresh(root: Path, store: Store) -> Published:
    catalog = write_catalog(root, **{COHORT: corpus_of(KINDS, "files")})
    with Pool(Threads(workers=2)) as pool:
        return refresh_cohort(COHORT, tuple(RECIPES.values()), catalog, store, pool)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


@pytest.mark.slow
def test_bad_cases_get_exactly_their_reasons_and_leave_the_clean_ones_alone(tmp_path: Path) -> None:
    clean, every = tmp_path / "clean", tmp_path / "every"
    for kind, seed in CLEAN:
        write_clean(clean / "files", kind, f"clean-{kind}-{seed}", seed)
    shutil.copytree(clean, every)
    for fault in BAD.values():
        fault.write(every / "files")
    old = time.time() - 3600  # files that were written just now are read again
    for path in _files(every):
        os.utime(path, (old, old), follow_symlinks=False)

    alone, store = Store(clean / "store"), Store(every / "store")
    whole = sum(KINDS[kind].scans for kind, _ in CLEAN)
    assert _refresh(clean, alone).used == whole
    published = _refresh(every, store)

    outcomes = [one.outcome for one in BAD.values()]
    rows = Mart.open(store).read("quarantine", COHORT, ["stage", "code"]).to_pylist()
    found = Counter(f"{row['stage']} {row['code']}" for row in rows)
    assert found == Counter(row for one in outcomes for row in one.refused)
    warned = Counter(published.warned)
    assert warned.pop("IMAGE_COPY") > 20  # the cases are made of few images
    assert warned == Counter(code for one in outcomes for code in one.warned)
    assert published.used == whole + sum(one.used for one in outcomes)
    aside = {what: count for what, count in published.files.items() if count and what not in ("used", "quarantined")}
    assert aside == sum((Counter(one.aside) for one in outcomes), Counter[str]())
    assert sum(published.files.values()) >= len(list(_files(every / "files")))  # an archive holds several

    kept = {path.relative_to(alone.root): path.read_bytes() for path in _files(alone.root / "work")}
    assert len(kept) >= 2 * len(CLEAN)
    assert [str(name) for name, data in kept.items() if (store.root / name).read_bytes() != data] == []

    before = {path: path.stat().st_mtime_ns for path in _files(store.root / "work")}
    again = _refresh(every, store)
    assert (again.refresh, again.changed) == (published.refresh, False)
    assert {path: path.stat().st_mtime_ns for path in _files(store.root / "work")} == before
