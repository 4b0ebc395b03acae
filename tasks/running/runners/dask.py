"""dask: the workers of a Dask cluster, found by the address of its scheduler, or a cluster within this process."""

import logging
import math
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from queue import Queue
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field

from features.core.errors import MachineError, NetworkError
from features.core.memory import GIB, machine_memory
from features.core.versions import differences, package_versions
from tasks.running.runner import TIMEOUT, Runner, WorkerLost, Workers, available_cores
from tasks.running.runners.processes import Children

JOIN_SECONDS = 60
DASK_TRIES = (
    3  # at least: dask itself repeats what was lost with a worker of its own (distributed.scheduler.allowed-failures)
)
HERE = "127.0.0.1:0"  # of dask's status pages: without an address they would listen to all interfaces
ENDED = "radweave-ended"  # on a worker: the groups whose client has gone
CHANGING = threading.Lock()  # an order may begin in a thread of the worker while another ends the children
VISIBLE = "CUDA_VISIBLE_DEVICES"  # the GPUs that a process may see
COUNT_SECONDS = 2  # how often the workers are counted: a cluster may grow and shrink


class Dask(Runner):
    """A Dask cluster. Each of its workers has its cases done by child processes, one for each of its threads.

    Workers, on a cluster that is given by its address, are what the cluster has.
    """

    kind: Literal["dask"] = "dask"
    timeout_s: float = TIMEOUT
    scheduler_address: str = Field(
        "", title="Scheduler", description="Such as tcp://node:8786; empty: a cluster within this process."
    )
    gpu_resource: str = Field(
        "GPU",
        title="GPU resource",
        description="Deep features go to workers that offer this resource; without any, they are computed here.",
    )

    def open(self) -> Workers:
        return _Cluster(self)


@dataclass(frozen=True)
class _Order:
    """What a worker needs to do a call; the call stays packed, so that the worker itself loads no library."""

    group: str
    versions: tuple[tuple[str, str], ...]
    timeout_s: float
    memory_gib: float | None
    device: bool
    gpu_resource: str
    packed: bytes = field(repr=False)  # it holds paths of files, and dask logs what fails


