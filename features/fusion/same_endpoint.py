"""What an endpoint is in several cohorts: a study predicts one kind of it, of the same levels and horizon in each."""

from __future__ import annotations

from collections.abc import Mapping

from features.core.catalog.catalog import Cohort
from features.core.errors import RadweaveError
from features.core.kinds.endpoint import Timed


def check_same_endpoint(cohorts: Mapping[str, Cohort], word: str) -> None:
    """Raises RadweaveError if the endpoint is of another kind, other levels or horizon in one of the cohorts that have it."""
    having = {name: cohort for name, cohort in cohorts.items() if word in cohort.endpoints}
    if len(having) < 2:
        return  # imports no pandas
    found = {name: _meaning(cohort, word) for name, cohort in having.items()}
    if len({*found.values()}) > 1:
        told = "; ".join(f"{name}: {what}" for name, what in found.items())
        raise RadweaveError(
            f'the endpoint "{word}" is not of the same kind, levels and horizon in every cohort: {told}'
        )


def _meaning(cohort: Cohort, word: str) -> str:
    import pandas as pd

    endpoint = cohort.endpoints[word]
    levels = {column: cohort.variables[column].levels for column in endpoint.columns}
    nobody = endpoint.outcome(pd.DataFrame(columns=list(endpoint.columns)), levels)
    days = endpoint.horizon_days if isinstance(endpoint, Timed) else None
    until = "" if days is None else f" until day {days:g}"
    return " of ".join([endpoint.kind, *filter(None, [", ".join(nobody.levels)])]) + until
