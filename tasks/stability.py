"""Stability: features of perturbed regions, measured where they are missing, and how well they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.errors import RadweaveError
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import TRANSIENT, Rejected
from features.core.storage.store import Store
from features.core.storage.table import write_table
from features.images.region import read_region
from features.radiomics.reliability import Reliability
from features.radiomics.stability import Perturbations, compare, measure
from features.results.attempt import attempt
from features.results.build_tables import fits
from features.results.extract_scans import extract_address
from features.results.known_results import KnownResults
from features.results.prefixes import feature_prefix, settings_digests
from features.results.schemas import STABILITY
from tasks.running.pool import Pool


@task(name="stability", cache_policy=NO_CACHE, persist_result=False)
def measure_stability(
    cohort: str,
    scans: Sequence[Scan],
    recipe: Recipe,
    extractor: Extractor,
    perturbations: Perturbations,
    known: KnownResults,
    pool: Pool,
) -> list[Reliability]:
    """Stability of an extractor's features over the scans of a cohort, also kept as a table of the store.

    Measurements are kept under the address of the scan's own features, so that they leave the store with them. Damaged ones
    are measured again; the known says which.
    Raises RadweaveError if fewer than two scans fit the recipe.
    """
    addresses = {scan: extract_address(scan, recipe, extractor) for scan in scans if fits(scan, recipe)}
    if len(addresses) < 2:
        raise RadweaveError(
            f'stability of cohort "{cohort}" needs two scans that fit {recipe.name}; it has {len(addresses)}'
        )
    block, store = work_block(perturbations), known.store
    there = store.results().get(block, set())
    todo = [scan for scan, address in addresses.items() if address not in there or not known.is_whole(block, address)]
    one = partial(_measure_one, recipe=recipe, extractor=extractor, perturbations=perturbations, store=store)
    what = f"{recipe.name}: {extractor.kind}, {len(perturbations.chains)} perturbations"
    for outcome in pool.map(one, todo, what):
        if isinstance(outcome, Rejected):
            raise RadweaveError(
                f"stability of {recipe.name}: {outcome}; run it again, with fewer --workers or more --memory"
            )
    features = [column.name for column in extractor.columns(recipe) if column.role == "predictor"]
    loaded = [store.load(block, address) for address in addresses.values()]
    measured = [_unpacked(values, len(perturbations.chains)) for values in loaded if not isinstance(values, Rejected)]
    prefix = feature_prefix(recipe, extractor.kind)
    rows = [{**asdict(row), "feature": prefix + row.feature} for row in compare(measured, features)] if measured else []
    provenance = {
        "cohort": cohort,
        "settings": settings_digests([recipe])[prefix],
        "perturbations": perturbations.model_dump_json(),
    }
    write_table(store.stability(cohort, prefix), STABILITY.table(rows), provenance)
    return [Reliability(**row) for row in rows]


def work_block(perturbations: Perturbations) -> str:
    """The folder of work/ for the measurements under these perturbations."""
    return f"stability_{perturbations.digest()[:16]}"


def _measure_one(
    scan: Scan, recipe: Recipe, extractor: Extractor, perturbations: Perturbations, store: Store
) -> Rejected | None:
    address = extract_address(scan, recipe, extractor)

    def compute() -> dict[str, float]:
        rng = perturbations.generator(address)
        found = measure(read_region(scan), recipe, extractor, perturbations.chains, rng)
        numbers = ((i, name, value) for i, values in enumerate(found) for name, value in values.items())
        return {f"{i}:{name}": value for i, name, value in numbers if isinstance(value, float)}

    result = attempt(compute)
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    store.save(work_block(perturbations), address, result, {"perturbations": perturbations.model_dump_json()})
    return None


def _unpacked(values: Mapping[str, float | str], many: int) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in range(many)]
    for key, value in values.items():
        number, name = key.split(":", 1)
        found[int(number)][name] = float(value)
    return found
