"""Step 6a: what the signatures of a study say of its cases."""

from collections.abc import Callable, Sequence
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.errors import MachineError
from features.core.quarantine import Rejected
from features.fusion.elsewhere import Elsewhere
from features.results.manifest import Mart
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.signatures.fitted import Todo, find_or_fit, fit_signature
from tasks.modelling.signatures.signature import Signature
from tasks.modelling.signatures.values import Applied, Kept, Signed, signed
from tasks.running.pool import Pool


@task(name="signatures", cache_policy=NO_CACHE, persist_result=False)
def apply_signatures(
    mart: Mart,
    catalog: Path,
    signatures: Sequence[Signature],
    where: Sequence[Elsewhere],
    pool: Pool,
    kept: KeptFits,
    say: Callable[[str], None] = lambda _: None,
    refreshed_by: str = "",
) -> tuple[Signed, ...]:
    """Each signature, fitted on the cohorts of its own study unless that is kept, and its values in these cohorts.

    refreshed_by: as in Question.
    """

    def compute(todo: Todo) -> Fit:
        (found,) = pool.map(fit_signature, [todo], f"signature {todo.applied.signature.name}: fit")
        if isinstance(found, Rejected):
            name = todo.applied.signature.name
            raise MachineError(f"signature {name}: {found} while fitting; use fewer --workers, or more --memory")
        return found

    def fit(applied: Applied) -> Kept:
        return find_or_fit(applied, kept, compute, say)

    return signed(mart, load_catalog(catalog), signatures, where, fit, refreshed_by)
