"""Faults of visits that a DICOM attribute names and dates tell the days of."""

from __future__ import annotations

from functools import partial

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import Study
from tests.corpus.visits import LATER

visits = partial(fault, "Visits", "visits")


@visits(refused("VISIT_ORDER", "VISIT_ORDER", stage="index"))
def visit_order(study: Study) -> None:
    """The later of two visits has an earlier date."""
    for ds in study.slices:
        if ds.ClinicalTrialTimePointID == LATER:
            ds.StudyDate = "20200301"


@visits(refused("VISIT_ORDER", "VISIT_ORDER", stage="index"))
def visit_order__same_day(study: Study) -> None:
    """Two visits have one date."""
    for ds in study.slices:
        ds.StudyDate = "20200315"


@visits(refused("TIMEPOINT_UNKNOWN", stage="index", used=1))
def timepoint_unknown(study: Study) -> None:
    """A visit has a name that the catalog does not know."""
    for ds in study.slices:
        if ds.ClinicalTrialTimePointID == LATER:
            ds.ClinicalTrialTimePointID = "W40"


@visits(recovered(used=2))
def visit_undated(study: Study) -> None:
    """A visit has no date, and is taken to be on its planned day."""
    for ds in study.slices:
        if ds.ClinicalTrialTimePointID == LATER:
            ds.StudyDate = ""
