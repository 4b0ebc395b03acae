"""A data manager's day from the command line: what changed, what is whole, who must go."""

import json
import re
import shutil
from pathlib import Path

import pytest

from features.core.errors import RadweaveError
from features.core.pseudonym import load_key, pseudonym
from features.core.storage.store import Store
from features.results.manifest import Mart, newest
from tests.support.catalog import cohort_of, dicom_images, write_catalog

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def changed(demo, inside, tmp_path_factory) -> tuple[Path, Path, str]:
    """A store after a second refresh, for which one patient of centre C was replaced by another's files."""
    folder = tmp_path_factory.mktemp("changed")
    cohort, store = Path(shutil.copytree(demo.catalog.parent, folder / "cohort")), demo.copy(folder)
    patients = sorted(path for path in (cohort / "C").iterdir() if path.is_dir())
    shutil.rmtree(patients[0] / "baseline")
    (patients[1] / "baseline" / "CT.nii.gz").unlink()
    found = inside("refresh", "--all", "--catalog", cohort / "data_catalog.yaml", "--store", store)
    (folder / "refresh.stderr").write_text(found.stderr)
    return cohort / "data_catalog.yaml", store, f"builtin:{pseudonym(load_key(), 'builtin', patients[2].name)}"


def test_history_and_diff_tell_what_moved(changed, command) -> None:
    _, store, _ = changed
    found = command("history", "--store", store).stdout
    assert re.search(r"│ +1 .*│ builtin", found)
    assert re.search(r"│ +2 .*IMAGE_MISSING 1", found)
    facts = json.loads(command("diff", "--store", store, "--format", "json").stdout)
    assert (facts["before"], facts["after"]) == (1, 2)
    assert sorted((change["kind"], change["block"]) for change in facts["changes"]) == [("gone", "CT"), ("gone", "CT")]
    assert "gone 2" in command("diff", "1", "2", "--store", store).stdout
    assert "no case changed" in command("diff", "2", "2", "--store", store).stdout
    assert "there is no refresh 7; kept: 1, 2" in command("diff", "7", "--store", store, code=4).stderr


def test_a_study_tells_why_it_is_stale(changed, command) -> None:
    catalog, store, _ = changed
    found = command("status", "--store", store, "--catalog", catalog, COLUMNS="400").stdout
    assert re.search(
        r"builtin_response .*│ stale .*│ cohort builtin was refreshed: 2 moved: builtin:\w+:baseline", found
    )


def test_a_refresh_says_which_studies_are_stale_now(changed, inside) -> None:
    catalog, store, _ = changed
    places = f"--catalog {catalog} --store {store}"
    (said,) = re.findall(r"radweave: stale now: (.*)", (store.parent / "refresh.stderr").read_text())
    assert said.startswith("study builtin_response (cohort builtin was refreshed: 2 moved: builtin:")
    assert said.endswith(f"): run radweave study builtin_response {places}")
    assert "stale now" not in inside("refresh", "--all", *places.split()).stderr  # nothing changed


def test_earlier_tables_can_be_asked(changed, command) -> None:
    _, store, _ = changed
    ask = ("query", "SELECT count(*) AS n FROM region", "--format", "csv", "--store", store)
    now, then = (int(command(*ask, *at).stdout.split()[1]) for at in ((), ("--at", "1")))
    assert then == now + 2


def test_withdrawn_patients_leave_the_store_and_stay_out(changed, command, inside, tmp_path: Path) -> None:
    catalog, kept, case = changed
    store = Path(shutil.copytree(kept, tmp_path / "store", symlinks=True))
    before = newest(Store(store)).cohorts["builtin"]
    typed = case[:-1] + ("a" if case[-1] != "a" else "b")
    assert f"nearest are {case}; " in command("withdraw", typed, "--store", store, code=2).stderr
    assert "it is barred from" in command("withdraw", typed, "--bar", "--store", store).stdout
    command("restore", typed, "--store", store)
    assert (store / "quality" / "builtin.html").is_file()
    found = command("withdraw", case, "--store", store).stdout
    assert f"{case}: " in found
    assert "study builtin_response/" in found
    assert "its rows are removed there" in found
    said = command("status", "--catalog", catalog, "--store", store, COLUMNS="400").stdout
    assert "2 moved: " in said and "; 1 of its cases was withdrawn" in said
    code = case.split(":")[1].encode()
    held = [path.name for path in store.rglob("*") if path.is_file() and code in path.read_bytes()]
    assert sorted(held) == [*(path.name for path in sorted((store / "refreshes").iterdir())), "withdrawals.json"]
    assert "no faults" in command("verify", "--store", store).stdout
    after = newest(Store(store)).cohorts["builtin"]
    assert after.scans == before.scans
    assert after.withdrawn > 0
    inside("refresh", "--all", "--catalog", catalog, "--store", store)
    again = newest(Store(store)).cohorts["builtin"]
    assert (again.scans, again.used, again.withdrawn) == (after.scans, after.used, after.withdrawn)
    assert again.quarantined == after.quarantined
    patients = {row["patient"] for row in Mart.open(Store(store)).read("clinical", "builtin").to_pylist()}
    assert case.split(":")[1] not in patients
    assert "may enter again" in command("restore", case, "--store", store).stdout
    inside("refresh", "--all", "--catalog", catalog, "--store", store)
    back = newest(Store(store)).cohorts["builtin"]
    assert (back.scans, back.used, back.withdrawn) == (before.scans, before.used, 0)


