"""attempt: one case's failure is one case's row: known rejections pass, unknown errors become UNEXPECTED with a digest."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from features.core.digest import digest_bytes
from features.core.errors import RadweaveError
from features.core.memory import TooLarge
from features.core.quarantine import Rejected

T = TypeVar("T")


def attempt(compute: Callable[[], T]) -> T | Rejected:
    """The value, or why there is none. A user's fault (RadweaveError: disk full, weights missing) still stops the run.

    A MemoryError is raised too: it says more of the worker than of the case, so it is the pool's, and nothing is kept.
    The traceback's digest, not its text, is kept: texts of unknown errors may quote patient data.
    """
    try:
        return compute()
    except Rejected as rejected:
        return rejected
    except (RadweaveError, MemoryError):
        raise
    except Exception as error:
        if "allocate" in str(error):  # as ITK and torch say that there is no memory
            raise MemoryError from error
        frames = "".join(traceback.format_tb(error.__traceback__))
        return Rejected("UNEXPECTED", error=type(error).__name__, traceback=digest_bytes(frames.encode())[:16])


def out_of_memory(error: MemoryError) -> Rejected:
    """OOM_RISK, with the figures if the case was found too large before it was read."""
    if isinstance(error, TooLarge):
        return Rejected("OOM_RISK", needed_gib=error.needed_gib, limit_gib=error.limit_gib)
    return Rejected("OOM_RISK")
