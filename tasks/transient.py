"""Which errors may be gone a moment later: those of networks and shared folders, so that reading files is worth a retry."""

import errno
from typing import Any

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
