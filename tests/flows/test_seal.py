"""A sealed model on its way: another user scores images of another form, without a network and without the store."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.storage.seal import read_json
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RECIPE = """\
modality: CT
unit: HU
spacing_mm: [4, 4, 4]
discretise: {bin_width: 25}
extractors: [{kind: radweave, families: [firstorder]}]
"""
STUDY: dict[str, Any] = {
    "cohorts": ["ours"],
    "endpoint": "response",
    "recipes": ["ct_small"],
    "blocks": {"both": ["clinical", "radiomics"]},
    "models": [{"kind": "ridge_logistic", "C": [1.0]}, {"kind": "nearest_neighbours", "neighbours": [11]}],
    "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
    "thresholds": "always",
}
# Loaded by every Python process of the third party: whoever wants to reach a host ends.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto") and not isinstance(arguments[-1], str):
        raise SystemExit(f"no network here: {event} {arguments!r}")
sys.addaudithook(refuse)
"""
NOBODY = 65534
# Without network devices; of a folder that others may not enter, and Python lies in, Python alone is left; then another user.
AWAY = f"""
set -e
if [ "$1" != "$2" ]; then
    mount --bind "$2" "$3"
    mount -t tmpfs -o mode=755 none "$1"
    mkdir -p "$2"
    mount --bind "$3" "$2"
fi
shift 3
exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --no-new-privs "$@"
"""
WHO = """
import os, socket, sys
import features
print(os.getuid(), socket.socket().connect_ex(("127.0.0.1", 9)), os.access(sys.argv[1], os.R_OK))
"""


def part_of_cohort(catalog: Path, name: str, centres: str) -> dict[str, Any]:
    """A catalog of some centres of the simulated cohort, under another name, without genes."""
    whole = yaml.safe_load(catalog.read_text())
    cohort = whole["cohorts"].pop("builtin")
    cohort["centres"] = {centre: cohort["centres"][centre] for centre in centres}
    cohort["images"] = [one for one in cohort["images"] if one["centre"] in centres]
    cohort["tables"] = [one for one in cohort["tables"] if one["centre"] in centres and one["block"] == "clinical"]
    return {**whole, "cohorts": {name: cohort}}


@dataclass(frozen=True)
class Houses:
    """Who fitted and sealed a model on DICOM, and who has NIfTI and the package alone.

    away: words that make a command one of another user without network; () where `why` says that this cannot be had.
    """

    ours: Path
    theirs: Path
    package: Path
    sealed: str
    away: tuple[str, ...]
    why: str


