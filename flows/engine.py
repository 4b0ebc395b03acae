"""Steps with and without an engine: inside a Prefect flow run a step is a tracked task run, else it is just called.

Measured: a serverless Prefect run costs about 25 s to start, so the command line runs untracked unless a server is named
(PREFECT_API_URL, or `radweave serve`); results and recovery are the same, because both rest on the store.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger

P = ParamSpec("P")
R = TypeVar("R")


def run_step(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a step, tracked where a flow run is under way."""
    return step(*args, **kwargs) if FlowRunContext.get() else step.fn(*args, **kwargs)


def run_flow(flow: Flow[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a flow: as a tracked run where a Prefect server is named, else as a plain call."""
    call: Callable[P, Any] = flow if os.environ.get("PREFECT_API_URL") else flow.fn
    found: R = call(*args, **kwargs)
    return found


def say(message: str) -> None:
    """A line for whoever watches: in the run's log, or on stderr."""
    if FlowRunContext.get():
        get_run_logger().warning(message)
    else:
        print(f"radweave: {message}", file=sys.stderr)


def log_progress(what: str, done: int, total: int) -> None:
    """Progress as lines of the run's log, at each tenth."""
    if done == total or done * 10 // total != (done - 1) * 10 // total:
        get_run_logger().info("%s: %d of %d", what, done, total)
