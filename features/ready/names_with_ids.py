"""Names of columns that hold patient ids: they would carry them into the mart, the dictionary and every message."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

FEWEST = 5  # letters and digits of an id that a name is searched for; shorter ones stand in names by chance
_OTHER = re.compile(r"[\W_]+")


def names_with_ids(names: Iterable[str], ids: Collection[str]) -> list[int]:
    """Places of the names, from 0, that hold one of the ids, however either is written: case and signs do not count.

    Ids of fewer than 5 letters and digits, or without a digit, are not searched for.

    >>> names_with_ids(["T1_GLCM_Contrast", "T1_GLCM_brats_0042_Energy"], {"BraTS-0042"})
    [1]
    """
    bare = {_bare(one) for one in ids}
    wanted = {one for one in bare if len(one) >= FEWEST and any(sign.isdigit() for sign in one)}
    lengths = sorted({len(one) for one in wanted})
    found = []
    for i, name in enumerate(names):
        text = _bare(name)
        if any(text[at : at + size] in wanted for size in lengths for at in range(len(text) - size + 1)):
            found.append(i)
    return found


def _bare(text: str) -> str:
    return _OTHER.sub("", text).casefold()
