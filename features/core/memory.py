"""Memory: what a case will need is claimed before its pixels are read, where the runner has set a limit."""

from __future__ import annotations

from contextvars import ContextVar

GIB = 2**30
_limit: ContextVar[int | None] = ContextVar("memory limit", default=None)


class TooLarge(MemoryError):
    """A case will not fit into the memory of its worker."""

    def __init__(self, needed: int, limit: int) -> None:
        self.needed_gib, self.limit_gib = round(needed / GIB, 2), round(limit / GIB, 2)
        self._bytes = needed, limit
        super().__init__(f"needs about {self.needed_gib} GiB; a worker has {self.limit_gib} GiB")

    def __reduce__(self) -> tuple[object, ...]:
        return TooLarge, self._bytes


def limit_memory(limit: int) -> None:
    """From now on, claims of this thread above `limit` bytes are refused."""
    _limit.set(limit)


def claim_memory(needed: int) -> None:
    """Say that `needed` bytes will be used. Raises TooLarge if this thread has a limit and they are more."""
    limit = _limit.get()
    if limit is not None and needed > limit:
        raise TooLarge(needed, limit)
