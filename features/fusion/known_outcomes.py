"""known_outcomes: which patients have an outcome, and why the others have none."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.core.catalog.catalog import Cohort
from features.core.catalog.derived import giving, why_missing
from features.core.kinds.endpoint import Endpoint
from features.results.manifest import Mart

if TYPE_CHECKING:
    import pandas as pd


def known_outcomes(
    mart: Mart,
    name: str,
    cohort: Cohort,
    clinical: pd.DataFrame,
    word: str,
    endpoint: Endpoint,
    patients: Sequence[str],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Outcome columns of the patients that have them, index patient, and the reasons of the others with their numbers.

    clinical: the table of a cohort, index patient. word: what the quarantine calls the endpoint.
    """
    import pandas as pd

    rejected = {
        row["case"].split(":")[1]: row["code"]
        for row in mart.read("quarantine", name).to_pylist()
        if row["stage"] == "tables"
        and row["code"] != "VISIT_ORDER"
        and json.loads(row["details"]).get("endpoint", word) == word
    }
    complete = clinical[list(endpoint.columns)].dropna()
    derived = giving(endpoint.columns, cohort.declared, cohort.derived)
    reasons: Counter[str] = Counter()
    for patient in sorted({*patients} - {*complete.index}):
        if patient in rejected or patient not in clinical.index:
            reasons[rejected.get(patient, "not in the clinical table")] += 1
        else:
            (row,) = clinical.loc[[patient]].astype(object).to_dict("records")
            known = {str(column): None if pd.isna(value) else value for column, value in row.items()}
            reasons[why_missing(derived, known) or "outcome missing"] += 1
    return complete.loc[complete.index.intersection(list(patients))], dict(sorted(reasons.items()))
