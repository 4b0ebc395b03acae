"""earlier: tables that an earlier radweave wrote, brought to the columns of today as they are read. Their files stay as they are.

Until layout 6 a case had one image of a modality with one region: the image is then named by its modality, the region `roi`.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from features.core.case import ROI, WHOLE_IMAGE
from features.results.scan_name import SEGMENTATION
from features.results.schemas import FIXED

IMAGE = "image"  # the column that every one of these tables has today
MADE = SEGMENTATION  # the column that the tables of _TELLS have had for a shorter time
_TELLS = ("scans", "quarantine", "warnings")


def of_today(name: str, table: pa.Table) -> pa.Table:
    """A whole table of the mart, such as `scans`, with the columns of today. Others, and tables of today, are as they were."""
    if name not in _BRINGS or MADE in table.schema.names or (IMAGE in table.schema.names and name not in _TELLS):
        return table
    found = table if IMAGE in table.schema.names else _BRINGS[name](table.combine_chunks())
    found = _with_segmentation(found) if name in _TELLS else found
    order = [column.name for schema in FIXED if schema.name == name for column in schema.columns]
    return found.select(sorted(found.schema.names, key=lambda one: order.index(one) if one in order else len(order)))


def changes(name: str) -> bool:
    """Whether an earlier radweave wrote a table of this name with other columns, so that it is read whole."""
    return name in _BRINGS


def _scans(table: pa.Table) -> pa.Table:
    blank = pa.array([""] * table.num_rows, pa.string())
    found = table.rename_columns(["roi_pattern" if one == "roi" else one for one in table.schema.names])
    found = found.append_column(IMAGE, found["modality"])
    found = found.append_column("roi", pa.array([ROI] * table.num_rows, pa.string()))
    for column in ("reader", "drawn_on", "picture"):
        found = found.append_column(column, blank)
    return found


def _reasons(table: pa.Table) -> pa.Table:
    rois = pc.if_else(pc.equal(table["stage"], "tables"), "", ROI)
    return table.append_column(IMAGE, table["modality"]).append_column("roi", rois)


def _with_segmentation(table: pa.Table) -> pa.Table:
    """With how ROIs were made: no program made one then. Of rows of reasons those tell it that are of a scan."""
    blank = pa.array([""] * table.num_rows, pa.string())
    if "stage" in table.schema.names:
        of_scan = pc.is_in(table["stage"], pa.array(["quality", "extract"]))
        made = pc.if_else(pc.equal(table["roi"], WHOLE_IMAGE), "none", "given")
        return table.append_column(MADE, pc.if_else(of_scan, made, ""))
    forms = table["mask_format"] if "mask_format" in table.schema.names else blank
    made = pc.if_else(pc.equal(forms, WHOLE_IMAGE), "none", "given")
    return table.append_column(MADE, made).append_column("segmented_by", blank)


def _dictionary(table: pa.Table) -> pa.Table:
    rois = pc.if_else(pc.equal(table["modality"], ""), "", ROI)
    found = table.append_column(IMAGE, table["modality"])
    return found.set_column(found.schema.get_field_index("roi"), "roi", rois)


_BRINGS = {"scans": _scans, "quarantine": _reasons, "warnings": _reasons, "dictionary": _dictionary}
