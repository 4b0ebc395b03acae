"""long_regions: the table of regions with a row for each case, image and ROI, where the mart has a row for each case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from features.results.prefixes import RESULT
from features.results.schemas import KEY

REGIONS = "regions"  # the name of this table, which no file holds
_FACTS = ("case", *(column.name for column in KEY if column.name != "case"))


def long_regions(region: pa.Table, dictionary: Iterable[Mapping[str, str]]) -> pa.Table:
    """A row for each case, image and ROI that passed its check, in this order: key columns, `image`, `roi`, `modality`, the
    facts under their plain names, and `result`, the address of the check.

    region: the wide table of a cohort; dictionary: its rows, which say of which image and ROI a column is.
    """
    told = {row["name"]: row for row in dictionary if row["block"] == "region" and row["image"]}
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in filter(told.__contains__, region.schema.names):
        row = told[name]
        groups.setdefault((row["image"], row["roi"], row["modality"]), []).append(name)
    parts = []
    for (image, roi, modality), names in groups.items():
        result = min((name for name in names if name.endswith(f"__{RESULT}")), key=len, default="")  # that of the check
        if not result:
            continue  # no check made these columns
        own = region.filter(pc.is_valid(region[result]))
        words = {"image": image, "roi": roi, "modality": modality}
        found = {name: own[name] for name in _FACTS}
        found |= {name: pa.array([word] * own.num_rows, pa.string()) for name, word in words.items()}
        found |= {name.removeprefix(result.removesuffix(RESULT)): own[name] for name in names if name != result}
        parts.append(pa.table({**found, RESULT: own[result]}))
    if not parts:
        return pa.schema([(name, pa.string()) for name in (*_FACTS, "image", "roi", "modality", RESULT)]).empty_table()
    whole = pa.concat_tables(parts, promote_options="default")
    return whole.sort_by([(name, "ascending") for name in ("case", "image", "roi")])
