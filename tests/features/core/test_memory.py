"""Memory is claimed before it is used, where a limit is set."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.core.memory import GIB, TooLarge, claim_grid, claim_memory, limit_memory, machine_memory
from features.core.quarantine import Rejected


def claims(limit: int | None, needed: int) -> None:
    """In a thread of its own, whose limit ends with it."""

    def claim() -> None:
        if limit is not None:
            limit_memory(limit)
        claim_memory(needed)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(claim).result()


def test_without_a_limit_a_grid_may_have_the_machine_s_memory_and_reading_is_not_limited() -> None:
    claims(None, 2 * machine_memory())
    with pytest.raises(TooLarge):
        claim_grid(2**24, 1, machine_memory() + 1)


def test_a_claim_up_to_the_limit_passes_and_one_byte_more_does_not() -> None:
    claims(GIB, GIB)
    with pytest.raises(TooLarge, match=r"needs about 1\.0 GiB; there are 1\.0 GiB"):
        claims(GIB, GIB + 1)


def test_the_figures_survive_the_way_between_processes() -> None:
    found = pickle.loads(pickle.dumps(TooLarge(3 * GIB, 2 * GIB)))  # noqa: S301
    assert (found.needed_gib, found.limit_gib) == (3.0, 2.0)


@pytest.mark.parametrize(
    ("voxels", "per_voxel", "found"),
    [(2**29 + 1, 1, "has over 536870912 voxels"), (2**24 + 1, 4097, "one voxel of the image becomes over 4096")],
)
def test_a_grid_that_is_not_sensible_is_rejected_on_any_machine(voxels: int, per_voxel: float, found: str) -> None:
    with pytest.raises(Rejected, match=found) as caught:
        claim_grid(voxels, per_voxel, 1)
    assert (caught.value.code, caught.value.details) == ("OOM_RISK", {"voxels": voxels})
    claim_grid(2**24, 4097, 1)
    claim_grid(2**24 + 1, 4096, 1)
