"""endpoint_of: what a word means as an outcome in a cohort: an endpoint, or a clinical variable as if it were one."""

from __future__ import annotations

from features.core.catalog.catalog import Cohort
from features.core.kinds.endpoint import ENDPOINTS, Endpoint

KINDS = {
    "number": "continuous",
    "flag": "binary",
    "category": "multiclass",
    "ordinal": "ordinal",
}  # of a variable's type


def endpoint_of(cohort: Cohort, word: str) -> Endpoint | None:
    """The endpoint of a cohort that a word names, or what its clinical variable of that name would be as one; None if neither."""
    if word in cohort.endpoints:
        return cohort.endpoints[word]
    if word in cohort.variables:
        return ENDPOINTS.parse({"kind": KINDS[cohort.variables[word].type], "column": word})
    return None
