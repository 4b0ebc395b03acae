"""Progress of long work: the library tells how far it is, and what is worth knowing; whoever runs it decides how that is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[str, int, int], None]  # what is done, how much is done, how much there is
Speaker = Callable[[str], None]


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def _on_stderr(message: str) -> None:
    print(f"radweave: {message}", file=sys.stderr)


_current: ContextVar[Progress] = ContextVar("progress", default=_silent)
_speaker: ContextVar[Speaker] = ContextVar("speaker", default=_on_stderr)


def tell(what: str, done: int, total: int) -> None:
    """Tell whoever watches that `done` of `total` are done."""
    _current.get()(what, done, total)


def say(message: str) -> None:
    """A sentence for whoever watches, on stderr if nobody listens. It holds nothing of patients."""
    _speaker.get()(message)


@contextmanager
def watched_by(progress: Progress) -> Iterator[None]:
    """Inside, `tell` goes to this watcher."""
    token = _current.set(progress)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def heard_by(speaker: Speaker) -> Iterator[None]:
    """Inside, `say` goes to this listener."""
    token = _speaker.set(speaker)
    try:
        yield
    finally:
        _speaker.reset(token)
