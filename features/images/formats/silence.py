"""silent: nothing that a library written in C++ prints reaches the terminal or a log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside: list[int] = []  # the real stderr, once for each thread that is inside


@contextmanager
def silent() -> Iterator[None]:
    """Inside, what libraries written in C++ print about damaged files, their paths included, is dropped.

    stderr belongs to the process: the first thread that comes in turns it away, the last one turns it back.
    """
    with _lock:
        sys.stderr.flush()
        kept = _inside[0] if _inside else os.dup(2)
        if not _inside:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        _inside.append(kept)
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if not _inside:
                os.dup2(kept, 2)
                os.close(kept)
