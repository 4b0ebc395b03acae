"""Names of the columns of descriptors: written by the pooling `descriptors`, read by what encodes them."""

from __future__ import annotations

import re
from typing import NamedTuple

_ENDING = re.compile(r"(?P<group>.+)_p(?P<place>\d{2,})_d(?P<dimension>\d{2,})")


class Descriptor(NamedTuple):
    """A column: one number of the descriptor of a place. group: what begins the names of all that one layer says of a view."""

    group: str
    place: int
    dimension: int


def descriptor_ending(place: int, dimension: int) -> str:
    """What ends the name of a column.

    >>> descriptor_ending(3, 11)
    'p03_d11'
    """
    return f"p{place:02d}_d{dimension:02d}"


def read_descriptor(column: str) -> Descriptor | None:
    """What a column is by its name; None if it is of no descriptor.

    >>> read_descriptor("efficientnet_lite0__ct__largest_p03_d11")
    Descriptor(group='efficientnet_lite0__ct__largest', place=3, dimension=11)
    >>> read_descriptor("clinical__age")
    """
    found = _ENDING.fullmatch(column)
    return Descriptor(found["group"], int(found["place"]), int(found["dimension"])) if found else None