def another_user(ours: Path, theirs: Path) -> tuple[tuple[str, ...], str]:
    """`away` and `why` of Houses."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return (), "only root may become another user"
    if lacking := [one for one in ("unshare", "setpriv", "mount") if shutil.which(one) is None]:
        return (), f"this machine has no {', '.join(lacking)}"
    python = Path(sys.base_prefix)
    closed = next((one for one in reversed(python.parents) if not one.stat().st_mode & 0o001), python)
    spot = theirs / "python"
    spot.mkdir()
    apart = ("unshare", "--net", "--mount", "--propagation", "private", "--")
    away = (*apart, "sh", "-c", AWAY, "sh", str(closed), str(python), str(spot))
    told = subprocess.run(
        [*away, sys.executable, "-c", WHO, str(ours)],
        cwd=theirs,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert list(spot.iterdir()) == []  # what is mounted there is seen by nobody else
    if told.returncode:
        return (), f"another user without network cannot be had here: {told.stderr.strip()[-300:]}"
    assert told.stdout.split() == [str(NOBODY), str(errno.ENETUNREACH), "False"], told.stdout
    return away, ""


@pytest.fixture(scope="module")
def houses(inside: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, radweave: Any) -> Iterator[Houses]:
    ours = tmp_path_factory.mktemp("ours")
    theirs = Path(tempfile.mkdtemp(prefix="theirs-"))  # pytest's own folders are closed to other users
    theirs.chmod(0o755)
    radweave("simulate", ours / "cohort", "--patients-per-centre", 12, "--centres", 6, "--seed", 4)
    catalog = ours / "cohort" / "data_catalog.yaml"
    other = part_of_cohort(catalog, "theirs", "CF")
    catalog.write_text(yaml.safe_dump(part_of_cohort(catalog, "ours", "ABDE")))
    for folder in ("C", "F"):
        shutil.move(ours / "cohort" / folder, theirs / folder)
    shutil.copytree(ours / "cohort" / "tables", theirs / "tables")
    (theirs / "data_catalog.yaml").write_text(yaml.safe_dump(other))
    (ours / "cohort" / "recipes").mkdir()
    (ours / "cohort" / "recipes" / "ct_small.yaml").write_text(RECIPE)
    study = ours / "response_study.yaml"
    study.write_text(yaml.safe_dump(STUDY))
    options = ("--catalog", catalog, "--store", ours / "store")
    inside("refresh", "--study", study, *options)
    inside("study", study, "--final", "--model", "ridge_logistic", "--blocks", "both", *options)
    package = theirs / "response.radweave"
    answer = radweave("seal", "response_study", "-o", package, "--store", ours / "store")
    yield Houses(ours, theirs, package, answer.stdout, *another_user(ours, theirs))
    shutil.rmtree(theirs)


def as_another_user(houses: Houses, folder: Path, *words: object, code: int = 0) -> str:
    """What the command says to a user without network and with nothing of the other house; folder: where that user may write."""
    home, hooks = houses.theirs / "home", houses.theirs / "hooks"  # one home, as what is compiled is kept there
    for one in (folder, home, hooks, folder / "tmp"):
        one.mkdir(parents=True, exist_ok=True)
        if houses.away:
            os.chown(one, NOBODY, NOBODY)
    (hooks / "sitecustomize.py").write_text(NO_NETWORK)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "COLUMNS": "200",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{hooks}{os.pathsep}{ROOT}",
    }
    reaching = "import socket; socket.create_connection(('127.0.0.1', 9))"
    found = subprocess.run(
        [sys.executable, "-c", reaching], env=environment, capture_output=True, text=True, check=False
    )
    assert "no network here" in found.stderr
    hidden = houses.ours.with_name("away")
    houses.ours.rename(hidden)  # no store, no recipe and no image of the other house
    try:
        found = subprocess.run(
            [*houses.away, sys.executable, "-m", "flows.cli", *map(str, words)],
            cwd=houses.theirs,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    finally:
        hidden.rename(houses.ours)
    assert found.returncode == code, f"exit {found.returncode}\n{found.stdout}\n{found.stderr}"
    assert "no network here" not in found.stdout + found.stderr
    assert list((folder / "tmp").glob("radweave-*")) == []  # the store of this run alone is gone
    return " ".join((found.stdout + found.stderr).split())


RUN = ("score", "response.radweave", "theirs", "--runner", "threads", "--workers", "1")


@pytest.fixture(scope="module")
def scored(houses: Houses) -> Path:
    folder = houses.theirs / "scored"
    said = as_another_user(houses, folder, *RUN, "--output", folder / "scores")
    assert "To send back:" in said and "it stays with you" in said and "a new pseudonym key was made" in said
    return folder / "scores"


def test_a_package_says_what_it_needs_and_holds_no_case(houses: Houses) -> None:
    import zipfile

    sha256 = re.search(r"sha-256: ([0-9a-f]{64})", houses.sealed)
    with zipfile.ZipFile(houses.package) as archive:
        guide = archive.read("READ_ME.md").decode()
        manifest = json.loads(archive.read("package.json"))
    assert sha256 is not None
    assert "Images of modality CT in HU under the word `CT`" in guide and "`ct_small`" in guide
    assert "The clinical variable `stage`, of I, II, III, IV: clinical stage." in guide
    assert "the endpoint `response` of kind binary" in guide and "must not have the name" in guide
    assert manifest["needs"]["weights"] == [] and manifest["cohorts"] == ["ours"]
    data = houses.package.read_bytes()
    assert str(houses.ours).encode() not in data  # no path of theirs, and no patient
    index = read_table(next((houses.ours / "store" / "studies" / "response_study").iterdir()) / "predictions.parquet")
    assert not any(patient.encode() in data for patient in set(index["patient"].to_pylist()))


def test_another_user_without_network_and_store_gets_scores_of_images_of_another_form(scored: Path) -> None:
    result = read_json(scored / "send_back" / "result.json")
    assert {one.name for one in (scored / "send_back").iterdir()} == {"result.json", "result.html"}
    predictions = read_table(scored / "stays_here" / "predictions.parquet").to_pandas()
    assert len(predictions) == 24 and predictions["evaluated"].sum() == result["cases"]["by state"]["evaluated"]
    rows = read_table(scored / "stays_here" / "scores.parquet").to_pandas()
    auc = rows[(rows["metric"] == "auc") & (rows["centre"] == "") & (rows["within"] == "")].iloc[0]
    told = next(one for one in result["scores"] if (one["metric"], one["within"]) == ("auc", ""))
    assert (told["value"], told["n"], told["events"]) == (round(auc["value"], 3), auc["n"], auc["events"])
    assert set(rows["centre"]) == {"", "C", "F"} and result["same code as sealed"] is True
    assert {"calibration_slope", "brier"} <= {one["metric"] for one in result["scores"]}


def test_that_user_has_another_number_and_owns_what_was_written(houses: Houses, scored: Path) -> None:
    """Not by a hook alone: where it can be had, the run had no network device, and could not read what is ours."""
    if not houses.away:
        pytest.skip(houses.why)
    assert {one.stat().st_uid for one in scored.rglob("*")} == {NOBODY}
    assert houses.theirs.stat().st_uid == 0


def test_nothing_that_is_sent_back_names_a_case_and_what_is_small_is_not_told(scored: Path) -> None:
    predictions = read_table(scored / "stays_here" / "predictions.parquet").to_pandas()
    for name in ("result.json", "result.html"):
        text = (scored / "send_back" / name).read_text()
        assert not any(patient in text for patient in predictions["patient"])
        assert not any(f"{risk!r}"[:8] in text for risk in predictions["risk"].dropna())
    assert "do not send it" in (scored / "stays_here" / "READ_ME.txt").read_text()


def test_numbers_are_those_of_the_house_that_sealed_it(
    houses: Houses, scored: Path, command: Callable[..., Any]
) -> None:
    """The model and its recipe travelled whole: the store of their own house says the same of the same files."""
    options = ("--catalog", houses.theirs / "data_catalog.yaml", "--store", houses.ours / "again")
    recipe = houses.ours / "cohort" / "recipes" / "ct_small.yaml"
    command("refresh", "theirs", "--recipe", recipe, "--runner", "threads", *options)
    (model,) = (houses.ours / "store" / "models" / "response_study").iterdir()
    command("score", model, "theirs", *options)
    (folder,) = (houses.ours / "again" / "scores" / "theirs").iterdir()
    own = read_table(folder / "predictions.parquet").to_pandas()["risk"].sort_values().tolist()
    there = read_table(scored / "stays_here" / "predictions.parquet").to_pandas()["risk"].sort_values().tolist()
    assert own == there


def test_counts_below_what_was_declared_are_not_told(houses: Houses) -> None:
    """With 20 no outcome is frequent enough; a store of their own makes a second run quick."""
    folder = houses.theirs / "counts"
    words = (*RUN, "--store", folder / "store", "--suppress-below")
    as_another_user(houses, folder, *words, 20, "--output", folder / "few")
    result = read_json(folder / "few" / "send_back" / "result.json")
    assert result["suppressed below"] == 20 and result["outcomes"] is None and result["centres"] == {}
    assert all(one["value"] is None and one["n"] is None for one in result["scores"])
    as_another_user(houses, folder, *words, 2, "--output", folder / "more")
    assert any(one["value"] is not None for one in read_json(folder / "more" / "send_back" / "result.json")["scores"])


def test_a_cohort_whose_recipe_changed_is_refused_with_both_digests(
    houses: Houses, tmp_path: Path, command: Callable[..., Any]
) -> None:
    recipe = tmp_path / "ct_small.yaml"
    recipe.write_text(RECIPE.replace("bin_width: 25", "bin_width: 50"))
    options = ("--catalog", houses.theirs / "data_catalog.yaml", "--store", houses.ours / "changed")
    command("refresh", "theirs", "--recipe", recipe, "--runner", "threads", *options)
    (model,) = (houses.ours / "store" / "models" / "response_study").iterdir()
    error = " ".join(command("score", model, "theirs", *options, code=2).stderr.split())
    ((prefix, wanted),) = read_json(model / "schema.json")["settings"].items()
    found = Mart.open(Store(houses.ours / "changed")).manifest.cohorts["theirs"].settings[prefix]
    assert found != wanted
    assert (
        f"{prefix}*: made with another preparation or extractor ({found[:12]}; the model was fitted on {wanted[:12]}): "
        "refresh theirs with the recipe of the model" in error
    )
    assert not (houses.ours / "changed" / "scores").exists()


def test_an_altered_package_and_one_of_another_version_are_refused_before_anything_runs(
    houses: Houses, tmp_path: Path, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(houses.package.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "altered.radweave").write_bytes(bytes(data))
    options = ("--catalog", houses.theirs / "data_catalog.yaml", "--output", tmp_path / "out")
    error = command("score", tmp_path / "altered.radweave", "theirs", *options, code=3).stderr
    assert "was altered, or is no package" in error and "nothing was run" in error
    monkeypatch.setattr("flows.sealed_score.version", lambda: "9.9")
    error = command("score", houses.package, "theirs", *options, code=2).stderr
    assert "this is radweave 9.9" in error and "install that version" in error
    assert not (tmp_path / "out").exists()


def test_what_does_not_fit_is_refused_by_name(houses: Houses, tmp_path: Path, command: Callable[..., Any]) -> None:
    whole = yaml.safe_load((houses.theirs / "data_catalog.yaml").read_text())
    cohort = whole["cohorts"].pop("theirs")
    cohort["root"] = str(houses.theirs)
    months = json.loads(json.dumps(cohort))
    months["variables"]["age_years"] |= {"unit": "months", "allowed": [0, 1400]}
    no_images = {**cohort, "images": []}
    catalog = tmp_path / "data_catalog.yaml"
    catalog.write_text(yaml.safe_dump({**whole, "cohorts": {"ours": cohort, "months": months, "bare": no_images}}))
    options = ("--catalog", catalog, "--output", tmp_path / "out", "--runner", "threads")
    told = {
        "ours": 'cohort "ours": a cohort of this name trained the model response_study/',
        "months": "clinical__age_years: unit is months; the model was fitted on years",
        "bare": "radweave__ct_small__*: the cohort has none",
        "nobody": 'there is no cohort "nobody"',
    }
    for name, sentence in told.items():
        error = command("score", houses.package, name, *options, code=2).stderr
        assert sentence in " ".join(error.split()), error
        assert not (tmp_path / "out").exists()
    error = command("score", houses.package, "months", "--catalog", catalog, code=2).stderr
    assert "a package needs --output" in error


def test_models_that_hold_cases_are_sealed_only_if_that_is_said(
    houses: Houses, tmp_path: Path, inside: Callable[..., Any], command: Callable[..., Any]
) -> None:
    store = houses.ours / "store"
    options = ("--catalog", houses.ours / "cohort" / "data_catalog.yaml", "--store", store)
    named = ("--model", "nearest_neighbours", "--blocks", "both")
    inside("study", houses.ours / "response_study.yaml", "--final", *named, *options)
    models = (store / "models" / "response_study").iterdir()
    folder = max(models, key=lambda path: path.stat().st_mtime_ns)
    package = tmp_path / "one.radweave"
    error = command("seal", folder, "-o", package, "--store", store, code=2).stderr
    assert "holds values or outcomes of single training cases" in error and not package.exists()
    command("seal", folder, "-o", package, "--store", store, "--with-cases")
    assert package.exists()
    error = command("seal", folder, "-o", tmp_path / "one.zip", "--store", store, "--with-cases", code=2).stderr
    assert "unknown ending; allowed: .radweave" in error
