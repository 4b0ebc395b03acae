"""ReadyBlock: the ready-made features of one cohort under one word, joined to the cases of a study."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog.catalog import Cohort, ReadyTable
from features.core.catalog.outcome_source import named_elsewhere
from features.core.catalog.table_source import Variable
from features.core.errors import RadweaveError, StoreError
from features.core.storage.table import column_of
from features.fusion.encode import encode
from features.fusion.lesions import ENDINGS, Lesions, merge_lesions
from features.results.cases import PLACE
from features.results.manifest import Mart

VOLUMES = ("RNU0", "YEKZ")  # IBSI: volume by the mesh, by counting voxels
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ReadyBlock:
    """Rows of ready-made tables.

    table: as the mart has it. keys: cohort, patient, timepoint and lesion of each row; the latter two are "" where the block
    does not tell them. names: features that are known at the prediction, float64, or text with `levels`. units: column → unit.
    volume: the column that is a lesion's volume, "" if none is. late: columns of the design that are known after the
    prediction, and not among the names → when. checked: columns that a person has checked for leaks. known_at: name → time
    point, where rows tell none.
    """

    name: str
    table: pa.Table
    keys: pd.DataFrame
    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    volume: str
    late: Mapping[str, str]
    checked: tuple[str, ...]
    known_at: Mapping[str, str]

    @property
    def has_timepoints(self) -> bool:
        """Whether each row is of a time point."""
        return bool((self.keys["timepoint"] != "").any())

    @property
    def has_lesions(self) -> bool:
        """Whether rows are of lesions."""
        return bool((self.keys["lesion"] != "").any())

    def at(self, timepoint: str) -> Places:
        """Places of the rows of a time point; of all rows where they tell none."""
        return np.flatnonzero((self.keys["timepoint"] == timepoint) | (not self.has_timepoints))

    def features(self, places: Places, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Columns `BLOCK__NAME` of the rows at these places, float; NaN where a place is -1. names: of these alone."""
        names = self.names if names is None else names
        numbers, texts = ([n for n in names if (n in self.levels) == is_text] for is_text in (False, True))
        there = places >= 0
        values = np.full((len(places), len(numbers)), np.nan, order="F")  # so that the frame needs no copy of its own
        for j, name in enumerate(numbers):
            values[there, j] = self.table[name].to_numpy()[places[there]]
        found = pd.DataFrame(values, columns=[f"{self.name}__{name}" for name in numbers], copy=False)
        if not texts:
            return found
        words = pd.DataFrame({name: self.table[name].to_pandas().reindex(places).to_numpy() for name in texts})
        kinds = {name: Variable(type="category", description=name, levels=self.levels[name]) for name in texts}
        return pd.concat([found, encode(words, kinds, block=self.name)], axis=1)

    def join(self, cases: pd.DataFrame, timepoint: str, lesions: Lesions) -> pd.DataFrame:
        """The features of cases at a time point, in their order; NaN where the block has no such row.

        Joined by patient, and by lesion where rows of both are of lesions; sum and mean: over a patient's lesions. Raises
        RadweaveError if a patient has several lesions here and the cases have none.
        """
        places = self.at(timepoint)
        if self.has_lesions and lesions in ("sum", "mean"):
            rows, found = self.merged(places, lesions)
            return found.set_axis(pd.Index(rows["patient"])).reindex(cases["patient"]).set_axis(cases.index)
        by = ["patient", "lesion"] if self.has_lesions and (cases["lesion"] != "").any() else ["patient"]
        keys = pd.MultiIndex.from_frame(self.keys.iloc[places][by])
        if keys.has_duplicates:
            raise RadweaveError(
                f'the block "{self.name}" has several lesions of a patient, and the images of this study have none: say '
                "lesions: sum or mean"
            )
        of_cases = keys.get_indexer(pd.MultiIndex.from_frame(cases[by]))
        joined = self.features(np.append(places, -1)[of_cases]).set_axis(cases.index)
        return joined.add_suffix(ENDINGS[lesions]) if self.has_lesions else joined

    def of_every_time(self, lesions: Lesions) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Keys and features of all time points, lesions merged. Raises RadweaveError if the rows tell no time points."""
        if not self.has_timepoints:
            raise RadweaveError(
                f'delta: the block "{self.name}" has one row for all time points: declare the timepoint of its tables'
            )
        return self.merged(np.arange(len(self.keys)), lesions)

    def merged(self, places: Places, lesions: Lesions) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Keys and features of these rows, lesions merged as `merge_lesions` does."""
        keys = self.keys.iloc[places]
        values = self.features(places).set_axis(keys.index)
        return merge_lesions(keys, values, lesions) if self.has_lesions else (keys, values)


