"""Exit codes tell kinds of fault apart: by classes, by the page that says so, and by commands that end with each."""

import ast
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.core.errors import ExitCode, RadweaveError
from tests.support.catalog import cohort_of, dicom_images, file_images, write_catalog

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "exit-codes.md"
FILES = cohort_of(file_images("{patient}_CT.nii", "{patient}_GTV.nii"), root="files")
PACS = cohort_of(dicom_images(pacs={"url": "http://127.0.0.1:9/dicom-web", "retries": 0}), root="files")


def table() -> dict[int, tuple[str, set[str]]]:
    """Code → kind and classes, of the page."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \| .* \| ([^|]*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {int(code): (kind, set(re.findall(r"`(\w+)`", classes))) for code, kind, classes in rows}


def classes() -> Iterator[type[RadweaveError]]:
    """RadweaveError and all below it, in whichever file they stand."""
    for path in (path for folder in ("features", "tasks", "flows") for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text("utf-8")
        if not re.search(r"^ *class \w+\(.*(Error|Exception)\b", text, re.MULTILINE):
            continue
        found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
        if any(getattr(base, "id", "").endswith(("Error", "Exception")) for node in found for base in node.bases):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    waiting: list[type[RadweaveError]] = [RadweaveError]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if not one.__module__.startswith("tests"):
            yield one


def test_the_page_says_of_every_class_how_a_command_ends() -> None:
    shown = table()
    assert {code: kind for code, (kind, _) in shown.items()} == {code: code.name.lower() for code in ExitCode}
    found: dict[int, set[str]] = {code: set() for code in ExitCode}
    for one in classes():
        found[one.exit_code].add(one.__name__)
    assert {code: names for code, (_, names) in shown.items()} == found


def test_help_names_the_codes_and_the_page(command) -> None:
    shown = " ".join(command("--help").stdout.split())
    for code in ExitCode:
        assert f"{code.value} {code.name.lower()}" in shown
    assert "docs/exit-codes.md" in shown


def test_a_command_ends_with_the_kind_of_its_fault(command, tmp_path: Path) -> None:
    catalog, store = tmp_path / "data_catalog.yaml", tmp_path / "store"
    command("--version", code=0)
    command("chek", code=2)
    command("check", "--catalog", catalog, code=2)
    assert "cannot be read" in command("extract", tmp_path / "pairs.csv", code=3).stderr
    assert "there is no store" in command("verify", "--store", store, code=4).stderr
    write_catalog(tmp_path, one=FILES)
    (tmp_path / "files").mkdir()
    for part in ("CT", "GTV"):
        (tmp_path / "files" / f"p1_{part}.nii").write_bytes(b"no image")
    ask = ("refresh", "one", "--catalog", catalog, "--store", store, "--runner", "threads")
    assert "1 of 1 scan of one was newly quarantined" in command(*ask, code=5).stderr
    command(*ask, code=0)


def test_what_ends_work_from_outside_has_its_number(command, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(error: type[BaseException]) -> None:
        def ended(*_: object) -> None:
            raise error

        monkeypatch.setattr("flows.configuration.check_configuration", ended)

    end(MemoryError)
    assert command("check", code=7).stderr == "radweave: the memory of this machine does not suffice\n"
    end(KeyboardInterrupt)
    command("check", code=130)


def test_a_bug_prints_its_traceback(radweave, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import flows.configuration as it\nit.check_configuration = None\n")
    found = radweave("check", code=1, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert "Traceback" in found.stderr and "TypeError" in found.stderr


def test_a_package_that_is_missing_is_a_fault_of_the_machine(radweave, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['s3fs'] = None\n")
    found = radweave("status", "--store", "s3://bucket/x", code=7, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert 'object storage needs the extra "s3": pip install' in found.stderr and "Traceback" not in found.stderr


def test_a_service_that_does_not_answer_is_a_fault_of_the_network(command, tmp_path: Path) -> None:
    found = command("prepare", code=6, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert "does not answer: start it" in found.stderr
    found = command("refresh", "--all", code=6, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert "nothing was computed" in found.stderr
    found = command("prepare", code=2, PREFECT_API_URL="nonsense")
    assert "no address of a server" in found.stderr


def test_a_pacs_that_does_not_answer_is_one_too_where_there_is_no_file(command, tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, one=PACS)
    (tmp_path / "files").mkdir()
    ask = ("refresh", "one", "--catalog", catalog, "--store", tmp_path / "store", "--runner", "threads")
    found = command(*ask, code=6).stderr
    assert "the PACS does not answer (ConnectionError)" in found and "there is no file to go on with" in found


S3 = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}


@pytest.mark.slow
def test_object_storage_that_is_not_there_refuses_or_lacks_the_bucket_is_said(
    radweave, s3: str, tmp_path: Path
) -> None:
    """A closed port; a bucket that is not there; a key that the server does not know."""
    for words in (("status",), ("verify",), ("query", "FROM scans")):
        found = radweave(*words, "--store", f"{s3}/x", code=6, AWS_ENDPOINT_URL="http://127.0.0.1:9", **S3).stderr
        assert "Could not connect to the endpoint URL" in found and "Traceback" not in found
    found = radweave("status", "--store", "s3://absent/x", code=4).stderr
    assert "s3://absent/x/refreshes: cannot be read: The specified bucket does not exist" in found
    with (tmp_path / "log").open("w") as log:
        strict = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "0"},
            stdout=log,
            stderr=log,
        )
    try:
        while not (url := re.search(r"http://127\.0\.0\.1:\d+", (tmp_path / "log").read_text())):
            assert strict.poll() is None
        found = radweave("status", "--store", f"{s3}/x", code=6, AWS_ENDPOINT_URL=url[0], **S3).stderr
    finally:
        strict.send_signal(signal.SIGKILL)
        strict.wait(timeout=30)
    assert "x/rekey.json: cannot be read: Forbidden; check the address" in found
