"""Stability: features of perturbed regions, measured where they are missing, and how well they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.errors import DataError, MachineError
from features.core.kinds.extractor import Values
from features.core.quarantine import TRANSIENT, Rejected
from features.core.storage.store import Store
from features.core.storage.table import write_table
from features.radiomics.reliability import Reliability
from features.radiomics.stability import Perturbations, compare, measure
from features.results.attempt import attempt
from features.results.known_results import KnownResults
from features.results.prefixes import settings_digests
from features.results.registrations import read_kept
from features.results.schemas import STABILITY
from features.results.work import Extraction
from tasks.perturbing.shown import extract_perturbed, show_perturbed
from tasks.running.pool import Pool

SCANS = 8  # whose perturbed views are in memory at once while one process feeds the device


@task(name="stability", cache_policy=NO_CACHE, persist_result=False)
def measure_stability(
    cohort: str, works: Sequence[Extraction], perturbations: Perturbations, known: KnownResults, pool: Pool
) -> list[Reliability]:
    """Stability of an extractor's features over the scans of a cohort, also kept as a table of the store.

    Measurements are kept under the address of the scan's own features, so that they leave the store with them. Damaged ones
    are measured again; `known` says which. works: of one recipe and extractor.
    Raises RadweaveError if they are fewer than two.
    """
    if len(works) < 2:
        raise DataError(f'stability of cohort "{cohort}" needs two scans that fit the recipe; it has {len(works)}')
    recipe, extractor, prefix = works[0].recipe, works[0].extractor, works[0].prefix
    block, store = work_block(perturbations), known.store
    there = store.results().get(block, set())
    todo = [work for work in works if work.address not in there or not known.is_whole(block, work.address)]
    what = f"{recipe.name}: {extractor.word}, {len(perturbations.chains)} perturbations"
    measured_by = _measured_in_batches if extractor.shown else _measured_apart
    for outcome in measured_by(todo, perturbations, store, pool, what):
        if isinstance(outcome, Rejected):
            raise MachineError(
                f"stability of {recipe.name}: {outcome}; run it again, with fewer --workers or more --memory"
            )
    features = [column.name for column in extractor.columns(recipe) if column.role == "predictor"]
    loaded = [store.load(block, work.address) for work in works]
    measured = [_unpacked(values, len(perturbations.chains)) for values in loaded if not isinstance(values, Rejected)]
    rows = [{**asdict(row), "feature": prefix + row.feature} for row in compare(measured, features)] if measured else []
    provenance = {
        "cohort": cohort,
        "settings": settings_digests([(recipe, works[0].scan.target)])[prefix],
        "perturbations": perturbations.model_dump_json(),
    }
    write_table(store.stability(cohort, prefix), STABILITY.table(rows), provenance)
    return [Reliability(**row) for row in rows]


def work_block(perturbations: Perturbations) -> str:
    """The folder of work/ for the measurements under these perturbations."""
    return f"stability_{perturbations.digest()[:16]}"


def _measured_apart(
    todo: Sequence[Extraction], perturbations: Perturbations, store: Store, pool: Pool, what: str
) -> list[Rejected | None]:
    return pool.map(partial(_measure_one, perturbations=perturbations, store=store), todo, what)


def _measured_in_batches(
    todo: Sequence[Extraction], perturbations: Perturbations, store: Store, pool: Pool, what: str
) -> list[Rejected | None]:
    """What a network is shown is made by workers; it runs over all views of some scans at once. Scan by scan all is kept."""
    found: list[Rejected | None] = []
    show = partial(show_perturbed, perturbations=perturbations, store=store)
    for first in range(0, len(todo), SCANS):
        works = todo[first : first + SCANS]
        told = f"{what}, scans {first + 1} to {first + len(works)} of {len(todo)}"
        shown = pool.map(show, works, f"{told}, views")
        views = [one for one in shown if not isinstance(one, Rejected)]
        values = iter(pool.map_batches(extract_perturbed, views, f"{told}, network", SCANS))
        for work, one in zip(works, shown, strict=True):
            found.append(_keep(work, one if isinstance(one, Rejected) else next(values), perturbations, store))
    return found


def _measure_one(work: Extraction, perturbations: Perturbations, store: Store) -> Rejected | None:
    def compute() -> list[Values]:
        rng = perturbations.generator(work.address)
        return measure(read_kept(work.scan, store), work.recipe, work.extractor, perturbations.chains, rng)

    return _keep(work, attempt(compute), perturbations, store)


def _keep(
    work: Extraction, found: list[Values] | Rejected, perturbations: Perturbations, store: Store
) -> Rejected | None:
    """Keep what was measured of a scan, chain by chain, or why nothing was; returns a rejection that is not kept."""
    if isinstance(found, Rejected) and found.code in TRANSIENT:
        return found
    result = found if isinstance(found, Rejected) else _packed(found)
    store.save(work_block(perturbations), work.address, result, {"perturbations": perturbations.model_dump_json()})
    return None


def _packed(found: Sequence[Values]) -> dict[str, float]:
    numbers = ((i, name, value) for i, values in enumerate(found) for name, value in values.items())
    return {f"{i}:{name}": value for i, name, value in numbers if isinstance(value, float)}


def _unpacked(values: Mapping[str, float | str], many: int) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in range(many)]
    for key, value in values.items():
        number, name = key.split(":", 1)
        found[int(number)][name] = float(value)
    return found
