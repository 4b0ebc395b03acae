"""What the loss of a server, of `serve` or of a file server costs; and a server on PostgreSQL that asks for a password."""

import base64
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidMessage

from features.core.storage.store import Store
from features.results.manifest import newest
from flows.serving.serve import lost_in_a_line

pytestmark = [pytest.mark.server, pytest.mark.slow]
ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def server_of(process: int) -> int:
    """The process id of the Prefect server that a `radweave serve` has started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    (found,) = [int(one) for one in children if b"flows.serving.server" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return found


def test_a_run_outlives_its_server_and_the_next_serve_clears_up_and_ends_with_its_server(
    demo, serve, tmp_path: Path
) -> None:
    (tmp_path / "first").mkdir()
    first = serve(demo.catalog, demo.copy(tmp_path / "first"), "--cron", "0 3 1 1 *").serving()
    slot = {"slots": 1, "names": ["radweave-gpu"]}
    first.post("/api/v2/concurrency_limits/increment-with-lease", slot)  # as deep features do, which will be killed
    served = first.trigger("scheduled", store=str(tmp_path / "other"))
    store = tmp_path / "store"
    process = first.command(
        *("refresh", "--all", "--catalog", demo.catalog, "--store", store, "--workers", 1),
        PREFECT_CLIENT_MAX_RETRIES="1",
    )
    for folder in (tmp_path / "other", store):
        first.wait("work", lambda folder=folder: list((folder / "work").rglob("*.parquet")))
    assert first.run(served)["state"]["type"] == "RUNNING"
    assert process.poll() is None
    study = f"/api/deployments/{first.deployment('on-demand')['id']}/create_flow_run"
    running = {"state": {"type": "RUNNING", "name": "Running"}, "parameters": {"study": "builtin_response"}}
    ghost = first.post(study, running)["id"]  # as a machine leaves it that loses its power
    first.pause_schedule("scheduled")
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    _, printed = process.communicate(timeout=900)
    assert process.returncode == 0, printed
    assert "the Prefect server is gone: the work goes on without it" in printed
    kept = [newest(Store(where)) for where in (store, demo.store)]
    assert kept[0].files == kept[1].files
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", first.port)) != 0  # the server went with its parent
    second = serve(demo.catalog, first.store, "--port", first.port, "--cron", "0 3 1 1 *")
    second.port, second.url = first.port, first.url
    second.serving()
    assert second.run(served)["state"]["type"] == "CRASHED"
    left = second.run(ghost)["state"]
    assert (left["type"], left["message"].startswith("the process of this run is gone")) == ("CRASHED", True)
    assert second.get("/api/v2/concurrency_limits/radweave-gpu")["active_slots"] == 0
    assert [one["active"] for one in second.deployment("scheduled")["schedules"]] == [False]
    os.kill(server_of(second.process.pid), signal.SIGKILL)
    assert second.process.wait(timeout=300) == 6
    printed = second.log.read_text()
    assert "left by an earlier process" in printed
    assert "the schedule of refresh/scheduled stays paused, as it was left in the UI" in printed
    assert "slots of the GPU that killed runs had left taken, free now: 1" in printed
    assert "radweave: the Prefect server has ended by signal 9, and radweave serve with it: see the end of" in printed
    assert "Warning" not in printed and "Traceback" not in printed


def test_the_log_says_that_the_server_is_lost_in_a_line_and_keeps_the_traceback_of_a_bug() -> None:
    for error, kept in (
        (InvalidMessage("no HTTP response"), False),
        (ConnectionRefusedError(), False),
        (KeyError(), True),
    ):
        record = logging.LogRecord(
            "prefect.observer", logging.WARNING, "", 1, "Polling", (), (type(error), error, None)
        )
        assert lost_in_a_line(record)
        assert bool(record.exc_info) is kept


def test_a_server_that_does_not_answer_stops_a_tracked_command_at_once(demo, radweave, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api"
    options = ("--all", "--catalog", demo.catalog, "--store", tmp_path / "store")
    found = radweave("refresh", *options, code=6, PREFECT_API_URL=nobody)
    assert "does not answer: start it, or unset PREFECT_API_URL" in found.stderr
    assert not (tmp_path / "store").exists()


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database of a PostgreSQL server of its own, on loopback with a random port."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    path = os.pathsep.join([str(folder) for folder in reversed(folders)] + [os.environ["PATH"]])
    if not (shutil.which("initdb", path=path) and shutil.which("postgres", path=path)):
        pytest.skip("PostgreSQL is not installed")
    as_user: list[str] = []
    folder = tmp_path_factory.mktemp("postgres")
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        if (
            not shutil.which("runuser")
            or subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode
        ):
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
        folder = Path(subprocess.check_output([*as_user, "mktemp", "-d"], text=True, cwd="/").strip())
    initdb, postgres = str(shutil.which("initdb", path=path)), str(shutil.which("postgres", path=path))
    subprocess.run(
        [*as_user, initdb, "-D", folder / "data", "-U", "radweave", "-A", "trust", "--no-sync", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    port = free_port()
    command = [
        *as_user,
        postgres,
        "-D",
        folder / "data",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        folder,
        "-c",
        "fsync=off",
    ]
    server = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None
            time.sleep(0.2)
        yield f"postgresql+asyncpg://radweave@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_refresh_on_postgresql_behind_a_password(demo, serve, postgres: str, tmp_path: Path) -> None:
    server = serve(
        *(demo.catalog, demo.copy(tmp_path), "--cron", "0 3 1 1 *"),
        RADWEAVE_DATABASE=postgres,
        RADWEAVE_AUTH="me:secret",
    )
    try:
        server.serving()
        with pytest.raises(urllib.error.HTTPError) as refused:
            server.post("/api/flow_runs/filter", {})
        assert refused.value.code == 401
        refused.value.close()
        server.headers["authorization"] = "Basic " + base64.b64encode(b"me:secret").decode()
        assert server.get("/api/admin/settings")["server"]["database"]["driver"] in (None, "postgresql+asyncpg")
        ended = server.end(server.trigger("scheduled", cohorts=["builtin"]))
        assert ended["state"]["type"] == "COMPLETED", ended["state"]
        assert not list((server.store / "prefect").glob("*.db"))
    finally:
        printed = server.stop()
    assert "secret" not in printed and postgres not in printed


def test_prefect_yaml_deploys_and_a_worker_runs_what_is_scheduled(server, demo, tmp_path: Path) -> None:
    environment = {**server.environment, "PREFECT_API_URL": f"{server.url}/api", "PREFECT_HOME": str(tmp_path / "home")}

    def prefect(*arguments: str) -> str:
        command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    server.wait("the end of all runs", lambda: not [run for run in server.runs() if run["state"]["type"] == "RUNNING"])
    server.post("/api/v2/concurrency_limits/increment", {"slots": 1, "names": ["radweave-gpu"]})  # nobody gives it back
    prepared = server.command("prepare")
    printed, _ = prepared.communicate(timeout=900)
    assert "slots of the GPU that killed runs had left taken, free now: 1" in printed
    assert 'work pool "radweave"' in printed and 'concurrency limit "radweave-gpu": 1' in printed
    automations = [one["name"] for one in server.post("/api/automations/filter", {})]
    assert automations.count("radweave: end dead runs") == 1
    prefect("deploy", "--all")
    nightly = server.deployment("nightly")
    assert nightly["work_pool_name"] == "radweave"
    wanted = {"deployments": {"id": {"any_": [nightly["id"]]}}}
    planned = server.wait("a scheduled run", lambda: server.post("/api/flow_runs/filter", wanted))
    assert planned[0]["auto_scheduled"] and planned[0]["expected_start_time"][11:19] == "03:00:00"
    run = server.trigger("nightly", catalog=str(demo.catalog), store=str(demo.copy(tmp_path)), cohorts=["builtin"])
    assert server.get("/api/work_pools/radweave")["status"] == "NOT_READY"
    prefect("worker", "start", "--pool", "radweave", "--type", "process", "--run-once")
    assert server.get("/api/work_pools/radweave")["status"] == "READY"
    ended = server.end(run)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert ended["name"].startswith("refresh builtin → ")
