"""Progress: told to whoever watches, to nobody else."""

from __future__ import annotations

from threading import Thread

from features.core.progress import tell, watched_by


def test_only_the_watcher_hears_and_the_inner_one_first() -> None:
    outer: list[tuple[str, int, int]] = []
    inner: list[tuple[str, int, int]] = []
    tell("before", 0, 1)
    with watched_by(lambda *told: outer.append(told)):
        tell("a", 1, 2)
        with watched_by(lambda *told: inner.append(told)):
            tell("b", 2, 2)
        tell("c", 2, 2)
    tell("after", 1, 1)
    assert outer == [("a", 1, 2), ("c", 2, 2)]
    assert inner == [("b", 2, 2)]


def test_a_failure_ends_the_watch() -> None:
    heard: list[str] = []

    def work() -> None:
        with watched_by(lambda what, *_: heard.append(what)):
            raise ValueError

    try:
        work()
    except ValueError:
        tell("after", 1, 1)
    assert heard == []


def test_another_thread_is_not_watched() -> None:
    heard: list[str] = []
    with watched_by(lambda what, *_: heard.append(what)):
        thread = Thread(target=tell, args=("elsewhere", 1, 1))
        thread.start()
        thread.join()
    assert heard == []
