"""Steps with and without an engine: inside a Prefect flow run a step is a tracked task run, else it is just called.

Measured: a serverless Prefect run costs about 25 s to start, so the command line runs untracked unless a server is named
(PREFECT_API_URL, or `radweave serve`); results and recovery are the same, because both rest on the store.

What is tracked lies in the server's database. So errors that radweave does not know lose their texts, which may quote
patient data, before Prefect sees them.
"""

import contextvars
import copy
import ctypes
import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Flow, Task, get_client
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Failed

from features.core.digest import digest_bytes
from features.core.errors import ConfigError, ExitCode, RadweaveError
from features.core.progress import heard_by, watched_by
from flows.commands.fault import fault_of
from flows.serving.address import server_fault
from flows.serving.artifacts import Board
from flows.serving.server import HEARTBEAT_SECONDS, SERVED_BY

P = ParamSpec("P")
R = TypeVar("R")
GPU_LIMIT = "radweave-gpu"
LEASE_SECONDS = 120.0  # a run that is alive renews its hold of the slot after three quarters of it
WAIT_SECONDS = 3.0  # before a run says that it waits
WAITS = (
    f"waits for a slot of the GPU, which another run holds (limit {GPU_LIMIT}). If no other run is at work, a killed one left "
    "it: it is free after two minutes; after a restart of a server that radweave serve did not start, say radweave prepare"
)
_PR_SET_PDEATHSIG = 1
_FRAME = re.compile(r'^  File "[^"\n]+", line \d+, in \S+$', re.MULTILINE)


class UnknownError(RadweaveError):
    """An error that radweave does not know, told without its text: where it happened and what kind it is.

    traceback: the way to the error, lines of programs alone, whose last line is its kind.
    """

    exit_code = ExitCode.BUG

    def __init__(self, error: Exception) -> None:
        self.traceback = _way_to(error)
        frames = traceback.extract_tb(error.__traceback__)
        place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
        digest = digest_bytes("".join(traceback.format_tb(error.__traceback__)).encode())[:16]
        super().__init__(
            f"{type(error).__name__}{place} (traceback {digest}): an error that radweave does not know; what was finished "
            "is kept. Run the same command in a terminal without PREFECT_API_URL to read its text, and report it."
        )


def _way_to(error: BaseException) -> str:
    """The traceback of an error, and of those that it came from, without their texts, which may quote patient data."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    found = f"{_way_to(before)}\n\nwhich led to\n\n" if before is not None else ""
    lines = "".join(traceback.format_tb(error.__traceback__))
    of_worker = getattr(
        error, "traceback", ""
    )  # the way inside a worker process, as text that ends with the error's own
    lines += "".join(f"{frame}\n" for frame in _FRAME.findall(of_worker if isinstance(of_worker, str) else ""))
    return f"{found}Traceback (most recent call last):\n{lines}{type(error).__name__} (its text is not shown)"


def run_step(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a step, tracked where a flow run is under way."""
    if not FlowRunContext.get():
        return step.fn(*args, **kwargs)
    tracked = copy.copy(step)
    tracked.fn = _discreet(step.fn)
    return tracked(*args, **kwargs)


def run_body(work: Callable[[Board], R]) -> R:
    """The body of a flow, with its progress and artifacts shown in the UI if it is tracked.

    There, errors end the run as Failed with their sentence, and the run has the kind of fault as a tag; elsewhere they are
    raised.
    """
    board = Board()
    if not FlowRunContext.get():
        return work(board)
    _end_with_server()
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_is_news)
    with watched_by(board.progress), heard_by(say):
        try:
            return work(board)
        except RadweaveError as error:
            fault = error
        except Exception as error:
            fault = fault_of(error) or UnknownError(error)
        sentence = _tell(fault)
        _update_run("the run has no tag of its fault", tags=[f"fault: {fault.exit_code.name.lower()}"])
        return cast(R, Failed(message=sentence, data=fault))  # Prefect takes a state for the end of the run


def _tell(fault: RadweaveError) -> str:
    """The sentence of a fault, which is also written to the run's log; a bug's traceback comes before it there."""
    faults = fault.faults if isinstance(fault, ConfigError) else ()
    sentence = str(faults[0] if len(faults) == 1 else fault)  # one fault needs no heading
    if isinstance(fault, UnknownError):
        get_run_logger().error(fault.traceback)
    get_run_logger().error(sentence)
    return sentence


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of the log is more than Prefect's traceback of a fault: `run_body` says what is to be said of it."""
    return not (record.exc_info and isinstance(record.exc_info[1], RadweaveError))


