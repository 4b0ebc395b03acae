"""Settings of the runners: found by their kind, explained in forms, with defaults from the machine."""

import pytest

from features.core.kinds.registry import KindError
from features.core.memory import GIB, machine_memory
from tasks.running.pool import DEFAULT_RUNNER
from tasks.running.runner import RUNNERS, available_cores
from tasks.running.runners.threads import Threads


@pytest.mark.parametrize("kind", list(RUNNERS.modules))
def test_a_runner_explains_its_fields(kind: str) -> None:
    fields = RUNNERS.load(kind).model_fields
    assert all(one.title and one.description for name, one in fields.items() if name != "kind")


def test_processes_are_the_default() -> None:
    assert RUNNERS.parse("processes") == DEFAULT_RUNNER


def test_zero_workers_are_one_per_core_and_share_the_memory() -> None:
    assert Threads().count() == available_cores()
    assert Threads(workers=3).count() == 3
    assert Threads(workers=4).memory() == pytest.approx(0.9 * machine_memory() / 4, abs=1)
    assert Threads(workers=4, memory_gib=1.5).memory() == int(1.5 * GIB)


@pytest.mark.parametrize("settings", [{"workers": -1}, {"memory_gib": 0.1}, {"timeout_s": 0}, {"wrokers": 2}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(KindError):
        RUNNERS.parse({"kind": "processes", **settings})
