"""Memory is claimed before it is used, where a limit is set."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.core.memory import GIB, TooLarge, claim_memory, limit_memory


def claims(limit: int | None, needed: int) -> None:
    """In a thread of its own, whose limit ends with it."""

    def claim() -> None:
        if limit is not None:
            limit_memory(limit)
        claim_memory(needed)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(claim).result()


def test_without_a_limit_any_claim_passes() -> None:
    claims(None, 2**60)


def test_a_claim_up_to_the_limit_passes_and_one_byte_more_does_not() -> None:
    claims(GIB, GIB)
    with pytest.raises(TooLarge, match=r"needs about 1\.0 GiB; a worker has 1\.0 GiB"):
        claims(GIB, GIB + 1)


def test_the_figures_survive_the_way_between_processes() -> None:
    found = pickle.loads(pickle.dumps(TooLarge(3 * GIB, 2 * GIB)))  # noqa: S301
    assert (found.needed_gib, found.limit_gib) == (3.0, 2.0)