def run_flow(flow: Flow[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a flow: as a tracked run where a Prefect server is named, else as a plain call.

    Where the server is lost on the way, the work goes on without it, and this is said. Raises RadweaveError if the
    server does not answer at the start; and what ended the run as Failed.
    """
    server = os.environ.get("PREFECT_API_URL")
    if not server:
        return flow.fn(*args, **kwargs)
    if fault := server_fault(server):
        raise type(fault)(f"{fault}, or unset PREFECT_API_URL to work untracked; nothing was computed")
    ended: list[R | RadweaveError] = []
    tracked = copy.copy(flow)
    tracked.fn = _kept(flow.fn, ended)
    try:
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: HEARTBEAT_SECONDS}):
            found: R = cast(Callable[P, Any], tracked)(*args, **kwargs)
            return found
    except RadweaveError:
        raise
    except Exception:
        if not server_fault(server):
            raise
    say("the Prefect server is gone: the work goes on without it, its run will show as Crashed")
    if not ended:
        return flow.fn(*args, **kwargs)  # what was finished is in the store
    if isinstance(ended[0], RadweaveError):
        raise ended[0]
    return ended[0]


@contextmanager
def gpu_slot() -> Iterator[None]:
    """A slot of the limit `radweave-gpu`, held while the block runs; without a server or a limit nothing is waited for.

    A run that waits says so. What a killed run held is free again after LEASE_SECONDS, as long as its server lives.
    """
    slot = concurrency(
        GPU_LIMIT, occupy=1, strict=False, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False
    )
    tracked = FlowRunContext.get() is not None
    waiting = threading.Timer(WAIT_SECONDS, contextvars.copy_context().run, (say, WAITS))
    if tracked:
        waiting.start()
    try:
        held = tracked and _done(slot.__enter__, "no slot of the GPU was to be had")
    finally:
        waiting.cancel()
    try:
        yield
    finally:
        if held:
            _done(lambda: slot.__exit__(None, None, None), "the slot of the GPU was not given back")


def name_run(name: str) -> None:
    """Rename the flow run that is under way, if there is one; a server that refuses changes nothing."""
    _update_run("the run keeps its name", name=name)


def _update_run(otherwise: str, *, name: str | None = None, tags: Sequence[str] = ()) -> None:
    """Tell the server a name of the run that is under way, or tags besides its own; `otherwise`: what a refusal means."""
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        run = context.flow_run
        with get_client(sync_client=True) as client:
            every = [*run.tags, *tags] if tags else None
            _done(lambda: client.update_flow_run(run.id, name=name, tags=every), otherwise)


def say(message: str) -> None:
    """A line for whoever watches: in the run's log, or on stderr."""
    if FlowRunContext.get():
        get_run_logger().warning(message)
    else:
        print(f"radweave: {message}", file=sys.stderr)


def _discreet(call: Callable[P, R]) -> Callable[P, R]:
    """The call with errors that tell no text of files: those that radweave words itself pass, others are reworded."""

    @wraps(call)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except RadweaveError:
            raise
        except Exception as error:
            raise fault_of(error) or _without_text(error) from None

    return quiet


def _without_text(error: Exception) -> Exception:
    """The error without its text; what retries look at stays: the kind of an error of networks and files."""
    if isinstance(error, OSError) and error.errno is not None:
        return OSError(error.errno, os.strerror(error.errno))
    for kind in (ConnectionError, TimeoutError):
        if isinstance(error, kind):
            return kind(kind.__name__)
    return UnknownError(error)


def _kept(call: Callable[P, R], ended: list[R | RadweaveError]) -> Callable[P, R]:
    """The call, whose result, or fault, is also kept in `ended`: Prefect loses it if it cannot tell its server."""

    @wraps(call)
    def keeping(*args: P.args, **kwargs: P.kwargs) -> R:
        found = call(*args, **kwargs)
        ended.append(cast(RadweaveError, found.data) if isinstance(found, State) else found)
        return found

    return keeping


def _done(ask: Callable[[], object], otherwise: str) -> bool:
    """Whether the server did what it was asked for; if not, this is said and the work goes on."""
    try:
        ask()
    except Exception as error:
        say(f"{otherwise}: {type(error).__name__}")
        return False
    return True


def _end_with_server() -> None:
    """Have the kernel end this run with the `radweave serve` that started it, also if that is killed (Linux)."""
    if sys.platform == "linux" and os.environ.get(SERVED_BY) == str(os.getppid()):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
