"""Which ROIs several readers drew, and on which image."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from features.results.readers import readers_of


class _Mart:
    def read(self, _table: str, _cohort: str, columns: list[str]) -> pa.Table:
        rows = [("MR", f"tumour_by_{one}", one, "") for one in ("ben", "anna")]
        rows += [("pet", roi, one, "MR") for _, roi, one, _ in rows] + [("MR", "tumour", "", "")]
        return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])


def test_masks_of_readers_are_compared_on_the_image_that_they_were_drawn_on() -> None:
    mart: Any = _Mart()
    both = "anna", "ben"
    assert readers_of(mart, "demo") == {("MR", "tumour"): both, ("pet", "tumour"): both}
    assert readers_of(mart, "demo", drawn=True) == {("MR", "tumour"): both}