def read_ready_blocks(
    mart: Mart, name: str, cohort: Cohort, blocks: Collection[str], predict_at: str
) -> tuple[ReadyBlock, ...]:
    """The ready-made blocks of a cohort that are asked for; none named: all. Raises StoreError if one is to be refreshed."""
    sources: dict[str, list[ReadyTable]] = {}
    for source in cohort.tables:
        if isinstance(source, ReadyTable) and (source.block in blocks or not blocks):
            sources.setdefault(source.block, []).append(source)
    described = mart.read("dictionary", name).to_pylist() if sources else []
    return tuple(
        _ready_block(
            mart.read(block, name), [row for row in described if row["block"] == block], cohort, own, predict_at
        )
        for block, own in sources.items()
    )


def _ready_block(
    table: pa.Table,
    described: Sequence[Mapping[str, str]],
    cohort: Cohort,
    sources: Sequence[ReadyTable],
    predict_at: str,
) -> ReadyBlock:
    block, limit = sources[0].block, cohort.timepoints[predict_at]
    told = {"timepoint": any(one.timepoint for one in sources), "lesion": any(one.lesion for one in sources)}
    if any((key in table.schema.names) != is_told for key, is_told in told.items()):
        raise StoreError(f'the block "{block}" of the mart has other keys than the catalog: run radweave refresh')
    columns = {row["name"]: column_of(row) for row in described if row["role"] == "predictor"}
    when = {} if told["timepoint"] else {name: _known_at(name, cohort, sources) for name in columns}
    late = {name: at for name, at in when.items() if cohort.timepoints[at] > limit}
    kept = {name: column for name, column in columns.items() if name not in late}
    keys = {key: table[key].to_pandas() if key in table.schema.names else "" for key in PLACE}
    checked = [name for name in kept if any(_is_checked(name, one) for one in sources)]
    found = ReadyBlock(
        name=block,
        table=table,
        keys=pd.DataFrame({"cohort": table["cohort"].to_pandas(), **keys}),
        names=tuple(kept),
        levels={name: column.levels for name, column in kept.items() if column.levels},
        units={name: column.unit for name, column in kept.items()},
        volume=next((name for name, column in kept.items() if column.ibsi in VOLUMES and not column.filter), ""),
        late={f"{block}__{name}": at for name, at in late.items()},
        checked=(),
        known_at={name: at for name, at in when.items() if name in kept},
    )
    return replace(found, checked=tuple(found.features(np.array([], np.intp), checked).columns))


def _known_at(name: str, cohort: Cohort, sources: Sequence[ReadyTable]) -> str:
    """The latest time point of the tables that may hold a column; of all where none says so."""
    holding = [
        one
        for one in sources
        if name.startswith(one.prefix) and one.takes(name.removeprefix(one.prefix), named_elsewhere(one, cohort.tables))
    ]
    return max((one.known_at for one in holding or sources), key=lambda at: cohort.timepoints[at])


def _is_checked(name: str, source: ReadyTable) -> bool:
    return name.startswith(source.prefix) and name.removeprefix(source.prefix) in source.leak_checked
