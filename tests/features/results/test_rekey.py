"""rekey: all patients have other pseudonyms afterwards, wherever they stand, and a killed change is finished."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.errors import RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.pseudonym import fingerprint, pseudonym
from features.core.storage.place import write_bytes
from features.core.storage.seal import json_bytes, page_bytes
from features.core.storage.store import Store
from features.core.storage.table import read_table, write_table
from features.results import rekey as module
from features.results.keys import adopt_key, check_key
from features.results.manifest import Mart, newest, read_audit
from features.results.published import Published
from features.results.rekey import Renaming, begin_rekey, finish_rekey, unfinished
from features.results.runs import run_bytes
from features.results.verify import verify
from features.results.withdraw import withdraw, withdrawn_cases

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]
OLD, NEW = b"o" * 64, b"n" * 64
CODES = {pseudonym(OLD, "demo", name): pseudonym(NEW, "demo", name) for name in ("1", "2", "3", "9")}
ONE, TWO, THREE, NINE = CODES


@pytest.fixture
def full(store: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh) -> Store:
    """Two refreshes and a study; one patient was withdrawn, another barred."""
    scans = [make_scan(ONE, 50), make_scan(TWO, 60), make_scan(THREE, 55)]
    refresh(scans[:1], make_recipe(), patients=(ONE, TWO), refused=TWO)
    refresh(scans, make_recipe(), make_recipe(name="other"), patients=(ONE, TWO), refused=TWO)
    adopt_key(store, OLD)
    run = store.study("response", "0" * 64)
    write_table(run / "design.parquet", pa.table({"case": [f"demo:{ONE}:baseline"], "group": [ONE]}), {"of": ONE})
    write_bytes(run / "report.html", page_bytes(f"<html><head></head><td>demo:{ONE}:baseline</td></html>"))
    write_bytes(run / "study.json", run_bytes(run, {"study": "response"}))
    write_bytes(store.releases, json_bytes({"releases": []}))
    withdraw(store, f"demo:{THREE}", "consent")
    withdraw(store, f"demo:{NINE}", "consent", in_advance=True)
    return store


def said(store: Store) -> str:
    """All that the store says in words."""
    found = []
    for path in sorted(path for path in store.root.rglob("*") if path.is_file() and "work" not in path.parts):
        found.append(str(read_table(path).to_pydict()) if path.suffix == ".parquet" else path.read_text())
    return "\n".join(found)


def test_everything_that_a_store_says_is_renamed(full: Store) -> None:
    full.quality("demo").parent.mkdir(exist_ok=True)
    full.quality("demo").write_text(f"<td>{ONE}</td>")
    before = Mart.open(full).read("radiomics", "demo").to_pydict()
    begin_rekey(full, Renaming.between(OLD, NEW, CODES))
    finish_rekey(full)
    words = said(full)
    assert not any(code in words for code in CODES)
    assert CODES[ONE] in (full.study("response", "0" * 64) / "report.html").read_text()
    after = Mart.open(full).read("radiomics", "demo").to_pydict()
    assert after["patient"] == [CODES[code] for code in before["patient"]]
    rest = {name: values for name, values in before.items() if name not in ("case", "patient")}
    assert {name: after[name] for name in rest} == rest
    assert withdrawn_cases(full) == {f"demo:{CODES[THREE]}", f"demo:{CODES[NINE]}"}
    assert check_key(full, NEW, Path("new.key"))
    with pytest.raises(RadweaveError, match=f"fingerprint {fingerprint(NEW)}, and old.key holds the one of"):
        check_key(full, OLD, Path("old.key"))
    assert verify(full).faults == ()


def test_a_withdrawn_patient_whose_id_is_not_known_stops_it_before_anything_changed(full: Store) -> None:
    before = {path: path.read_bytes() for path in full.root.rglob("*") if path.is_file() and "locks" not in path.parts}
    some = {old: new for old, new in CODES.items() if old not in (NINE, ONE)}
    with pytest.raises(RadweaveError) as error:
        begin_rekey(full, Renaming.between(OLD, NEW, some))
    told = "1 in refresh 1; 1 in refresh 2; 1 in study response/0000000000000000; 1 in the audit of withdrawals"
    assert f"cannot be renamed: {told}. Give their ids with --ids FILE." in str(error.value)
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(RadweaveError, match="both keys are the same"):
        Renaming.between(OLD, OLD, CODES)


@pytest.mark.parametrize(
    "stop",
    ["_rename_file", "remove_file", "write_rows", "_renamed_table", "rewrite", "build_view", "remove_unneeded_tables"],
)
def test_a_killed_change_stops_everything_else_and_is_finished(
    full: Store, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    calls: list[str] = []

    def kill(*args: object) -> object:
        calls.append(stop)
        if len(calls) > 1 or stop in ("write_rows", "remove_file", "remove_unneeded_tables"):
            raise Killed
        return original(*args)

    original = getattr(module, stop)
    begin_rekey(full, Renaming.between(OLD, NEW, CODES))
    with monkeypatch.context() as patch:
        patch.setattr(module, stop, kill)
        with pytest.raises(Killed):
            finish_rekey(full)
    for use in (newest, withdrawn_cases, Mart.open, read_audit):
        with pytest.raises(StoreError, match="a change of its key goes on or was killed; radweave rekey finishes it"):
            use(full)
    assert any("rekey.json: a change of the key was not finished" in fault for fault in verify(full).faults)
    note = unfinished(full)
    assert note is not None
    assert note.is_between(OLD, NEW)
    finish_rekey(full)
    words = said(full)
    assert not any(code in words for code in CODES)
    assert verify(full).faults == ()
    assert newest(full).key_fingerprint == fingerprint(NEW)
    assert "rekey" not in json.dumps([path.name for path in full.root.iterdir()])
