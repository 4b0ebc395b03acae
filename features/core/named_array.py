"""NamedArray: named numbers, many results sharing the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


class NamedArray(Mapping[str, float]):
    """A mapping of names to the numbers of an array, made and kept without a Python object for each.

    >>> NamedArray(("a", "b"), np.array([1.0, 2.0]))["b"]
    2.0
    """

    def __init__(self, names: tuple[str, ...], array: NDArray[np.float64]) -> None:
        """array: (n,), in the order of the names, which are unique."""
        if array.shape != (len(names),):
            raise ValueError(f"{len(names)} names, and an array of {array.shape}")
        self.names, self.array = names, array

    def __getitem__(self, name: str) -> float:
        return float(self.array[_places(self.names)[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@lru_cache(maxsize=16)
def _places(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}
