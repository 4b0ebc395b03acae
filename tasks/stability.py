"""Stability: features of perturbed regions, measured where they are missing, and how well they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.errors import DataError, MachineError
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
from tasks.running.pool import Pool


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
    one = partial(_measure_one, perturbations=perturbations, store=store)
    what = f"{recipe.name}: {extractor.word}, {len(perturbations.chains)} perturbations"
    for outcome in pool.map(one, todo, what):
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


def _measure_one(work: Extraction, perturbations: Perturbations, store: Store) -> Rejected | None:
    def compute() -> dict[str, float]:
        rng = perturbations.generator(work.address)
        found = measure(read_kept(work.scan, store), work.recipe, work.extractor, perturbations.chains, rng)
        numbers = ((i, name, value) for i, values in enumerate(found) for name, value in values.items())
        return {f"{i}:{name}": value for i, name, value in numbers if isinstance(value, float)}

    result = attempt(compute)
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    store.save(work_block(perturbations), work.address, result, {"perturbations": perturbations.model_dump_json()})
    return None


def _unpacked(values: Mapping[str, float | str], many: int) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in range(many)]
    for key, value in values.items():
        number, name = key.split(":", 1)
        found[int(number)][name] = float(value)
    return found
