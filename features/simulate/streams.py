"""Streams of randomness: one for each thing that is drawn, so that one more draw here changes nothing there."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, *place: int | str) -> np.random.Generator:
    """The generator of a place, such as ("brain", "noise", 0, 3, "flair"). Words count by their CRC-32.

    >>> int(stream(1, "a", 2).integers(100)) == int(stream(1, "a", 2).integers(100))
    True
    """
    return np.random.default_rng([seed, *(crc32(part.encode()) if isinstance(part, str) else part for part in place)])
