"""Question: what a study asks of the mart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from features.core.case import Segmentation
from features.core.kinds.delta import Delta
from features.core.kinds.recipe import Recipe
from features.fusion.elsewhere import Elsewhere
from features.fusion.external_columns import ExternalColumns
from features.fusion.lesions import Lesions
from features.fusion.missing import LackingBlock
from features.fusion.part_of_block import PartOfBlock
from features.fusion.repeated import RowsOf, ScoredRows
from features.fusion.signature_columns import SignatureColumns
from features.fusion.stable import Stable


@dataclass(frozen=True)
class Question:
    """What is asked of the mart: the part of a study that decides its design table.

    endpoint: "" where nothing is predicted: then no case leaves for its outcome, and no column is a leak. missing_block:
    whether a case without any value of a block, or without a modality, is imputed, excluded, or stays as it is (keep). blocks:
    all blocks that the study's sets name; empty means any. lesions: what becomes of several lesions of a patient. deltas:
    changes between time points that become columns of the block delta. stable: which features are left out for their
    stability; None: none. leak_checked: columns of the design that a person has checked for leaks. refreshed_by: what
    `radweave refresh COHORT` needs to know besides the cohort to build what is asked for, for messages. external: cohorts
    whose rows are held out. external_columns: what becomes of a column that one of them lacks. given_split: whether test rows
    of the tables' split column are held out; else they are rows as others. visits: whether each visit up to the prediction is
    a row; scored_visit: at which of them a patient is scored then; each, where all count. elsewhere: those of the external cohorts
    that are asked for predictors alone. signatures: columns of the block signature, of every cohort. parts: parts of blocks that
    sets of blocks name, by their words. shuffled: whether columns of images are also asked for as they are of shuffled ones. shows:
    the words by which sets name images, the block itself or parts of it. segmentation: how ROIs may have been
    made; none: in every way.
    """

    cohorts: tuple[str, ...]
    endpoint: str
    predict_at: str
    recipes: tuple[Recipe, ...]
    missing_block: LackingBlock = "impute"
    blocks: tuple[str, ...] = ()
    lesions: Lesions = "each"
    deltas: tuple[Delta, ...] = ()
    stable: Stable | None = None
    leak_checked: tuple[str, ...] = ()
    refreshed_by: str = ""
    external: tuple[str, ...] = ()
    external_columns: ExternalColumns = "same"
    given_split: bool = False
    visits: RowsOf = "one"
    scored_visit: ScoredRows | None = None
    elsewhere: tuple[Elsewhere, ...] = ()
    signatures: tuple[SignatureColumns, ...] = ()
    parts: Mapping[str, PartOfBlock] = field(default_factory=dict)
    shuffled: bool = False
    shows: tuple[str, ...] = ()
    segmentation: tuple[Segmentation, ...] = ()

    def of(self, cohort: str) -> Question:
        """What is asked of one of its cohorts."""
        own = [one for one in self.elsewhere if one.cohort == cohort]
        return replace(self, endpoint="", predict_at=own[0].predict_at) if own else self

    @property
    def without_outcome(self) -> frozenset[str]:
        """The cohorts that are asked for predictors alone."""
        return frozenset(one.cohort for one in self.elsewhere)

    @property
    def read_blocks(self) -> frozenset[str]:
        """The blocks that are read: those that are named, and those whose changes are asked for; none: any."""
        return frozenset(
            {*self.blocks, *(block for delta in self.deltas for block in delta.blocks)} if self.blocks else ()
        )

    @property
    def all_cohorts(self) -> tuple[str, ...]:
        """The cohorts that develop models, then those that are external."""
        return (*self.cohorts, *self.external)
