"""Facts: what a report shows beside the result, of studies that predict and of those that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:  # of studies that predict alone: others are as they were where these change
    from tasks.modelling.signatures.direct import Direct
    from tasks.modelling.signatures.own_score import OwnScore
    from tasks.modelling.signatures.values import Signed
    from tasks.reports.view_spread import ViewSpread


@dataclass(frozen=True)
class Facts:
    """What the report shows beside the result.

    cohort_table: index case; columns cohort, centre, patient, timepoint, clinical variables, volume_IMAGE_ml, volume_IMAGE__ROI_ml.
    missing_block: image or block → cases that lack it. quarantine: columns cohort, centre, case, image, stage, code,
    message, details (only their counts are shown). provenance: label → value. variables: column → label with unit.
    held_out: as Design.held_out, a word for each row of cohort_table. networks: a part of a sentence for each network of the study.
    signatures: those of the study; own_scores: of each that was validated in a run of its own study that is kept; direct: what they
    tell of this outcome as they are. spreads: how far views of networks agree, where they were augmented.
    shown: a part of a sentence for each recipe that shows images to models that learn.
    """

    cohort_table: pd.DataFrame
    missing_block: Mapping[str, int]
    quarantine: pd.DataFrame
    provenance: Mapping[str, str]
    variables: Mapping[str, str]
    held_out: Sequence[str] = ()
    networks: Sequence[str] = ()
    signatures: Sequence[Signed] = ()
    own_scores: Mapping[str, Sequence[OwnScore]] = field(default_factory=dict)
    direct: Sequence[Direct] = ()
    spreads: Sequence[ViewSpread] = ()
    shown: Sequence[str] = ()