def test_verify_ends_with_its_code_and_says_what_to_do(changed, command, tmp_path: Path) -> None:
    _, kept, _ = changed
    store = Path(shutil.copytree(kept, tmp_path / "store", symlinks=True))
    path = store / newest(Store(store)).files["radiomics/ct_lung/builtin"].path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    found = command("verify", "--store", store, code=4).stdout
    assert ": 1 fault\n" in found
    assert f"{path.name}: is not the file that the manifest names" in found
    assert "remove it, and the next refresh of its cohort writes it again" in found


def test_a_damaged_audit_of_withdrawals_stops_every_command(changed, command, tmp_path: Path) -> None:
    catalog, kept, case = changed
    store = Path(shutil.copytree(kept, tmp_path / "store", symlinks=True))
    command("withdraw", case, "--store", store)
    audit = store / "withdrawals.json"
    audit.write_bytes(audit.read_bytes().replace(b"consent", b"consenu", 1))
    places = ("--store", store, "--catalog", catalog)
    for words in (
        ("refresh", "--all", *places),
        ("study", "builtin_response", *places),
        ("withdraw", case, "--store", store),
        ("restore", case, "--store", store),
        ("query", "SELECT 1", "--store", store),
        ("export", "clinical", "--output", tmp_path / "out.csv", "--store", store),
        ("history", "--store", store),
        ("gc", "--dry-run", "--store", store),
    ):
        ended = command(*words, code=4)
        assert re.fullmatch(r"radweave: .*withdrawals\.json: the audit .*\n", ended.stderr.splitlines(True)[-1])
        assert ended.stdout == ""
    audit.unlink()
    said = command("refresh", "--all", *places, code=4).stderr
    assert "holds 0 rows, the newest refresh remembers 2" in said and "no backup: radweave restart-audit" in said
    assert "withdrawals.json: the audit" in command("verify", "--store", store, code=4).stdout
    assert "begun again; still withdrawn: 1 case or patient" in command("restart-audit", "--store", store).stdout
    assert "is whole; nothing was changed" in command("restart-audit", "--store", store, code=2).stderr
    command("refresh", "--all", *places)
    assert case.split(":")[1] not in Mart.open(Store(store)).read("clinical", "builtin")["patient"].to_pylist()
    assert "no faults" in command("verify", "--store", store).stdout


def test_gc_tells_what_would_go_and_lets_it_go(changed, command, tmp_path: Path) -> None:
    _, kept, _ = changed
    store = Path(shutil.copytree(kept, tmp_path / "store", symlinks=True))
    would = command("gc", "--keep", "1", "--dry-run", "--store", store).stdout
    assert "would remove 1 refresh," in would
    assert ": removed 1 refresh," in command("gc", "--keep", "1", "--store", store).stdout
    assert "no faults" in command("verify", "--store", store).stdout
    assert "kept: 2" in command("diff", "1", "--store", store, code=4).stderr


def test_who_was_withdrawn_before_is_not_taken_for_a_wrong_id(copied: Store, command) -> None:
    assert "rows of tables" in command("withdraw", "one:p1", "--store", copied.root).stdout
    assert "was withdrawn before" in command("withdraw", "one:p1", "--store", copied.root).stdout


def test_a_pseudonym_follows_the_form_of_ids(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    catalog = write_catalog(tmp_path, one=cohort_of(dicom_images(), id_form={"pattern": "p-(.+)"}))
    asked = ["pseudonym", "one", "--catalog", str(catalog)]
    found = CliRunner().invoke(app, asked, input="p-17\n").output
    assert found == f"one:{pseudonym(load_key(), 'one', '17')}\n"
    for wrong in ("17\n", "\n", ""):
        with pytest.raises(RadweaveError, match="is empty, or the id_form"):
            CliRunner().invoke(app, asked, input=wrong, catch_exceptions=False)


def test_pseudonyms_are_told_for_an_id_that_is_not_shown(demo, radweave, monkeypatch) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    found = CliRunner().invoke(app, ["pseudonym", "builtin"], input="P-0017\n")
    assert found.output.splitlines()[-1] == f"builtin:{pseudonym(load_key(), 'builtin', 'P-0017')}"
    assert "P-0017" not in found.output
