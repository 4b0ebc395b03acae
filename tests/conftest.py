"""What all tests share: a key of their own, the public data if they are there, and one small cohort that is whole."""

import fcntl
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
# Tests run side by side: threads of BLAS and torch that wait for a core spin, which doubles the time of what they compute.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
WITH_SERVER = ("tests/flows/serving/", "tests/flows/test_canaries.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files go to processes as wholes, and those that share a server of Prefect to one, so that it is started once."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "server" if nodeid.startswith(WITH_SERVER) else str(super()._split_scope(nodeid))

    return Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with many long tests come first: where files are tested side by side, none is left alone at the end."""
    long = Counter(item.path for item in items if any(map(item.get_closest_marker, ("server", "browser", "slow"))))
    items.sort(key=lambda item: -long[item.path])


@pytest.fixture(scope="session", autouse=True)
def _key(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pseudonyms of tests never touch the user's key, and are the same in every process of the tests."""
    path = tmp_path_factory.mktemp("key") / "pseudonym.key"
    path.write_text("0" * 64 + "\n")
    path.chmod(0o600)
    os.environ["RADWEAVE_KEY_FILE"] = str(path)
    for name in ("PREFECT_API_URL", "RADWEAVE_STORE", "RADWEAVE_CATALOG"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public data, or a skip that says why."""
    path = Path(os.environ.get("RADWEAVE_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip("the public data are not here: set RADWEAVE_DATA")
    return path


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def radweave() -> Run:
    """The command as a user runs it: `radweave("check", "--catalog", path)`, from the checkout unless told otherwise."""

    def run(
        *arguments: object, code: int = 0, cwd: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flows.cli", *map(str, arguments)]
        settings = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT), **environment}
        found = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, timeout=900, check=False)
        assert found.returncode == code, f"exit {found.returncode}\n{found.stdout}\n{found.stderr}"
        return found

    return run


@dataclass(frozen=True)
class Answer:
    """What a command printed."""

    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def inside() -> Callable[..., Answer]:
    """As `command`, for fixtures that several tests share, and with the work done by one thread of this process."""

    def run(*arguments: object, cwd: Path = ROOT, **environment: str) -> Answer:
        from flows.cli import main

        out, err = io.StringIO(), io.StringIO()
        words = [*map(str, arguments), "--runner", "threads", "--workers", "1"]
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(cwd)
            for name, value in {"COLUMNS": "200", **environment}.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as stop:
                main(words)
        assert not stop.value.code, f"exit {stop.value.code}\n{out.getvalue()}\n{err.getvalue()}"
        return Answer(out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """The command line within this process, which spares its imports: `command("check", "--catalog", path, code=2)`."""

    def run(*arguments: object, code: int = 0, cwd: Path = ROOT, **environment: str) -> Answer:
        from flows.cli import main

        monkeypatch.chdir(cwd)
        for name, value in {"COLUMNS": "200", **environment}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        found = Answer(*capfd.readouterr())
        assert (stop.value.code or 0) == code, f"exit {stop.value.code}\n{found.stdout}\n{found.stderr}"
        return found

    return run


@dataclass(frozen=True)
class Demo:
    """A simulated cohort that went the whole way once: do not change it, copy it."""

    catalog: Path
    store: Path

    def copy(self, folder: Path) -> Path:
        """A copy of the store, for tests that change it."""
        return Path(shutil.copytree(self.store, folder / "store", symlinks=True))

    def begun(self, folder: Path) -> Path:
        """The store of a refresh that was killed: a third of its results is missing, and nothing is published."""
        store = folder / "store"
        shutil.copytree(self.store / "work", store / "work")
        for block in (store / "work").iterdir():
            for path in sorted(block.rglob("*.parquet"))[::3]:
                path.unlink()
        return store

    def copy_cohort(self, folder: Path) -> Path:
        """The catalog of a copy of the cohort, for tests that change its files."""
        return Path(shutil.copytree(self.catalog.parent, folder / "cohort")) / self.catalog.name


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, radweave: Run) -> Demo:
    """Three centres of eight patients: simulated, refreshed and studied for response from the command line.

    Tests that run side by side share it: the first process makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    found = Demo(folder / "cohort" / "data_catalog.yaml", folder / "store")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder / "cohort", ignore_errors=True)
            shutil.rmtree(folder / "store", ignore_errors=True)
            radweave("simulate", folder / "cohort", "--patients-per-centre", 8, "--seed", 3)
            radweave("refresh", "--all", "--catalog", found.catalog, "--store", found.store)
            radweave("study", "builtin_response", "--catalog", found.catalog, "--store", found.store)
            (folder / "made").touch()
    return found


@pytest.fixture(scope="session")
def _s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3-compatible server on loopback, of this process alone; the server chooses its port itself."""
    log = tmp_path_factory.mktemp("s3") / "server.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        server = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            for _ in range(1200):
                if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
                    break
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
            else:
                pytest.fail("the S3 server did not start")
            yield found[0]
        finally:
            server.kill()
            server.wait(timeout=30)


@pytest.fixture
def s3(_s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty bucket of this test, on loopback, in the environment that s3fs reads."""
    settings = {
        "AWS_ENDPOINT_URL": _s3_server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # an instance that was made before knows another server
    bucket = f"bucket{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    s3fs.S3FileSystem().mkdir(bucket)
    yield f"s3://{bucket}"
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Any]:
    """A PACS of this test, with a network of its own round both; the test skips where there can be none."""
    from tests.support.orthanc import Orthanc, private_network, why_not

    if reason := why_not():
        pytest.skip(reason)
    with private_network():
        found = Orthanc(tmp_path)
        yield found
        found.kill()
