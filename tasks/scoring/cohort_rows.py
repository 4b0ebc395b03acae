"""The rows of a cohort that a saved model is asked about, checked against its schema, with the outcomes that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.catalog.catalog import Cohort, load_catalog
from features.core.design import Design
from features.core.errors import RadweaveError
from features.core.outcome import Outcome
from features.fusion.absent_patients import known_patients, why_no_image
from features.fusion.column_facts import column_facts
from features.fusion.fuse import fuse
from features.fusion.known_outcomes import known_outcomes
from features.fusion.labelled import without_weak
from features.fusion.question import Question
from features.fusion.repeated import visits_up_to
from features.results.manifest import Mart
from tasks.modelling.evaluation.final import Final
from tasks.modelling.saved.loaded import Loaded
from tasks.modelling.saved.model_schema import differences, refuse


@dataclass(frozen=True, eq=False)
class CohortRows:
    """design: a row for each case. absent: patient → why there is no row of hers. known: (m,) positions of the rows whose outcome
    was seen; outcome: theirs, None if there is none; why: reasons for the others → patients.
    """

    design: Design
    absent: Mapping[str, str]
    known: NDArray[np.intp]
    outcome: Outcome | None
    why: Mapping[str, int]

    def take(self, rows: NDArray[np.intp]) -> CohortRows:
        """Some of the rows, by rising position, and nobody without one."""
        place = {int(row): i for i, row in enumerate(rows)}
        own = np.array([i for i, row in enumerate(self.known.tolist()) if row in place], np.intp)
        known = np.array([place[int(row)] for row in self.known[own]], np.intp)
        outcome = None if self.outcome is None or not len(own) else self.outcome.take(own)
        lacking = len(rows) - len(known)
        why = {"no outcome is known of them": lacking} if lacking else {}
        return CohortRows(self.design.take(rows), {}, known, outcome, why)


def read_cohort(mart: Mart, catalog: Path, question: Question, cohort: str, loaded: Loaded) -> CohortRows:
    """Raises RadweaveError that names each difference of the cohort's columns from those of the model."""
    final, facts = loaded.final, loaded.facts
    catalogued = load_catalog(catalog)
    declared = catalogued.cohort(cohort)
    name = f"{facts['study']['name']}/{facts['digest'][:16]}"
    there = column_facts(mart, cohort, final.columns.names.tolist())
    refuse(differences(loaded.schema, there, mart.manifest.cohorts[cohort].settings, cohort), name, cohort)
    design = placed(fuse(mart, catalogued, question).once, final, cohort)
    absent = _absent(mart, declared, cohort, design, question)
    return CohortRows(design, absent, *outcomes_of(mart, cohort, declared, design, final, loaded.schema))


def placed(design: Design, final: Final, cohort: str) -> Design:
    """Centres under the names that steps know them by: those of other cohorts than the one that trained alone carry its name."""
    if final.cohorts == (cohort,):
        return design
    centres = np.array([f"{cohort}:{centre}" for centre in design.centres.tolist()], dtype=np.str_)
    return replace(design, centres=centres)


def _absent(mart: Mart, declared: Cohort, cohort: str, design: Design, question: Question) -> dict[str, str]:
    """Patient → why there is no row of hers."""
    there = set(design.cohort_table["patient"])
    gone = known_patients(mart, cohort) - there
    if not question.recipes:
        return dict.fromkeys(sorted(gone), "no row in the tables that the model needs")
    words = visits_up_to(question.predict_at, declared.timepoints, question.visits)
    images = {row["image"] for row in mart.read("scans", cohort, ["image"]).to_pylist()}
    return why_no_image(mart, cohort, words, sorted(gone), images)


def outcomes_of(
    mart: Mart, cohort: str, declared: Cohort, design: Design, final: Final, schema: Mapping[str, Any]
) -> tuple[NDArray[np.intp], Outcome | None, dict[str, int]]:
    """Positions of the rows whose outcome is known, the outcomes, and why the others have none, in patients.

    Raises RadweaveError where the cohort means another kind of outcome by the word, or other levels.
    """
    nobody: NDArray[np.intp] = np.empty(0, np.intp)
    word = schema["endpoint"]
    if word not in declared.endpoints:
        return nobody, None, {f'the cohort declares no endpoint "{word}"': design.cohort_table["patient"].nunique()}
    endpoint = declared.endpoints[word]
    if endpoint.kind != final.endpoint.kind:
        raise RadweaveError(
            f'cohort "{cohort}": its endpoint "{word}" is {endpoint.kind}, the model predicts {final.endpoint.kind}: '
            "give the endpoint of the catalog another word, or the model another cohort"
        )
    clinical = mart.read("clinical", cohort).to_pandas().set_index("patient")
    patients = design.cohort_table["patient"]
    table, why = known_outcomes(mart, cohort, declared, clinical, word, endpoint, sorted(set(patients)))
    table, why = without_weak(clinical, declared, endpoint, table, why)
    known = np.flatnonzero(patients.isin(table.index).to_numpy())
    if not len(known):
        return nobody, None, why
    levels = {column: declared.variables[column].levels for column in endpoint.columns}
    outcome = endpoint.outcome(table.loc[patients.iloc[known]], levels)
    if tuple(outcome.levels) != final.levels:
        found, own = ", ".join(outcome.levels) or "none", ", ".join(final.levels) or "none"
        raise RadweaveError(f'cohort "{cohort}": the levels of "{word}" are {found}; those of the model are {own}')
    return known, outcome, why
