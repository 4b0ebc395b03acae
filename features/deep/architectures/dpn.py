"""dpn: dual path networks, residual and dense at once (Chen et al., NeurIPS 2017)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "dpn68": Member("Chen et al. 2017", 12.6, 832),
    "dpn68b": Member("Chen et al. 2017", 12.6, 832),
    "dpn92": Member("Chen et al. 2017", 37.7, 2688),
    "dpn98": Member("Chen et al. 2017", 61.6, 2688),
    "dpn107": Member("Chen et al. 2017", 86.9, 2688),
    "dpn131": Member("Chen et al. 2017", 79.3, 2688),
}


class Dpn(TimmFamily):
    """`68b` has another order of normalisation (timm)."""

    kind: Literal["dpn"] = "dpn"
    variant: Literal["dpn68", "dpn68b", "dpn92", "dpn98", "dpn107", "dpn131"] = Field(
        "dpn92", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS
