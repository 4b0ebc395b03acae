"""Manifests: a refresh appears whole, earlier ones stay, damage is noticed, a killed commit is finished by the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from features.core.case import Scan
from features.core.errors import StoreError
from features.core.kinds.recipe import Recipe
from features.core.storage.seal import read_json
from features.core.storage.store import Store
from features.results.manifest import EMPTY, LAYOUT, Manifest, Mart, manifest_at, mart_refresh, newest, refresh_numbers
from features.results.published import Published
from features.results.view import mend_mart

Refresh = Callable[..., Published]


@pytest.fixture
def two(store: Store, make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Refresh) -> Store:
    """A store after two refreshes: one patient, then two."""
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    refresh(scans[:1], make_recipe())
    refresh(scans, make_recipe())
    return store


def cases(mart: Mart) -> list[str]:
    return mart.read("region", "demo", ["case"])["case"].to_pylist()


def test_earlier_refreshes_can_still_be_read(two: Store) -> None:
    assert refresh_numbers(two) == [1, 2]
    assert cases(Mart.open(two, 1)) == ["demo:p1:baseline"]
    assert cases(Mart.open(two)) == ["demo:p1:baseline", "demo:p2:baseline"]
    with pytest.raises(StoreError, match="there is no refresh 3; kept: 1, 2"):
        Mart.open(two, 3)


def test_an_open_mart_does_not_change_with_the_store(
    two: Store, make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Refresh
) -> None:
    mart, folder = Mart.open(two), two.mart.resolve()
    refresh([make_scan("p3", 70)], make_recipe())
    assert len(cases(mart)) == 2
    assert len(cases(Mart.open(two))) == 1
    assert (folder / "region" / "demo.parquet").is_file()
    assert folder != two.mart.resolve()


def test_the_link_names_the_newest_refresh_and_its_files_are_the_tables(two: Store) -> None:
    assert mart_refresh(two) == 2
    manifest = newest(two)
    for name, file in manifest.files.items():
        linked = two.mart / f"{name}.parquet"
        assert linked.stat().st_ino == (two.root / file.path).stat().st_ino
    told = Manifest.model_validate(read_json(two.mart / "manifest.json"))
    assert told == manifest.model_copy(update={"audit": None})
    unchanged = [name for name, file in manifest_at(two, 1).files.items() if manifest.files[name] == file]
    assert unchanged == ["clinical/demo", "dictionary/demo", "quarantine/demo", "warnings/demo"]


def test_a_link_that_a_killed_commit_left_behind_is_mended(two: Store) -> None:
    two.mart.unlink()
    two.mart.symlink_to("views/000001")
    assert newest(two).refresh == 2
    mend_mart(two)
    assert mart_refresh(two) == 2


def test_a_changed_file_is_refused(two: Store) -> None:
    path = two.root / newest(two).files["clinical/demo"].path
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="is not the file that the manifest names; run radweave verify"):
        Mart.open(two).read("clinical", "demo")
    path.unlink()
    with pytest.raises(StoreError, match="is not the file that the manifest names"):
        Mart.open(two).read("clinical", "demo")


def test_a_cohort_that_was_never_refreshed_is_named(store: Store) -> None:
    assert newest(store) == EMPTY
    with pytest.raises(StoreError, match='the store has no region table of cohort "demo": run radweave refresh demo'):
        Mart.open(store).read("region", "demo")


def test_a_store_of_another_layout_is_refused(store: Store) -> None:
    store.refresh(1).parent.mkdir(parents=True)
    store.refresh(1).write_text('{"layout": 99}')
    with pytest.raises(StoreError, match=f"layout 99, this radweave reads {LAYOUT}"):
        newest(store)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"layout": 2}'])
def test_a_damaged_manifest_is_a_store_error(store: Store, text: str) -> None:
    store.refresh(1).parent.mkdir(parents=True)
    store.refresh(1).write_text(text)
    with pytest.raises(StoreError, match=r"000001\.json: is damaged"):
        newest(store)


def test_no_path_of_this_machine_stands_in_a_manifest(two: Store, tmp_path: Path) -> None:
    assert str(tmp_path) not in two.refresh(2).read_text()
