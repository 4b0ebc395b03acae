"""The pseudonym key from the command line: another one is refused, none is made by the way, and it is changed on purpose."""

import json
import os
from pathlib import Path

import pytest

from features.core.pseudonym import fingerprint, load_key, pseudonym
from features.core.storage.store import Store
from features.results.manifest import Mart, newest, read_audit, refresh_numbers, rewrite
from features.results.verify import verify
from features.results.withdraw import withdrawn_cases

pytestmark = pytest.mark.slow


@pytest.fixture
def own() -> str:
    """The file of the key that stores of the tests are made with."""
    return os.environ["RADWEAVE_KEY_FILE"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The file of another key."""
    path = tmp_path / "other.key"
    path.write_text("1" * 64 + "\n")
    path.chmod(0o600)
    return path


def contents(store: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.rglob("*") if path.is_file() and "locks" not in path.parts}


def forget_key(place: Path, *rows: dict[str, object]) -> None:
    """Make a store as earlier versions did, with these rows in its audit of withdrawals."""
    store = Store(place)
    for number in refresh_numbers(store):
        facts = json.loads(store.refresh(number).read_bytes())
        for name in ("audit", "key_fingerprint", "radweave:seal"):
            del facts[name]
        for path in (store.refresh(number), store.view(number) / "manifest.json"):
            path.write_text(json.dumps({**facts, "layout": 2}))
    if rows:
        store.withdrawals.write_text(json.dumps(rows))


def lose_refreshes(command, catalog: Path, store: Path, key: Path, other: Path) -> None:
    """No refresh is left, as where the only manifest was damaged and removed: withdrawn patients stay out all the same."""
    place, own, words = Store(store), load_key(key), ("refresh", "--all", "--catalog", catalog, "--store", store)
    gone = f"builtin:{pseudonym(own, 'builtin', 'A-0001')}"

    def said(*words: object, code: int = 0, by: Path = key) -> str:
        return command(*words, code=code, RADWEAVE_KEY_FILE=str(by)).stderr

    said("withdraw", gone, "--store", store)
    manifest = newest(place)
    rewrite(place, manifest.model_copy(update={"key_fingerprint": fingerprint(load_key(other))}))
    assert "withdrawn patients may be in its tables" in command("verify", "--store", store, code=4).stdout
    assert "withdrawn patients may be in its tables" in said(*words, code=4)
    for number in refresh_numbers(place):
        place.refresh(number).unlink()
    audit, before = place.withdrawals.read_bytes(), contents(store)
    assert f"fingerprint {fingerprint(own)}, and {other} holds the one of" in said(*words, code=2, by=other)
    assert "was made with one" in said(*words, code=2, by=store.parent / "none.key")
    assert contents(store) == before
    rows = [{k: v for k, v in row.items() if k not in ("key", "digest")} for row in json.loads(audit)]
    lose_audit(command, said, words, place, other)
    place.withdrawals.write_text(json.dumps(rows))  # of an earlier radweave
    before = contents(store)
    found = said(*words, code=2, by=other)
    assert "no refresh is left that tells its key, and it is not sure that" in found
    assert 'cohort "builtin" was last refreshed with another key' in found
    assert "a withdrawn patient of cohort" in found
    assert "say so: radweave adopt-key" in found
    assert contents(store) == before
    assert "remembers from now on that its key" in said(*words)
    assert {row.key for row in read_audit(place)} == {newest(place).key_fingerprint} == {fingerprint(own)}
    assert withdrawn_cases(place) == {gone}
    assert newest(place).cohorts["builtin"].withdrawn > 0
    assert gone.split(":")[1] not in Mart.open(place).read("clinical", "builtin")["patient"].to_pylist()
    assert "no faults" in command("verify", "--store", store).stdout


def lose_audit(command, said, refresh: tuple[object, ...], place: Store, other: Path) -> None:
    """Nothing tells who was withdrawn: nothing is read or written, whatever else is left. A killed first refresh goes on."""
    mart, untold = place.mart.readlink(), "nothing tells who was withdrawn"
    at = ("--store", place.root)
    commands = (
        refresh,
        ("withdraw", "builtin:aaaaaaaaaaaa", "--bar", *at),
        ("adopt-key", *refresh[2:]),
        ("history", *at),
    )
    for left, signs in ((None, (place.mart,)), ("[]", (place.used,)), (None, (place.used, place.mart))):
        place.withdrawals.unlink(missing_ok=True)
        if left:
            place.withdrawals.write_text(left)
        if place.used in signs:
            place.used.write_text("{}")
        for sign in {place.used, place.mart} - {*signs}:
            sign.unlink()
        before = contents(place.root)
        for words in commands if left else (refresh,):
            assert untold in said(*words, code=4)
        assert any(untold in fault for fault in verify(place).faults)
        assert contents(place.root) == before
        if not place.mart.is_symlink():
            place.mart.symlink_to(mart)
    assert untold in said(*refresh, code=4, by=other)
    assert "no refresh is left that tells who was withdrawn" in said("restart-audit", *at, code=4)
    place.used.unlink()
    place.mart.unlink()
    found = said(*refresh, code=2, by=other)
    assert "no refresh is left that tells its key, and it is not sure that" in found
    assert "withdraw there again whoever was withdrawn from this one" in found
    assert verify(place).faults == ()


def test_another_key_or_none_is_refused_and_nothing_is_made(demo, command, other: Path, tmp_path: Path) -> None:
    store, absent = demo.copy(tmp_path), tmp_path / "none" / "a.key"
    before = contents(store)
    places = ("--store", store, "--catalog", demo.catalog)
    recipe = ("builtin", "--recipe", "ct_lung", *places)
    for words in (
        ("refresh", "--all", *places),
        ("stability", *recipe),
        ("standardise", "--out", tmp_path / "landmarks.json", *recipe),
        ("quality", "builtin", "--draw", *places),
        ("export-seg", "builtin", "--output", tmp_path / "seg", *places),
        ("pseudonym", "builtin", *places),
        ("withdraw", "builtin:aaaaaaaaaaaa", "--bar", "--store", store),
        ("serve", *places),
    ):
        found = command(*words, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
        assert f"fingerprint {fingerprint(b'0' * 64)}, and {other} holds the one of {fingerprint(b'1' * 64)}" in found
        assert "set RADWEAVE_KEY_FILE to the file of the store's key" in found
        found = command(*words, code=2, RADWEAVE_KEY_FILE=str(absent)).stderr
        assert f"{absent}: there is no pseudonym key, and the store {store} was made with one" in found
    for words in (("withdraw", "builtin:aaaaaaaaaaaa"), ("restore", "builtin:aaaaaaaaaaaa")):
        found = command(*words, "--store", store, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
        assert "its pseudonyms are made with the key of" in found
        assert "nothing was changed" in command(*words, "--store", store, code=2, RADWEAVE_KEY_FILE=str(absent)).stderr
    words = ("deidentify", demo.catalog.parent, tmp_path / "out", "--cohort", "builtin")
    assert "radweave make-key" in command(*words, code=2, RADWEAVE_KEY_FILE=str(absent)).stderr
    assert not absent.parent.exists()
    command("query", "SELECT 1", "--store", store, RADWEAVE_KEY_FILE=str(absent))
    assert contents(store) == before


def test_a_key_is_made_with_a_new_store_and_this_is_said(command, tmp_path: Path) -> None:
    command("simulate", tmp_path / "cohort", "--centres", 1, "--patients-per-centre", 2)
    places = ("--catalog", tmp_path / "cohort" / "data_catalog.yaml", "--runner", "threads")
    inside = str(tmp_path / "one" / "a.key")
    found = command("refresh", "--all", *places, "--store", tmp_path / "one", code=2, RADWEAVE_KEY_FILE=inside).stderr
    assert "must not lie in the store" in found
    key = tmp_path / "keys" / "a.key"
    for name, says in (("one", True), ("two", False)):
        found = command("refresh", "--all", *places, "--store", tmp_path / name, RADWEAVE_KEY_FILE=str(key)).stderr
        assert (f"a new pseudonym key was made for this store: {key}; back it up" in found) == says
        assert newest(Store(tmp_path / name)).key_fingerprint == fingerprint(load_key(key))
    key.chmod(0o644)
    found = command("refresh", "--all", *places, "--store", tmp_path / "two", RADWEAVE_KEY_FILE=str(key)).stderr
    assert f"others can read or write the pseudonym key; chmod 600 {key}" in found
    assert "is there already" in command("make-key", code=2, RADWEAVE_KEY_FILE=str(key)).stderr
    another = tmp_path / "another.key"
    found = command("make-key", RADWEAVE_KEY_FILE=str(another)).stdout
    assert f"{another}: a new pseudonym key of fingerprint {fingerprint(load_key(another))}" in found
    lose_refreshes(command, tmp_path / "cohort" / "data_catalog.yaml", tmp_path / "one", key, another)


def test_a_store_of_an_earlier_version_takes_the_key_that_explains_it(
    demo, command, own: str, other: Path, tmp_path: Path
) -> None:
    store, places = demo.copy(tmp_path), ("--catalog", demo.catalog, "--store", tmp_path / "store")
    patient = sorted(path.name for path in (demo.catalog.parent / "C").iterdir() if path.is_dir())[0]
    gone = {"action": "withdrawn", "reason": "consent", "at": "2026-01-01", "done": True}
    forget_key(store, {"case": f"builtin:{pseudonym(load_key(), 'builtin', patient)}", **gone})
    found = command("refresh", "--all", *places, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
    assert 'cohort "builtin" was last refreshed with another key; with this key a withdrawn patient of' in found
    assert (
        "remembers from now on that its key is the one in"
        in command("refresh", "--all", *places, RADWEAVE_KEY_FILE=own).stderr
    )
    assert newest(Store(store)).key_fingerprint == fingerprint(load_key())
    forget_key(store, {"case": "builtin:aaaaaaaaaaaa", **gone})
    found = command("refresh", "--all", *places, code=2, RADWEAVE_KEY_FILE=own).stderr
    assert 'with this key a withdrawn patient of cohort "builtin" cannot be found among its files and tables' in found
    assert "if this is the right one, say so: radweave adopt-key" in found
    found = command("adopt-key", *places).stdout
    assert "a withdrawn patient of cohort" in found
    assert "remembers from now on the key" in found
    assert "remembers already" in command("adopt-key", *places).stdout
    command("refresh", "--all", *places)
    assert "no faults" in command("verify", "--store", store).stdout


def test_a_store_moves_to_another_key_and_who_was_withdrawn_stays_out(
    demo, command, own: str, other: Path, tmp_path: Path
) -> None:
    place, old, new = demo.copy(tmp_path), load_key(), load_key(other)
    store, places = Store(place), ("--catalog", demo.catalog, "--store", place)
    names = sorted(path.name for path in (demo.catalog.parent / "C").iterdir() if path.is_dir())
    command("withdraw", f"builtin:{pseudonym(old, 'builtin', names[0])}", "--store", place)
    command("withdraw", f"builtin:{pseudonym(old, 'builtin', 'P-77')}", "--bar", "--store", place)
    before = {row["patient"]: row for row in Mart.open(store).read("radiomics", "builtin").to_pylist()}
    held = contents(place)
    words = ("rekey", "--from", tmp_path / "old.key", *places)
    (tmp_path / "old.key").write_bytes(old)
    found = command(*words, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
    assert "1 in the audit of withdrawals. Give their ids with --ids FILE" in found
    assert contents(place) == held
    ids = tmp_path / "ids.csv"
    ids.write_text("builtin;P-77\n")
    found = command(*words, "--ids", ids, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
    assert "ids.csv, line 1: is not COHORT,ID" in found
    assert "P-77" not in found
    ids.write_text("builtin,P-77\n")
    found = command(*words, "--ids", ids, RADWEAVE_KEY_FILE=str(other)).stdout
    assert "25 patients renamed" in found
    assert "no faults" in command("verify", "--store", place).stdout
    assert "holds the one of" in command("refresh", "--all", *places, code=2, RADWEAVE_KEY_FILE=own).stderr
    results = {path for path in contents(place) if "work" in path.parts}
    command("refresh", "--all", *places, RADWEAVE_KEY_FILE=str(other))
    assert {path for path in contents(place) if "work" in path.parts} == results  # nothing is computed again
    assert "no faults" in command("verify", "--store", place).stdout
    assert newest(store).cohorts["builtin"].withdrawn > 0
    assert withdrawn_cases(store) == {f"builtin:{pseudonym(new, 'builtin', name)}" for name in (names[0], "P-77")}
    after = {row["patient"]: row for row in Mart.open(store).read("radiomics", "builtin").to_pylist()}
    assert not after.keys() & before.keys()
    names_apart = [[{**row, "patient": "", "case": ""} for row in rows.values()] for rows in (before, after)]
    assert sorted(map(str, names_apart[0])) == sorted(map(str, names_apart[1]))


def test_a_store_whose_ids_have_their_centre_in_front_moves_too(command, other: Path, tmp_path: Path) -> None:
    """Both centres have a patient 1: in files, in tables, and in the file of ids each is its centre's."""
    command("simulate", tmp_path / "cohort", "--centres", 2, "--patients-per-centre", 1)
    catalog, place, ids = tmp_path / "cohort" / "data_catalog.yaml", tmp_path / "store", tmp_path / "ids.csv"
    form = r"id_form: {prefix: true, pattern: '\D*(\d+)', strip_zeros: true}"
    catalog.write_text(catalog.read_text().replace("    licence:", f"    {form}\n    licence:"))
    places, old, new = ("--catalog", catalog, "--store", place), load_key(), load_key(other)
    command("refresh", "--all", *places, "--runner", "threads")
    command("withdraw", f"builtin:{pseudonym(old, 'builtin', 'B-77')}", "--bar", "--store", place)
    (tmp_path / "old.key").write_bytes(old)
    words = ("rekey", "--from", tmp_path / "old.key", *places, "--ids", ids)
    ids.write_text("builtin,77\n")
    found = command(*words, code=2, RADWEAVE_KEY_FILE=str(other)).stderr
    assert "is not COHORT,ID (COHORT,ID,CENTRE where ids have a prefix)" in found
    ids.write_text("builtin,77,B\n")
    assert "3 patients renamed" in command(*words, RADWEAVE_KEY_FILE=str(other)).stdout
    mart = Mart.open(Store(place))
    for table in ("radiomics", "clinical"):
        patients = set(mart.read(table, "builtin").column("patient").to_pylist())
        assert patients == {pseudonym(new, "builtin", name) for name in ("A-1", "B-1")}
    assert withdrawn_cases(Store(place)) == {f"builtin:{pseudonym(new, 'builtin', 'B-77')}"}
