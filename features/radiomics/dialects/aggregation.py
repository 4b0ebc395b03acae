"""Aggregation: the ways of IBSI in which texture features of slices and directions are put together."""

from __future__ import annotations

from typing import Literal

Aggregation = Literal["2D:avg", "2D:mrg", "2.5D:avg", "2.5D:mrg", "3D:avg", "3D:mrg", "2D", "2.5D", "3D"]
# Of matrices of directions (GLCM, GLRLM), and of those that have none (GLSZM, GLDZM, NGTDM, NGLDM); with their IBSI codes.
DIRECTIONAL: dict[Aggregation, str] = {
    "2D:avg": "BTW3",
    "2D:mrg": "SUJT",
    "2.5D:avg": "JJUI",
    "2.5D:mrg": "ZW7Z",
    "3D:avg": "ITBB",
    "3D:mrg": "IAZD",
}
UNDIRECTED: dict[Aggregation, str] = {"2D": "8QNN", "2.5D": "62GR", "3D": "KOBO"}
MEANING: dict[Aggregation, str] = {
    "2D:avg": "averaged over slices and directions",
    "2D:mrg": "directions of a slice merged, averaged over slices",
    "2.5D:avg": "slices of a direction merged, averaged over directions",
    "2.5D:mrg": "slices and directions merged",
    "3D:avg": "averaged over directions in space",
    "3D:mrg": "directions in space merged",
    "2D": "averaged over slices",
    "2.5D": "slices merged",
    "3D": "in space",
}


def word_of(aggregation: Aggregation) -> str:
    """The aggregation in a name of a column.

    >>> word_of("2.5D:mrg")
    '2_5d_mrg'
    """
    return aggregation.lower().replace(".", "_").replace(":", "_")


def tag_of(aggregation: Aggregation) -> str:
    """The aggregation in a tag of IBSI's reference tables.

    >>> tag_of("2.5D:mrg")
    '2_5D_comb'
    """
    return aggregation.replace(".", "_").replace(":", "_").replace("mrg", "comb")
