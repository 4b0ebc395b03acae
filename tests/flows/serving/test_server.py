"""What is wrong with the options of `radweave serve` is said in a sentence before a server starts."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        (2, ["--database", "nonsense"], "found no URL; allowed: postgresql+asyncpg://… and sqlite+aiosqlite://…"),
        (2, ["--database", "postgresql://me:hush@host/name"], 'found "postgresql"; allowed'),
        (6, ["--database", "postgresql+asyncpg://me:hush@127.0.0.1:1/name"], "nothing answers at 127.0.0.1, port 1"),
        (2, ["--auth", "hush"], "not of the form USER:PASSWORD"),
        (2, ["--auth", "me:hush", "--url", "radweave.example"], "not the address of a server, such as https://"),
        (2, ["--auth", "me:hush", "--url", "https://radweave.example/ui"], "paths are not served"),
        (2, ["--url", "https://radweave.example"], "set a password too"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_made(
    command, tmp_path: Path, port: int, code: int, options, message
) -> None:
    found = command("serve", "--store", tmp_path / "store", "--port", port, *options, code=code)
    assert message in found.stderr
    assert "hush" not in found.stderr and "\n" not in found.stderr.strip()
    assert not (tmp_path / "store").exists()


def test_a_folder_that_hides_a_package_of_radweave_from_runs_is_refused(command, tmp_path: Path, port: int) -> None:
    options = ("serve", "--port", port, "--catalog", "none.yaml")
    (tmp_path / "features").mkdir()  # of figures, say: it hides nothing
    assert "serve in another" not in command(*options, code=2, cwd=tmp_path).stderr
    (tmp_path / "features" / "__init__.py").touch()
    found = command(*options, code=2, cwd=tmp_path)
    assert "hide radweave's own package features" in found.stderr


def told(radweave: Any, *arguments: object, code: int = 2, **environment: str) -> str:
    """The last line of a command that fails, which shows no traceback."""
    found = radweave(*arguments, code=code, **environment)
    assert "Traceback" not in found.stderr
    return str(found.stderr.strip().splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("cron", ["nonsense", "0 3 * *", "99 * * * *"])
def test_a_wrong_schedule_is_refused_and_nothing_is_made(radweave, tmp_path: Path, port: int, cron: str) -> None:
    said = told(radweave, "serve", "--store", tmp_path / "store", "--port", port, "--cron", cron)
    assert said.startswith(f'radweave: --cron "{cron}": not a cron expression; it has five fields in UTC: minute, hour')
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["read-only", "below a file"])
def test_a_store_that_cannot_be_written_is_refused(radweave, tmp_path: Path, port: int, kind: str) -> None:
    if kind == "below a file":
        (tmp_path / "file").touch()
        store = tmp_path / "file" / "store"
    elif os.geteuid():
        tmp_path.chmod(0o555)
        store = tmp_path / "store"
    elif Path("/sys/kernel").is_dir():  # which root cannot write either
        store = Path("/sys/store")
    else:
        pytest.skip("root can write everywhere here")
    said = told(radweave, "serve", "--store", store, "--port", port, code=4)
    assert said.startswith(f"radweave: {store}: cannot be written (") and "choose another --store" in said


@pytest.mark.slow
def test_a_wrong_setting_of_prefect_in_the_environment_is_named(radweave, port: int, tmp_path: Path) -> None:
    options = ("serve", "--store", tmp_path / "store", "--port", port)
    said = told(radweave, *options, PREFECT_CLIENT_MAX_RETRIES="many")
    assert said.startswith(
        "radweave: a setting of Prefect is wrong, in the environment (PREFECT_…) or its profile: max_"
    )
