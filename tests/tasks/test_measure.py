"""measure_scans: a scan is read once, and a worker that is lost or ended costs no more than what it was doing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import load_catalog
from features.core.kinds.recipe import Recipe, load_recipe
from features.core.quarantine import Rejected
from features.core.storage.store import THUMBNAIL, Store
from features.images.index.index_cohort import Index, index_cohort
from features.results import measure_visit as measure
from features.results.known_results import KnownResults
from features.results.measure_visit import Job, measure_visit
from features.results.work import Work, check_of, features_of, plan_scans
from features.simulate.simulate_cohort import simulate_cohort
from flows.named import recipe_files
from tasks.measure import measure_scans
from tests.support.measured import job


class EndedPool:
    """A pool whose worker does the first `lasts` results of every job and is then ended, as a limit of time would."""

    def __init__(self, lasts: int, code: str = "TIMEOUT") -> None:
        self.lasts, self.code = lasts, code
        self.rounds: list[int] = []

    def map(self, function: Callable[[Job], Any], jobs: Sequence[Job], what: str) -> list[Any]:
        self.rounds.append(len(jobs))
        return [self._ended(function, job) for job in jobs]

    def _ended(self, function: Callable[[Job], Any], job: Job) -> Any:
        if self.lasts >= sum((one.check is not None) + len(one.features) for one in job.scans):
            return function(job).result()
        if self.lasts > 0:
            (todo,) = job.scans
            features = todo.features[: self.lasts - (todo.check is not None)]
            function(Job((todo._replace(features=features),))).result()
        return Rejected(self.code)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return index_cohort(load_catalog(simulate_cohort(tmp_path / "cohort", patients_per_centre=1)), "builtin", b"k" * 32)


@pytest.fixture
def recipes() -> list[Recipe]:
    """Two recipes with one handcrafted extractor each."""
    one = load_recipe(recipe_files()["ct_lung"])
    kept = tuple(extractor for extractor in one.extractors if not extractor.batched)
    first = one.model_copy(update={"extractors": kept})
    return [first, first.model_copy(update={"name": "coarse", "spacing_mm": (6.0, 6.0, 6.0)})]


def outcomes(index: Index, recipes: Sequence[Recipe], known: KnownResults) -> set[tuple[str, ...]]:
    """What became of the check and of each recipe's features, over all scans."""
    found = set()
    for scan in index.scans:
        row = [_code(known, check_of(scan))]
        for recipe in recipes:
            (extractor,) = recipe.extractors
            row.append(_code(known, features_of(scan, recipe, extractor)))
        found.add(tuple(row))
    return found


def _code(known: KnownResults, work: Work) -> str:
    rejected = known.rejection(work)
    return rejected.code if rejected else "kept"


@pytest.mark.parametrize(
    ("lasts", "rounds", "expected"),
    [
        pytest.param(3, 1, ("kept", "kept", "kept"), marks=pytest.mark.slow),
        (1, 3, ("kept", "kept", "kept")),  # ended for the time of all three, not of one: it goes on where it was
        pytest.param(
            0, 1, ("TIMEOUT", "WORKER_LOST", "WORKER_LOST"), marks=pytest.mark.slow
        ),  # no features without a check
    ],
)
def test_a_worker_that_was_ended_is_gone_on_with_after_what_it_kept(
    index: Index, recipes: list[Recipe], tmp_path: Path, lasts: int, rounds: int, expected: tuple[str, ...]
) -> None:
    known, pool = KnownResults(Store(tmp_path / "store"), "builtin"), EndedPool(lasts)
    passed = measure_scans.fn(plan_scans(index.scans, recipes), known, pool, "builtin")  # type: ignore[arg-type]
    assert len(pool.rounds) == rounds
    assert outcomes(index, recipes, known) == {expected}
    assert len(passed) == (len(index.scans) if expected[0] == "kept" else 0)


def test_the_first_result_that_a_worker_cannot_give_is_to_blame_and_the_next_is_tried(
    index: Index, recipes: list[Recipe], tmp_path: Path
) -> None:
    known = KnownResults(Store(tmp_path / "store"), "builtin")
    for scan in index.scans:
        measure_visit(job(scan, check_of(scan)), known.store)
    pool = EndedPool(0, "WORKER_LOST")
    passed = measure_scans.fn(plan_scans(index.scans, recipes), known, pool, "builtin")  # type: ignore[arg-type]
    assert pool.rounds == [len(index.scans)] * 2
    assert outcomes(index, recipes, known) == {("kept", "WORKER_LOST", "WORKER_LOST")}
    assert len(passed) == len(index.scans)


def test_a_scan_is_read_once_for_its_check_and_all_recipes_and_then_not_again(
    index: Index, recipes: list[Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    real = measure.read_region
    monkeypatch.setattr(measure, "read_region", lambda scan, reading: (reads.append(scan), real(scan, reading))[1])
    for _ in range(2):
        known = KnownResults(Store(tmp_path / "store"), "builtin")
        measure_scans.fn(plan_scans(index.scans, recipes), known, EndedPool(9), "builtin")  # type: ignore[arg-type]
        assert reads == list(index.scans)


def test_a_picture_whose_refresh_ended_after_the_check_was_kept_is_drawn_by_the_next(
    index: Index, recipes: list[Recipe], tmp_path: Path
) -> None:
    known = KnownResults(Store(tmp_path / "store"), "builtin")
    plans = plan_scans(index.scans, recipes)
    measure_scans.fn(plans, known, EndedPool(9), "builtin")  # type: ignore[arg-type]
    lost = [known.store.work(THUMBNAIL, check_of(scan).address) for scan in index.scans]
    whole = [path.read_bytes() for path in lost]
    lost[0].unlink()
    pool = EndedPool(9)
    measure_scans.fn(plans, known, pool, "builtin")  # type: ignore[arg-type]
    assert pool.rounds == [1]
    assert [path.read_bytes() for path in lost] == whole


@pytest.mark.slow
def test_a_picture_that_no_worker_can_draw_is_given_up_with_nothing_to_blame(
    index: Index, recipes: list[Recipe], tmp_path: Path
) -> None:
    known = KnownResults(Store(tmp_path / "store"), "builtin")
    plans = plan_scans(index.scans, recipes)
    measure_scans.fn(plans, known, EndedPool(9), "builtin")  # type: ignore[arg-type]
    known.store.work(THUMBNAIL, check_of(index.scans[0]).address).unlink()
    pool = EndedPool(-1)
    passed = measure_scans.fn(plans, known, pool, "builtin")  # type: ignore[arg-type]
    assert pool.rounds == [1]
    assert len(passed) == len(index.scans)
    assert outcomes(index, recipes, known) == {("kept", "kept", "kept")}
