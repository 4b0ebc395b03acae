"""A store whose files are damaged, one of each kind: verify names the file, readers say so in a sentence, and what can be
made again is made again.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from features.core.errors import StoreError
from features.core.storage.seal import json_bytes
from features.core.storage.store import Store
from features.results.cases import cases_of
from features.results.manifest import Mart, manifest_at, newest, refresh_numbers
from features.results.unneeded import addresses_in
from features.results.verify import verify

pytestmark = pytest.mark.slow
STUDY = """\
cohorts: [builtin]
endpoint: response
recipes: [ct_lung]
blocks: {radiomics: [radiomics]}
models: [lasso_logistic]
splits: [{kind: nested, folds: 3, repeats: 1}]
"""
FLIPS = 25
# Kind → pattern of its files below the store.
KINDS = {
    **{
        f"the table {name}": f"tables/{name}/*"
        for name in ("scans", "quarantine", "dictionary", "clinical", "radiomics/ct_lung")
    },
    **{f"the {word}": f"work/{name}/*/*" for word, name in (("check", "region"), ("picture", "thumbnail"))},
    "features": "work/radiomics/*/*",
    "perturbed features": "work/stability_*/*/*",
    "the index": "index/*",
    "a view's table": "views/*/**/*.parquet",
    "a view's manifest": "views/*/manifest.json",
    "the facts of a study": "studies/*/*/study.json",
    "a study's table": "studies/*/*/*.parquet",
    "a report": "studies/*/*/report.html",
    "stability": "stability/*/*",
    "the quality page": "quality/*",
    "the audit of releases": "releases.json",
    "a manifest": "refreshes/*",  # the last: it names others
}
READERS = (
    *(("query", *sql) for sql in ((), ("SELECT count(*) FROM radiomics",), ("SELECT count(*) FROM scores",))),
    ("query", "--at", "{first}", "SELECT count(*) FROM scans"),
    ("export", "clinical", "--output", "{out}/clinical.csv"),
    ("status", "--catalog", "{catalog}"),
    *(("history",), ("diff",), ("gc", "--dry-run", "--keep", "1"), ("quarantine",), ("quality", "builtin")),
)


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(1, path.stat().st_size)])


def empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def remove(path: Path, rng: random.Random) -> None:
    path.unlink()


@pytest.fixture(scope="module")
def places(demo, tmp_path_factory: pytest.TempPathFactory, inside) -> tuple[Path, Path, Path]:
    """Catalog, store and study: two refreshes, a study, stability, quality pages, an audit of releases."""
    folder = tmp_path_factory.mktemp("damage")
    catalog, store = demo.copy_cohort(folder), demo.copy(folder)
    shutil.rmtree(min(path for path in (catalog.parent / "C").iterdir() if path.is_dir()))
    (folder / "two.yaml").write_text("chains:\n- []\n- [{kind: noise, sd: 4}]\n")
    (folder / "small.yaml").write_text(STUDY)
    where = "--catalog", catalog, "--store", store
    inside("refresh", "--all", *where)
    inside("stability", "builtin", "--extractor", "radweave", "--perturbations", folder / "two.yaml", *where)
    inside("study", folder / "small.yaml", *where)
    Store(store).releases.write_bytes(json_bytes({"releases": []}))
    found = verify(Store(store))
    assert (found.refreshes, found.faults, found.notes) == (2, (), ())
    return catalog, store, folder / "small.yaml"


@pytest.fixture
def fresh(places: tuple[Path, Path, Path], tmp_path: Path) -> Path:
    """A copy of the store in which views are files of their own, as they are where links were not copied."""
    return Path(shutil.copytree(places[1], tmp_path / "store", symlinks=True))


def chosen(store: Path, kind: str, rng: random.Random) -> Path:
    return rng.choice(sorted(store.glob(KINDS[kind])))


def test_every_flipped_bit_is_found(fresh: Path) -> None:
    """Of one file of each kind at a time, all in one look; manifests apart, whose tables cannot be looked at without them."""
    rng = random.Random(0)
    for kinds in ([kind for kind in KINDS if kind != "a manifest"], ["a manifest"]):
        for _ in range(FLIPS):
            damaged = {kind: chosen(fresh, kind, rng) for kind in kinds}
            whole = {path: path.read_bytes() for path in damaged.values()}
            for path in whole:
                flip(path, rng)
            faults = verify(Store(fresh)).faults
            assert {kind: path for kind, path in damaged.items() if not _names(faults, fresh, path)} == {}
            assert len(faults) == len(whole)
            for path, data in whole.items():
                path.write_bytes(data)
    assert verify(Store(fresh)).faults == ()


def _names(lines: tuple[str, ...], store: Path, path: Path) -> bool:
    return any(line.startswith(f"{path}: ") and "; " in line for line in lines)


@pytest.mark.parametrize("damage", [flip, cut, empty, remove])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_and_readers_end_with_a_sentence(
    fresh: Path, places, capfd: pytest.CaptureFixture[str], tmp_path: Path, kind: str, damage: Callable
) -> None:
    rng = random.Random(f"{kind} {damage.__name__}")
    path, first = chosen(fresh, kind, rng), refresh_numbers(Store(fresh))[0]
    damage(path, rng)
    found = verify(Store(fresh))
    # results are missed only where the newest refresh needed them; no release was made by the command
    needless = path.parts[-4] == "work" and (kind == "perturbed features" or path.stem not in _newest(Store(fresh)))
    unknown = damage is remove and (needless or kind == "the audit of releases")
    assert _names((*found.faults, *found.notes), fresh, path) or unknown or _names_link(found.faults, path)
    if damage is not remove:
        assert found.faults
    for reader in rng.sample(READERS, 2) if kind != "a manifest" else READERS:
        arguments = [word.format(out=tmp_path, catalog=places[0], first=first) for word in reader]
        code = _ended([*arguments, "--store", str(fresh)])
        error = capfd.readouterr().err
        assert code in (0, 4), reader
        assert code == 0 or (path.name in error and "radweave: " in error), reader


def _newest(store: Store) -> set[str]:
    """Addresses in the newest tables, of which some may be damaged."""
    found: set[str] = set()
    for file in manifest_at(store, refresh_numbers(store)[-1]).files.values():
        with suppress(StoreError):
            found |= addresses_in(store.root / file.path)
    return found


def _names_link(faults: tuple[str, ...], path: Path) -> bool:
    return any(f"and {path} is not there" in fault for fault in faults)


def _ended(arguments: list[str]) -> int:
    from flows.cli import main

    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def test_what_can_be_made_again_is_made_again_and_told(fresh: Path, places, command: Callable) -> None:
    rng, store = random.Random(2), Store(fresh)
    for kind in ("the index", "the quality page", "a view's table", "a view's manifest"):
        cut(chosen(fresh, kind, rng), rng)
    where = "--catalog", places[0], "--store", fresh, "--runner", "threads", "--workers", 1
    said = command("refresh", "--all", *where).stderr
    assert "builtin.files.parquet: is damaged" in said
    assert "builtin.html: is damaged" in said
    assert "made again: the views of refreshes {}, {}".format(*refresh_numbers(store)) in said
    assert verify(store).faults == verify(store).notes == ()
    assert "made again" not in command("refresh", "--all", *where).stderr
    store.quality("builtin").unlink()  # as a run that was killed between its commit and its page leaves it
    assert "builtin.html: is not there" in command("refresh", "--all", *where).stderr
    assert verify(store).notes == ()


def test_the_remedies_of_tables_help(fresh: Path, places, command: Callable) -> None:
    """A table of the newest refresh is written again, that of an earlier one goes with its refresh."""
    store = Store(fresh)
    first, last = refresh_numbers(store)
    pairs = ((last, first), (first, last))
    newest, earlier = (next(iter(set(_tables(store, one)) - set(_tables(store, other)))) for one, other in pairs)
    for path in (newest, earlier):
        flip(path, random.Random(3))
    faults = [fault.split("names; ")[1] for fault in verify(store).faults]
    assert sorted(faults) == [
        f"only refresh {first} had it: restore it from a backup, or let it go with radweave gc --keep 1",
        "remove it, and the next refresh of its cohort writes it again",
    ]
    newest.unlink()
    command("refresh", "--all", "--catalog", places[0], "--store", fresh, "--runner", "threads", "--workers", 1)
    (fault,) = verify(store).faults
    assert fault.endswith("radweave gc --keep 2")
    command("gc", "--keep", 2, "--store", fresh)
    assert verify(store).faults == ()


def _tables(store: Store, refresh: int) -> list[Path]:
    files = manifest_at(store, refresh).files
    return [store.root / file.path for name, file in files.items() if name.split("/")[0] in ("radiomics", "scans")]


def test_a_damaged_study_is_told_and_run_again(fresh: Path, places, command: Callable) -> None:
    catalog, _, study = places
    where = "--catalog", catalog, "--store", fresh
    (folder,) = (fresh / "studies" / "small").iterdir()
    cut(folder / "study.json", random.Random(4))
    found = command("status", *where, code=4)
    assert "study.json: is damaged" in found.stderr
    assert "Cohorts in" in found.stdout
    flip(folder / "scores.parquet", random.Random(4))
    assert "scores.parquet: is damaged" in command("query", "FROM scores", "--store", fresh, code=4).stderr
    said = command("study", study, *where, "--runner", "threads", "--workers", 1).stderr
    assert "study.json: is damaged" in said
    assert "it is run again now" in said
    cut(folder / "study.json", random.Random(4))
    case = f"builtin:{_patient(Store(fresh))}"
    said = command("withdraw", case, "--store", fresh, code=4).stderr
    assert f"{case}: stays out, but 1 damaged file may still hold it" in said and "study.json: is damaged" in said
    assert case not in cases_of(Store(fresh))
    said = command("refresh", "--all", *where, "--runner", "threads", "--workers", 1).stderr
    assert f"{case}: stays out, but 1 damaged file may still hold it" in said
    shutil.rmtree(folder)
    said = command("refresh", "--all", *where, "--runner", "threads", "--workers", 1).stderr
    assert f"the withdrawal of {case} was finished" in said
    assert verify(Store(fresh)).faults == ()


def test_damaged_results_are_computed_again_and_told(fresh: Path, places, command: Callable) -> None:
    """They are needed only where the tables do not hold them: the newest ones are gone, too."""
    rng, store = random.Random(5), Store(fresh)
    files, damaged = newest(store).files, []
    for block in ("region", "radiomics", "deep"):
        (table,) = newest(store).parts(block, "builtin")
        address = rng.choice(sorted(addresses_in(fresh / table.path)))
        cut(store.work(block, address), rng)
        damaged.append(str(store.work(block, address).relative_to(fresh)))
        (fresh / table.path).unlink()
    where = "--catalog", places[0], "--store", fresh, "--runner", "threads", "--workers", 1
    said = command("refresh", "--all", *where).stderr
    (line,) = (line for line in said.splitlines() if "computed again" in line)
    assert "computed again: 3 results were damaged: " in line
    assert all(name in line for name in damaged)
    assert newest(store).files == files
    assert verify(store).faults == verify(store).notes == ()
    assert "computed again" not in command("refresh", "--all", *where).stderr


def _patient(store: Store) -> str:
    return str(Mart.open(store).read("clinical", "builtin")["patient"][0].as_py())
