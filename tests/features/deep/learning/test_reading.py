"""Views while a network learns: read once where they fit into memory, prepared by a thread in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from features.deep.learning.reading import Views, ahead, chunks
from tests.support.images import ArrayImages


@dataclass(frozen=True, eq=False)
class Counted(ArrayImages):
    """Tells which cases were read."""

    asked: list[int] = field(default_factory=list)

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.uint16]:
        self.asked.extend(rows.tolist())
        return super().read(rows)


def counted() -> Counted:
    return Counted(np.arange(6 * 4, dtype=np.uint16).reshape(6, 1, 1, 2, 2) * 1000)


def test_what_fits_into_memory_is_read_once_and_else_again() -> None:
    rows = np.array([4, 1, 4])
    small, large = counted(), counted()
    held, read = Views(small, most_bytes=48), Views(large, most_bytes=47)
    for one in (held, read):
        for _ in range(2):
            np.testing.assert_array_equal(one.read(rows), small.pixels[rows])
    assert sorted(small.asked) == [1, 4] and len(large.asked) == 6
    assert held.unit(rows).max() == pytest.approx(19_000 / 65535)


def test_parts_come_in_order_and_an_error_comes_where_it_is_waited_for() -> None:
    parts = chunks(np.arange(10), 4)
    assert [len(part) for part in parts] == [4, 3, 3] and chunks(np.arange(0), 4) == []
    found = [(rows.tolist(), made.tolist()) for rows, made in ahead(parts, lambda rows: rows.astype(np.float32))]
    assert found == [(part.tolist(), part.tolist()) for part in parts]

    def damaged(rows: NDArray[np.intp]) -> NDArray[np.float32]:
        if 5 in rows:
            raise ValueError("damaged")
        return rows.astype(np.float32)

    each = ahead(parts, damaged)
    assert next(each)[0].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="damaged"):
        next(each)


def test_who_stops_waiting_leaves_no_thread() -> None:
    before = threading.active_count()
    for _ in ahead(chunks(np.arange(100), 1), lambda rows: rows.astype(np.float32)):
        break
    assert threading.active_count() == before
