"""A Dask cluster of real processes: versions, places, the death of a worker, silence, and the same tables."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path

import pytest

from features.core.errors import RadweaveError
from features.core.storage.store import Store
from features.results.manifest import newest
from tasks.running.pool import Pool
from tasks.running.runners.dask import Dask, _Cluster, _end, _Order
from tests.tasks.deeds import hang_at_three, leave_device, leave_parent_id, square
from tests.tasks.running.runners.conftest import ROOT, Cluster, of_two_children, wait_until
from tests.tasks.running.test_pool import is_alive

pytestmark = pytest.mark.slow


def test_each_worker_of_the_cluster_has_its_work_done_by_a_child_that_ends_with_the_pool(cluster: Cluster) -> None:
    with Pool(Dask(scheduler_address=cluster.address)) as pool:
        wait_until(lambda: pool._workers is not None and pool._workers.size() == 2)
        found = of_two_children(pool)
    assert {parent for _, parent in found} == {worker.pid for worker in cluster.processes[1:]}
    children = {child for child, _ in found}
    assert len(children) == 2
    wait_until(lambda: not any(is_alive(child) for child in children))


def test_batches_go_to_the_worker_that_offers_a_gpu(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()
    with Pool(Dask(scheduler_address=cluster.address)) as pool:
        wait_until(lambda: pool._workers is not None and pool._workers.devices() == 1)
        pool.map_batches(partial(leave_parent_id, folder=folder), range(7), "batches", 3)
    parts = [path.name.split("-") for path in folder.iterdir()]
    assert sorted(int(number) for number, _, _ in parts) == list(range(7))
    assert {parent for _, parent, _ in parts} == {str(cluster.processes[2].pid)}


def test_each_gpu_of_a_worker_has_one_process_that_sees_it_alone(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "devices"
    folder.mkdir()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    cluster.start_worker("--nthreads", "3", "--resources", "CARD=2")
    with Pool(Dask(scheduler_address=cluster.address, gpu_resource="CARD")) as pool:
        wait_until(lambda: pool._workers is not None and pool._workers.devices() == 2)
        pool.map_batches(partial(leave_device, folder=folder), range(16), "batches", 128)
    parts = [path.name.split("-") for path in folder.iterdir()]
    assert sorted(first for first, _, _ in parts) == ["0", "8"]
    assert sorted(device for _, _, device in parts) == ["4", "7"]
    worker = cluster.processes.pop()
    worker.send_signal(signal.SIGTERM)
    worker.wait()


def test_other_versions_are_refused_before_anything_is_computed(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.running.runners.dask.package_versions", lambda: {"numpy": "0.1", "Python": "2.7"})
    with pytest.raises(RadweaveError, match=r"versions differ.*Python 2\.7, there 3\..*numpy 0\.1, there "):
        Pool(Dask(scheduler_address=cluster.address)).__enter__()


SCRIPT = """
import psutil
from tasks.running.pool import Pool
from tasks.running.runners.dask import Dask
from tests.tasks.deeds import square
if __name__ == "__main__":
    for address in ("", {address!r}):
        with Pool(Dask(workers=2, scheduler_address=address)) as pool:
            assert pool.map(square, range(20), "squares") == [number**2 for number in range(20)]
            open_to = {{one.laddr.ip for one in psutil.Process().net_connections() if one.status == "LISTEN"}}
            assert open_to <= {{"127.0.0.1"}}, open_to
"""


def test_a_cluster_makes_no_noise_and_listens_to_this_machine_alone(cluster: Cluster, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(address=cluster.address))
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, script], env=settings, capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("", "")


def test_a_worker_under_a_nanny_may_have_children_too(cluster: Cluster) -> None:
    for worker in cluster.processes[1:]:
        worker.send_signal(signal.SIGTERM)
        worker.wait()
    cluster.start("worker", cluster.address, "--nthreads", "2", "--host", "127.0.0.1")
    with Pool(Dask(scheduler_address=cluster.address)) as pool:
        assert pool.map(square, range(50), "squares") == [number**2 for number in range(50)]


def test_a_worker_that_is_killed_takes_its_child_along_and_costs_no_result(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "hanging"
    folder.mkdir()

    def kill() -> None:
        wait_until(lambda: any(folder.iterdir()))
        child = int(next(folder.iterdir()).name)
        parent = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)
        wait_until(lambda: not is_alive(child))

    killer = threading.Thread(target=kill)
    killer.start()
    with Pool(Dask(scheduler_address=cluster.address, timeout_s=30)) as pool:
        found = pool.map(partial(hang_at_three, folder=folder), range(8), "hang")
        killer.join()
    assert [one for one in found if isinstance(one, int)] == [0, 1, 2, 4, 5, 6, 7]
    assert getattr(found[3], "code", "") == "TIMEOUT"
    assert len(list(folder.iterdir())) == 2


def test_an_order_that_begins_after_its_client_has_gone_starts_no_child() -> None:
    before = set(multiprocessing.active_children())
    workers = Dask(workers=1).open()
    assert isinstance(workers, _Cluster)
    workers._client.run(_end, workers._name)
    with pytest.raises(CancelledError):
        workers.submit(square, 3).result()
    assert set(multiprocessing.active_children()) == before
    workers.close()


def test_what_dask_may_log_of_an_order_names_no_file() -> None:
    order = _Order("group", (), 60.0, None, False, "GPU", pickle.dumps("/data/JohnDoe/CT.nii.gz"))
    assert "JohnDoe" not in repr(order)


def test_an_address_without_a_scheduler_is_said() -> None:
    with pytest.raises(RadweaveError, match="there is no Dask scheduler at tcp://127.0.0.1:9"):
        Pool(Dask(scheduler_address="tcp://127.0.0.1:9")).__enter__()
    with pytest.raises(RadweaveError, match="there is no Dask scheduler at nonsense://x"):
        Pool(Dask(scheduler_address="nonsense://x")).__enter__()


def digests(store: Path) -> dict[str, str]:
    return {name: file.sha256 for name, file in newest(Store(store)).files.items()}


def test_a_refresh_on_a_cluster_that_loses_a_worker_gives_the_same_tables(
    cluster: Cluster, demo, tmp_path: Path
) -> None:
    """The store of `demo` was made by processes of one machine. The cluster's workers have no key of pseudonyms."""
    store = demo.begun(tmp_path)
    known = set((store / "work" / "radiomics").rglob("*.parquet"))
    options = ["--catalog", demo.catalog, "--store", store, "--scheduler", cluster.address]
    command = [sys.executable, "-m", "flows.cli", "refresh", "--all", *map(str, options)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finished() -> int:
        return len({*(store / "work" / "radiomics").rglob("*.parquet")} - known)

    try:
        while finished() < 3 and process.poll() is None:
            time.sleep(0.1)
        cluster.processes[1].send_signal(signal.SIGKILL)
        before = finished()
        _, errors = process.communicate(timeout=900)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert 3 <= before <= finished()
    assert digests(store) == digests(demo.store)
    assert not list(cluster.folder.rglob("*.key"))
    assert "Error" not in errors and "distributed" not in errors
