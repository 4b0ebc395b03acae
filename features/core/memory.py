"""Memory: what a case will need is claimed before it is used."""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path

from features.core.bounds import LARGE_VOXELS, MOST_FINER, MOST_VOXELS
from features.core.quarantine import Rejected

GIB = 2**30
_limit: ContextVar[int | None] = ContextVar("memory limit", default=None)


class TooLarge(MemoryError):
    """A case will not fit into the memory of its worker, or of the machine."""

    def __init__(self, needed: int, limit: int) -> None:
        self.needed_gib, self.limit_gib = round(needed / GIB, 2), round(limit / GIB, 2)
        self._bytes = needed, limit
        super().__init__(f"needs about {self.needed_gib} GiB; there are {self.limit_gib} GiB")

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


def claim_honest(needed: int) -> None:
    """Say that `needed` bytes will be used by what was found to be as large as it says.

    Raises TooLarge as `claim_memory`, and where there is no limit, if the machine has less.
    """
    limit = _limit.get()
    limit = machine_memory() if limit is None else limit
    if needed > limit:
        raise TooLarge(needed, limit)


def claim_grid(voxels: float, per_voxel: float, needed: int) -> None:
    """Say that a region will be resampled to `voxels`, for which `needed` bytes will be used. per_voxel: how many of them one
    voxel of the image becomes.

    Raises Rejected OOM_RISK for over 2**29 voxels, and for over 2**24 of which over 4,096 are made of one voxel of the image:
    such a spacing is a slip; TooLarge as `claim_honest`.
    """
    if voxels > MOST_VOXELS:
        raise Rejected("OOM_RISK", f"on the new grid the region has over {MOST_VOXELS} voxels", voxels=int(voxels))
    if voxels > LARGE_VOXELS and per_voxel > MOST_FINER:
        what = f"on the new grid one voxel of the image becomes over {MOST_FINER}: look at the spacing"
        raise Rejected("OOM_RISK", what, voxels=int(voxels))
    claim_honest(needed)


def machine_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or those of its control group if they are fewer."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else "max"
    return min(total, int(text)) if text.isdigit() else total
