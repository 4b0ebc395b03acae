"""Progress of long work: the library tells how far it is, whoever runs it decides how that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[str, int, int], None]  # what is done, how much is done, how much there is


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


_current: ContextVar[Progress] = ContextVar("progress", default=_silent)


def tell(what: str, done: int, total: int) -> None:
    """Tell whoever watches that `done` of `total` are done."""
    _current.get()(what, done, total)


@contextmanager
def watched_by(progress: Progress) -> Iterator[None]:
    """Inside, `tell` goes to this watcher."""
    token = _current.set(progress)
    try:
        yield
    finally:
        _current.reset(token)
