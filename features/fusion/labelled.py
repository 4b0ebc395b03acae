"""Labels out of reports in a design: who labelled each case, who is scored, and who leaves because nobody labelled by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from features.core.catalog.catalog import Cohort
from features.core.catalog.text_labels import HAND, TAUGHT, TEXT
from features.core.design import EXTERNAL, Design, FlowRow
from features.core.kinds.endpoint import Endpoint
from features.fusion.held_out import leave

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

WEAK = "labelled by the text model, not by hand"
STEP = "labelled by hand"


def label_columns(clinical: pd.DataFrame, cohort: Cohort, endpoint: Endpoint, cases: pd.DataFrame) -> pd.DataFrame:
    """WORD, WORD_label and WORD_by_text of every outcome of the endpoint that is labelled out of reports; a row a case.

    No columns where there is none. clinical: index patient.
    """
    words = [word for word in endpoint.columns if word in cohort.labelled]
    names = [f"{word}{ending}" for word in words for ending in ("", "_label", "_by_text")]
    return clinical.reindex(columns=names).reindex(cases["patient"]).set_axis(cases.index).astype(object)


def labelled_by(labels: pd.DataFrame) -> NDArray[np.str_]:
    """Who labelled each row, (n,): `text` where any of its outcomes is, else `taught` where any taught, `hand`, or ""."""
    columns = labels[[name for name in labels if str(name).endswith("_label")]]
    found = np.full(len(labels), "", "U8")
    for who in (HAND, TAUGHT, TEXT):
        found[(columns == who).any(axis=1).to_numpy(bool)] = who
    return found


def with_labels(design: Design) -> Design:
    """The design in which nobody is scored whose label is weak, or is in the weak ones; the flow says how many these are.

    Of those who develop models, patients whom the text model labelled, and those who taught it, train alone. Of held-out cases
    those leave whom it labelled; and those who taught it, where it labelled patients who train.
    """
    if design.labels.empty:
        return design
    by = labelled_by(design.labels)
    design = replace(design, scored=design.scored & ~(design.develops & np.isin(by, (TAUGHT, TEXT))))
    inside = ~design.develops & (design.held_out != EXTERNAL)
    leaves = (~design.develops & (by == TEXT)) | (inside & (by == TAUGHT))
    names = {*design.cohorts[leaves].tolist()}
    design = leave(design, leaves, names, STEP, "labelled by the text model, or taught it")
    told = labelled_by(design.labels)
    flow = list(design.flow)
    for name in dict.fromkeys(design.cohorts[design.develops].tolist()):
        own = design.develops & (design.cohorts == name)
        counts = {who: len({*design.patients[own & (told == who)].tolist()}) for who in (HAND, TAUGHT, TEXT)}
        if counts[TAUGHT] or counts[TEXT]:
            step = (
                f"{name}: {counts[HAND]} labelled by hand, who are scored; {counts[TAUGHT]} who taught the text model and "
                f"{counts[TEXT]} whom it labelled, who train alone"
            )
            patients = len({*design.patients[own].tolist()})
            flow.append(FlowRow(step, patients, patients))
    return replace(design, flow=tuple(flow))


def without_weak(
    clinical: pd.DataFrame, cohort: Cohort, endpoint: Endpoint, outcome: pd.DataFrame, reasons: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Known outcomes, index patient, without those that a text model gave, and the reasons with these: nobody is judged by them."""
    labels: Sequence[str] = [f"{word}_label" for word in endpoint.columns if word in cohort.labelled]
    if not labels:
        return outcome, dict(reasons)
    weak = (clinical.reindex(columns=list(labels)).reindex(outcome.index) == TEXT).any(axis=1)
    more = {WEAK: int(weak.sum())} if weak.any() else {}
    return outcome[~weak], {**reasons, **more}
