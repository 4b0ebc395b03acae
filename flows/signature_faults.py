"""What is wrong with the signatures of a study, as far as files and the catalog tell."""

from collections.abc import Iterator
from pathlib import Path

from features.core.catalog.catalog import Catalog
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.yaml import Document
from flows.signatures import read_signatures, used_in
from flows.wanted import check_fit
from tasks.modelling.evaluation.study import Study
from tasks.modelling.signatures.signature import Signature, time_point


def signature_faults(path: Path, plan: Study, catalog: Catalog) -> list[Fault]:
    """One fault for each thing wrong, at its line in the file of the study."""
    document = Document.load(path)
    try:
        signatures = read_signatures(path, catalog.folder)
    except ConfigError as error:
        return list(error.faults)
    except RadweaveError as error:
        return [Fault(document.where(("signatures",)), str(error))]
    faults: list[Fault] = []
    for signature in signatures:
        where = document.where(("signatures", signature.name))
        for one in used_in(plan):
            if one.cohort not in catalog.cohorts:
                continue
            faults += _fit_faults(where, signature, one.cohort, catalog)
            try:
                time_point(signature, one, catalog)
            except RadweaveError as error:
                faults.append(Fault(where, str(error)))
        lacking = [name for name in signature.all_cohorts if name not in catalog.cohorts]
        if lacking:
            what = f"the catalog has no cohort {', '.join(lacking)}, which the signature is fitted on"
            faults.append(Fault(where, what, hint=did_you_mean(lacking[0], catalog.cohorts)))
    return faults


def _fit_faults(where: str, signature: Signature, cohort: str, catalog: Catalog) -> Iterator[Fault]:
    """What a cohort lacks of that which a signature needs: images of its recipes, tables of its blocks."""
    try:
        check_fit(catalog, cohort, signature.recipes)
    except RadweaveError as error:
        yield Fault(where, str(error))
    named = signature.plan.used_blocks
    fitted = {
        t.block for name in signature.plan.cohorts if name in catalog.cohorts for t in catalog.cohort(name).tables
    }
    own = {table.block for table in catalog.cohort(cohort).tables}
    for block in sorted((named & fitted) - own):
        there = f"tables of {', '.join(sorted(own)) or 'no block'}"
        yield Fault(
            where, f'cohort {cohort} has no table of the block "{block}", which the signature is made of', there
        )
