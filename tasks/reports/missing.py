"""Cases that lack a block: what the study does with them, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features.core.images import IMAGES

if TYPE_CHECKING:
    from tasks.modelling.evaluation.study import Study


def missing_sentence(study: Study, missing_block: Mapping[str, int]) -> str:
    """How the study treats a case that lacks an image, or any value of a block."""
    shown = (
        " Cases of which there is nothing to show networks are not in the study." if IMAGES in study.used_blocks else ""
    )
    if study.missing_block == "exclude":
        return f"Cases without one of the images or any value of a block were excluded; the flow of cases counts them.{shown}"
    none = "" if any(missing_block.values()) else " No case lacked one."
    return (
        "Cases without one of the images, or without any value of a block, stay in the study: all that they lack is "
        f"imputed by the steps of each candidate, on the training fold, and the flow of cases counts them.{none}{shown}"
    )
