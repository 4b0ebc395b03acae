"""Which errors may be gone a moment later: those of networks and shared folders, so that reading files is worth a retry."""

import errno
from typing import Any

from prefect.tasks import exponential_backoff

TRANSIENT = frozenset(
    code
    for name in (
        "EAGAIN",
        "EBUSY",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EINTR",
        "EIO",
        "ENETDOWN",
        "ENETUNREACH",
        "ESTALE",
        "ETIMEDOUT",
    )
    if (code := getattr(errno, name, None)) is not None
)


def is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Whether a step that failed so is tried again: never for faults of the user and never for bugs."""
    try:
        state.result()
    except (ConnectionError, TimeoutError):
        return True
    except OSError as error:
        return error.errno in TRANSIENT
    except BaseException:
        return False
    return False


RETRIED: dict[
    str, Any
] = {  # how a step that reads the user's files is tried again: after 10, 20 and 40 s or a little more
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(10),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
