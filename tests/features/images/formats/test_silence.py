"""silent: stderr is turned away while any thread is inside, and comes back."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from features.images.formats.silence import silent


def test_stderr_comes_back_after_threads_that_overlap(capfd: pytest.CaptureFixture[str]) -> None:
    both = Barrier(2, timeout=30)

    def shout(first: bool) -> None:
        if not first:
            both.wait()  # the first is inside
        with silent():
            if first:
                both.wait()
            os.write(2, b"secret")
            both.wait()  # both are inside
            if not first:
                both.wait()  # the first has left

        if first:
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(shout, [True, False]))
    os.write(2, b"told")
    assert capfd.readouterr().err == "told"
