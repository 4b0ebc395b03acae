"""Design: the fused table of one study, each column known to its block, with the outcome and the flow of cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.images import Images
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

EXTERNAL, TEST = "external", "test"  # why a row is held out


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One step of the flow of cases: how many patients came in, how many left, and why.

    imputed: what patients lack who stayed all the same → how many; it is filled in inside training folds.
    """

    step: str
    count_in: int
    count_out: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    imputed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count_in - self.count_out != sum(self.reasons.values()):
            raise AssertionError(f"{self.step}: {self.count_in} in, {self.count_out} out, reasons {dict(self.reasons)}")


@dataclass(frozen=True, slots=True)
class Copies:
    """Patients that may be one and the same. `patients`: as in Design.patients; `alike`: what they have in common, in words.

    joined: they are one group in all folds; else too little is equal for that, and they are only reported.
    """

    patients: tuple[str, ...]
    alike: str
    joined: bool = True


@dataclass(frozen=True, eq=False)
class Design:
    """Raw predictors and outcome of a study; nothing in it is fitted.

    X: float columns, one row per case, NaN where missing; the index holds case ids.
    blocks: column → block (clinical, genomic, region, radiomics, deep).
    categories: column → category, of columns that stand for a level of one. parts: word → columns of a part of a block, which sets
    of blocks name as they name blocks.
    outcome: what was seen of each case; endpoint: what that means.
    patients: (n,) `cohort:pseudonym`. centres: (n,) centre names, prefixed by the cohort where there are several.
    cohorts: (n,) cohort names. held_out: (n,) "" where a row develops models; else it is only predicted: "external", of an
    external cohort, or "test", by a column of its table.
    late: predictors that were left out because they are known after the prediction time → when they are known.
    missing_block: what cases lack (a modality, or a whole block) and stay with → how many cases.
    cohort_table: one row per case with the facts that a report shows (age, sex, volume …), not used for fitting.
    copies: patients that may be copies of one another. uncommon: columns that were left out because an external cohort lacks
    them → that cohort.
    days: (n,) of each row's visit, NaN where nothing tells it, where each visit of a patient is a row; else None. scored: (n,)
    False for rows that only train: a patient is scored at one visit, and none is whose label is weak.
    labels: of outcomes that a text model reads out of reports, WORD, WORD_label (who labelled it) and WORD_by_text, same rows; no
    columns where there is none.
    shuffled: columns of X as they are of images whose voxels exchanged intensities within each ROI, same rows; empty where no
    control asks for them.
    images: the block `images`, or a part of it → what networks are shown of the rows.
    """

    X: pd.DataFrame
    blocks: Mapping[str, str]
    outcome: Outcome
    endpoint: Endpoint
    patients: NDArray[np.str_]
    centres: NDArray[np.str_]
    flow: tuple[FlowRow, ...] = ()
    cohort_table: pd.DataFrame = field(default_factory=lambda: _no_columns())
    missing_block: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[Copies, ...] = ()
    cohorts: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))
    held_out: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))
    uncommon: Mapping[str, str] = field(default_factory=dict)
    days: NDArray[np.float64] | None = None
    scored: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    categories: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shuffled: pd.DataFrame = field(default_factory=lambda: _no_columns())
    labels: pd.DataFrame = field(default_factory=lambda: _no_columns())
    images: Mapping[str, Images] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.scored):
            object.__setattr__(self, "scored", np.ones(len(self.X), bool))
        if self.days is not None and len(self.days) != len(self.X):
            raise ValueError(f"days has {len(self.days)} rows, X {len(self.X)}")
        for word, shown in self.images.items():
            if len(shown) != len(self.X):
                raise ValueError(f"{word} has {len(shown)} rows, X {len(self.X)}")
        for name in ("cohorts", "held_out"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.X), ""))
            if len(getattr(self, name)) != len(self.X):
                raise ValueError(f"{name} has {len(getattr(self, name))} rows, X {len(self.X)}")

    @property
    def develops(self) -> NDArray[np.bool_]:
        """True for the rows that may train models and decide about them, (n,)."""
        found: NDArray[np.bool_] = self.held_out == ""
        return found

    def take(self, rows: NDArray[np.intp]) -> Design:
        """The design of some rows, by position; itself where these are all. What a flow and copies say stays."""
        if np.array_equal(rows, np.arange(len(self.X))):
            return self
        own = {name: getattr(self, name)[rows] for name in ("patients", "centres", "cohorts", "held_out", "scored")}
        own["days"] = None if self.days is None else self.days[rows]
        table = self.cohort_table.iloc[rows] if len(self.cohort_table) else self.cohort_table
        own["labels"] = self.labels.iloc[rows] if len(self.labels) else self.labels
        own["shuffled"] = self.shuffled.iloc[rows] if len(self.shuffled) else self.shuffled
        own["images"] = {word: shown.take(rows) for word, shown in self.images.items()}
        return replace(self, X=self.X.iloc[rows], outcome=self.outcome.take(rows), cohort_table=table, **own)

    @property
    def once(self) -> Design:
        """The design with each patient as she is scored: without the visits and patients that only train."""
        return self.take(np.flatnonzero(self.scored))

    def columns(self, *words: str) -> list[str]:
        """Columns of the named blocks and parts of blocks, in the table's order."""
        own = {column for word in words for column in self.parts.get(word, ())}
        return [column for column in self.X.columns if self.blocks[column] in words or column in own]

    def of_set(self, words: Sequence[str]) -> Design:
        """The design as a set of blocks sees it: the parts that it names are blocks, and of images there are those that it names.

        Itself if it names no parts, and there are no other images.
        """
        named = {column: word for word in words for column in self.parts.get(word, ())}
        images = {word: shown for word, shown in self.images.items() if word in words}
        if not named and len(images) == len(self.images):
            return self
        return replace(self, blocks={**self.blocks, **named}, images=images)

    @property
    def event(self) -> NDArray[np.bool_]:
        """True for a positive response or a seen event of interest, (n,); False for endpoints without events."""
        if not self.endpoint.has_events:
            return np.zeros(len(self.outcome), bool)
        found: NDArray[np.bool_] = self.endpoint.needed(self.outcome)[0]
        return found

    @property
    def groups(self) -> NDArray[np.str_]:
        """(n,) labels of what stays together in all folds and counts as one to intervals: a patient, or patients that are copies.

        Copies of copies are one group. Its label names nobody: "copies 1", by first appearance in the rows.
        """
        parent = {patient: patient for patient in self.patients.tolist()}

        def root(patient: str) -> str:
            while parent[patient] != patient:
                patient = parent[patient]
            return patient

        for one in (one for one in self.copies if one.joined):
            there = [patient for patient in one.patients if patient in parent]
            for patient in there[1:]:
                parent[root(patient)] = root(there[0])
        roots = {patient: root(patient) for patient in parent}
        sizes = Counter(roots.values())
        several = dict.fromkeys(found for found in roots.values() if sizes[found] > 1)
        labels = {found: f"copies {i}" for i, found in enumerate(several, start=1)}
        return np.array([labels.get(roots[patient], patient) for patient in self.patients.tolist()], dtype=np.str_)


def _no_columns() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()
