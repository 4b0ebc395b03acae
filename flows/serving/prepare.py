"""prepare: what radweave needs on a Prefect server: a work pool, the limit of the GPU, and an end for dead runs."""

from contextlib import suppress
from datetime import timedelta
from typing import cast

from prefect import get_client
from prefect.automations import Automation
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate, WorkPoolCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Crashed

from flows.serving.engine import GPU_LIMIT
from flows.serving.server import HEARTBEAT_SECONDS

WORK_POOL = "radweave"
FLOWS = ["refresh", "study", "final", "score", "score-new", "recalibrate"]
DEAD_RUNS = "radweave: end dead runs"
SILENT_SECONDS = 3 * HEARTBEAT_SECONDS  # one heartbeat may be lost on the way


def prepare_server(silent_seconds: int = SILENT_SECONDS, *, for_workers: bool = True) -> list[str]:
    """What the server that is named has now, a line each; what was there already stays, the automation is renewed.

    silent_seconds: after so long without a heartbeat a run counts as dead; heartbeats come every 30 s.
    for_workers: with a work pool. `serve` runs its deployments itself: a pool that no worker asks for work is Not ready, and red.
    """
    with get_client(sync_client=True) as client:
        (_ensure_work_pool if for_workers else _remove_idle_pool)(client)
        slots = _ensure_gpu_limit(client)
    _ensure_automation(silent_seconds)
    pool = f'work pool "{WORK_POOL}" for processes: Ready once a worker runs (prefect worker start --pool {WORK_POOL})'
    return [
        *([pool] if for_workers else []),
        f'concurrency limit "{GPU_LIMIT}": {slots}',
        f'automation "{DEAD_RUNS}": without a heartbeat for {silent_seconds} s',
    ]


def free_gpu_slots(*, restarted: bool) -> int:
    """How many slots of the GPU that killed runs left behind are free again.

    Who holds a slot stands in the server's memory, what is taken in its database: after a restart nobody can give back what
    was taken before. restarted: the server has just started, so no slot is held; else slots are freed only where no refresh
    or study counts as running.
    """
    with get_client(sync_client=True) as client:
        taken = client.read_global_concurrency_limit_by_name(GPU_LIMIT).active_slots
        if not taken or (not restarted and _living_runs(client)):
            return 0
        client.update_global_concurrency_limit(GPU_LIMIT, GlobalConcurrencyLimitUpdate(active_slots=0))
        return taken


def is_paused(flow: str, deployment: str) -> bool:
    """Whether somebody has paused the schedule of a deployment in the UI; serving it again would start it again."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        schedules = client.read_deployment_by_name(f"{flow}/{deployment}").schedules
        return bool(schedules) and not any(schedule.active for schedule in schedules)
    return False


def end_stale_runs(deployments: list[str]) -> int:
    """How many runs of these deployments were left as running by a process that is gone; they are Crashed now."""
    message = "the process of this run is gone; what it finished is kept, the next run goes on from there"
    with get_client(sync_client=True) as client:
        runs = _living_runs(client, DeploymentFilter(name=DeploymentFilterName(any_=deployments)))
        for run in runs:
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
    return len(runs)


def _living_runs(client: SyncPrefectClient, deployments: DeploymentFilter | None = None) -> list[FlowRun]:
    """Runs of FLOWS that count as running."""
    living = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=FLOWS)),
        deployment_filter=deployments,
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=living)),
    )


def _ensure_work_pool(client: SyncPrefectClient) -> None:
    with suppress(ObjectAlreadyExists):  # it keeps the limits that someone gave it
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process", description="radweave on this machine"))


def _remove_idle_pool(client: SyncPrefectClient) -> None:
    """Remove the work pool that an earlier radweave made for `serve` too, if nothing was ever done with it."""
    named = WorkPoolFilter(name=WorkPoolFilterName(any_=[WORK_POOL]))
    if (
        client.read_work_pools(work_pool_filter=named)
        and not client.read_workers_for_work_pool(WORK_POOL)
        and not client.read_deployments(work_pool_filter=named)
    ):
        client.delete_work_pool(WORK_POOL)


def _ensure_gpu_limit(client: SyncPrefectClient) -> int:
    try:
        return client.read_global_concurrency_limit_by_name(GPU_LIMIT).limit
    except ObjectNotFound:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=GPU_LIMIT, limit=1))
        return 1


def _ensure_automation(silent_seconds: int) -> None:
    trigger = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.*"},  # the next heartbeat, or any end, whatever its name
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": FLOWS},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=silent_seconds),
    )
    crash = ChangeFlowRunState(
        state=StateType.CRASHED,
        name="Crashed",
        message=f"no heartbeat for {silent_seconds} s: the process is gone. What it finished is kept, run it again",
    )
    wanted = Automation(
        name=DEAD_RUNS,
        description="A run whose process was killed would stay Running for ever.",
        trigger=trigger,
        actions=[crash],
    )
    try:
        known = cast(Automation, Automation.read(name=DEAD_RUNS))
    except ValueError:
        wanted.create()
        return
    wanted.id = known.id
    wanted.update()
