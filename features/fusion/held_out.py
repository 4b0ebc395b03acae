"""Held-out rows: external cohorts and test cases, which models only predict; and who leaves them so that scores stay honest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from features.core.design import EXTERNAL, TEST, Copies, Design, FlowRow
from features.core.errors import RadweaveError, hint_sentence
from features.core.wording import counted
from features.fusion.external_columns import ExternalColumns
from features.fusion.patient_copies import image_copies, of_patients, row_copies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SHOWN = 5  # columns of a message
COPY = "copy of a patient who trains"  # why a held-out patient leaves


def held_out_rows(table: pd.DataFrame, external: Collection[str], *, given_split: bool) -> NDArray[np.str_]:
    """(n,) as in Design.held_out, of a cohort table; "?" where a split is asked for and the case has none.

    All of a cohort trains if no case of it has a split.

    Raises RadweaveError if a patient has training and test cases.
    """
    found = np.where(table["cohort"].isin(list(external)), EXTERNAL, "").astype("U8")
    if not given_split or "split" not in table:
        return found
    names = {"train": "", "test": TEST}
    given = np.array([names.get(word, "?") for word in table["split"].astype(object)], dtype="U8")
    divided = table["cohort"].isin(table["cohort"][given != "?"])
    found = np.where((found == EXTERNAL) | ~divided, found, given)
    sides = table.assign(side=found)[found != "?"].groupby(["cohort", "patient"])["side"].nunique()
    if (sides > 1).any():
        both = counted(int((sides > 1).sum()), "patient has", "patients have")
        raise RadweaveError(
            f'cohort "{sides.index[sides > 1][0][0]}": {both} both training and test cases; '
            "allowed: all cases of a patient on one side"
        )
    return found


def without_split(design: Design) -> Design:
    """The design without the cases for which no split is given."""
    lacks = design.held_out == "?"
    names = {*design.cohorts[(design.held_out == TEST) | lacks].tolist()}
    return leave(design, lacks, names, "with a given split", "neither a training nor a test case") if names else design


def with_copies(design: Design, scans: pd.DataFrame) -> Design:
    """The design with its copies, without held-out patients who are copies of a patient who trains.

    scans: of all its patients. Copies among the rows that train are found without a look at the others.
    """
    develops = design.develops
    held = {*design.patients[~develops].tolist()}
    own = _copies(design.take(np.flatnonzero(develops)), scans[~scans["patient"].isin(held)])
    if develops.all():
        return replace(design, copies=tuple(own))
    every = replace(design, copies=tuple(_copies(design, scans)))
    groups = every.groups
    leaves = ~develops & np.isin(groups, groups[develops])
    names = {*design.cohorts[~develops].tolist()}
    found = leave(design, leaves, names, f"no {COPY}", COPY)
    beside = [one for one in every.copies if held & {*one.patients}]
    joined = of_patients([one for one in beside if one.joined], found.patients[~found.develops])
    told = of_patients([one for one in beside if not one.joined], found.patients)
    return replace(found, copies=(*own, *joined, *told))


def _copies(design: Design, scans: pd.DataFrame) -> tuple[Copies, ...]:
    found = [*image_copies(scans), *row_copies(design.X, design.blocks, design.patients)]
    return of_patients(found, design.patients)


def with_seen_classes(design: Design) -> Design:
    """The design without held-out cases of a class that no training case has: no model can tell it."""
    train = design.outcome.take(design.develops)
    unseen = ~design.develops & design.endpoint.unseen(design.outcome, train)
    names = {*design.cohorts[unseen].tolist()}
    return leave(design, unseen, names, "of a class that a training case has", "class without a training case")


def with_same_columns(
    design: Design,
    choice: ExternalColumns,
    trained: Collection[str],
    used: Collection[str],
    *,
    but: Collection[str] = (),
) -> Design:
    """The design with the columns of the cohorts that train, each of which has a value in every external cohort.

    trained: these columns. used: blocks that the study uses. choice: "same": raises RadweaveError with the columns that an
    external cohort lacks; "common": they are left out for every cohort. but: cohorts that may lack any.
    """
    external = list(dict.fromkeys(design.cohorts[design.held_out == EXTERNAL].tolist()))
    if not external:
        return design
    extra = [str(column) for column in design.X.columns if column not in trained]
    X = design.X.drop(columns=extra)
    known = X.notna().to_numpy()
    trains = known[design.develops].any(axis=0)
    lacking: dict[str, str] = {}
    for name in (one for one in external if one not in but):
        there = known[design.cohorts == name].any(axis=0)
        lacks = [str(c) for c in X.columns[trains & ~there] if design.blocks[c] in used]
        if lacks and choice == "same":
            shown = ", ".join(f'"{column}"' for column in lacks[:SHOWN])
            more = f" and {len(lacks) - SHOWN} more" if len(lacks) > SHOWN else ""
            hint = hint_sentence(lacks[0], extra)
            of_all = counted(int(trains.sum()), "column")
            raise RadweaveError(
                f'external cohort "{name}": it has no value in {len(lacks)} of {of_all} that train models: '
                f"{shown}{more}. Allowed: all columns of the cohorts that train; or, in the study, external_columns: common, "
                f"which leaves these columns out for every cohort. {hint}".strip()
            )
        lacking |= dict.fromkeys(lacks, name)
    X = X.drop(columns=list(lacking))
    return replace(design, X=X, blocks={c: b for c, b in design.blocks.items() if c in X}, uncommon=lacking)


def leave(design: Design, leaves: NDArray[np.bool_], cohorts: Collection[str], step: str, reason: str) -> Design:
    """The design without some rows, and how many patients of these cohorts that cost."""
    kept = design.take(np.flatnonzero(~leaves))
    flow = list(design.flow)
    for name in dict.fromkeys(design.cohorts.tolist()):
        if name in cohorts:
            before, after = (len({*one.patients[one.cohorts == name].tolist()}) for one in (design, kept))
            flow.append(FlowRow(f"{name}: {step}", before, after, {reason: before - after} if before > after else {}))
    return replace(kept, flow=tuple(flow))