class _Cluster(Workers):
    def __init__(self, runner: Dask) -> None:
        self._runner = runner
        self._name = f"radweave-{uuid4().hex}"
        self._versions = tuple(package_versions().items())
        self._counted, self._size, self._devices = -math.inf, 0, 0
        self._client = self._connect()
        try:
            self._refuse_other_versions()
        except BaseException:
            self.close()
            raise
        self._anywhere = self._client.get_executor(pure=False)
        self._on_devices = self._client.get_executor(pure=False, resources={runner.gpu_resource: 1})

    def _connect(self) -> Any:
        from distributed import Client, LocalCluster

        # what matters is raised; the rest is noise at every ordinary end
        for name in ("distributed", "distributed.client"):  # the client has a level of its own
            logging.getLogger(name).setLevel(logging.CRITICAL)
        address = self._runner.scheduler_address
        if not address:
            cluster = LocalCluster(
                n_workers=1,
                threads_per_worker=self._runner.count(),
                processes=False,
                dashboard_address=HERE,
                worker_dashboard_address=HERE,
                memory_limit=0,
            )
            return Client(cluster)
        try:
            client = Client(address, timeout=10)
        except (OSError, ValueError) as error:
            raise NetworkError(f"there is no Dask scheduler at {address}: {type(error).__name__}") from error
        try:
            client.wait_for_workers(1, timeout=JOIN_SECONDS)
        except TimeoutError as error:
            client.close()
            raise NetworkError(f"the Dask scheduler at {address} has had no worker for {JOIN_SECONDS} s") from error
        return client

    def _refuse_other_versions(self) -> None:
        try:
            found: dict[str, list[str]] = self._client.run(differences, self._versions)
        except ModuleNotFoundError as error:
            raise MachineError(f"a worker of the cluster lacks {error.name}: install what runs here on all") from error
        wrong = sorted({fault for faults in found.values() for fault in faults})
        if wrong:
            raise _other_versions(wrong)

    def devices(self) -> int:
        self._count()
        return self._devices

    def size(self) -> int:
        self._count()
        return max(1, self._size)

    def _count(self) -> None:
        if time.monotonic() > self._counted + COUNT_SECONDS:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
            self._size = sum(worker["nthreads"] for worker in workers)
            self._devices = int(sum(worker["resources"].get(self._runner.gpu_resource, 0) for worker in workers))
            self._counted = time.monotonic()

    def submit(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        found: Future[Any] = self._anywhere.submit(_do, self._order(call, argument, device=False))
        return found

    def submit_to_device(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        found: Future[Any] = self._on_devices.submit(_do, self._order(call, argument, device=True))
        return found

    def _order(self, call: Callable[[Any], Any], argument: Any, *, device: bool) -> _Order:
        runner, packed = self._runner, pickle.dumps((call, argument))
        return _Order(
            self._name, self._versions, runner.timeout_s, runner.memory_gib, device, runner.gpu_resource, packed
        )

    def result(self, future: "Future[Any]") -> Any:
        from distributed import KilledWorker

        try:
            return pickle.loads(future.result())  # noqa: S301 - the cluster is trusted: it runs what it is sent
        except KilledWorker as error:
            raise WorkerLost(times=DASK_TRIES) from error
        except CancelledError as error:
            raise NetworkError(
                "the Dask scheduler is gone; what was finished is kept: run the command again"
            ) from error

    def close(self) -> None:
        cluster = self._client.cluster
        if self._client.status == "running":
            self._client.run(_end, self._name, on_error="ignore")
        self._client.close()
        if cluster is not None:
            cluster.close()


class _Group:
    """The child processes of a worker for one client: for its cores, and one for each of its devices. They start when used.

    Dask hands out no more orders for devices than a worker said that it has; each is for a device that nobody else uses then.
    """

    def __init__(self, order: _Order, cores: int, memory: int, devices: int) -> None:
        self._cores = Children(cores, order.timeout_s, memory)
        self._devices = [Children(1, order.timeout_s, None, own) for own in device_settings(devices)]
        self._free: Queue[Children] = Queue()
        for one in self._devices:
            self._free.put(one)

    def packed_result(self, order: _Order) -> bytes:
        """Of an order, from one of the children."""
        if not order.device:
            return self._cores.packed_result(self._cores.submit_packed(order.packed))
        own = self._free.get()
        try:
            return own.packed_result(own.submit_packed(order.packed))
        finally:
            self._free.put(own)

    def close(self) -> None:
        for one in (self._cores, *self._devices):
            one.close()


def device_settings(count: int) -> list[dict[str, str]]:
    """What the environment of a child says for each of so many devices, of those that this process may see."""
    if count <= 1:
        return [{}]
    seen = [one.strip() for one in os.environ.get(VISIBLE, "").split(",") if one.strip()]
    return [{VISIBLE: one} for one in (seen or [str(n) for n in range(count)])[:count]]


def _do(order: _Order) -> bytes:
    """In a worker of the cluster: the packed result of an order, from a child process."""
    from distributed import get_worker

    wrong = differences(order.versions)
    if wrong:  # a worker that joined later
        raise _other_versions(wrong)
    return _group(get_worker(), order).packed_result(order)


def _group(worker: Any, order: _Order) -> _Group:
    """The child processes of this worker for one client, made at its first order and ended by `_end`.

    Raises CancelledError for an order that waited in the worker until its client had gone.
    """
    with CHANGING:
        if order.group in worker.__dict__.get(ENDED, ()):
            raise CancelledError
        if order.group not in worker.__dict__:
            # dask calls its worker processes daemons, which may have no children; ours end with their parent
            vars(multiprocessing.current_process())["_config"]["daemon"] = False
            size = worker.state.nthreads
            total = worker.memory_manager.memory_limit or 0.9 * machine_memory() * size / max(size, available_cores())
            memory = int(order.memory_gib * GIB if order.memory_gib else total / size)
            devices = int(worker.state.total_resources.get(order.gpu_resource, 0))
            worker.__dict__[order.group] = _Group(order, size, memory, devices)
        found: _Group = worker.__dict__[order.group]
        return found


def _end(group: str, dask_worker: Any) -> None:
    with CHANGING:
        dask_worker.__dict__.setdefault(ENDED, set()).add(group)
        found = dask_worker.__dict__.pop(group, None)
    if found is not None:
        found.close()


def _other_versions(wrong: list[str]) -> MachineError:
    return MachineError("versions differ between this machine and the cluster's workers: " + "; ".join(wrong))
