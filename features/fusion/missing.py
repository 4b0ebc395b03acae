"""Missing blocks: cases without a usable image of a word, or without any value of a block, leave or are imputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from features.core.case import Target
from features.core.design import FlowRow
from features.core.kinds.recipe import Recipe
from features.results.prefixes import RESULT, feature_prefix

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MissingBlock = Literal["impute", "exclude"]
LackingBlock = Literal["impute", "exclude", "keep"]  # keep: nothing is filled in, and every use tells what it lacks
IMAGES = "region"  # a volume is there where the image is: lacking images speak for it


def lacking_images(
    tables: Mapping[str, pa.Table], region: pd.DataFrame, measured: Sequence[tuple[Recipe, Target]]
) -> pd.DataFrame:
    """True where a case has no image of a word that gave features to any of the recipes' extractors.

    A column for each image of the recipes; rows as in `region`, index case. measured: as `recipe_targets` gives it.
    """
    import pandas as pd

    images = sorted({target.image for _, target in measured})
    lacking = pd.DataFrame(True, index=region.index, columns=images)
    for recipe, target in measured:
        for extractor in recipe.extractors:
            name = feature_prefix(recipe, extractor.word, target) + RESULT
            found = tables[extractor.block].select(["case", name]).to_pandas().set_index("case")
            lacking[target.image] &= found.reindex(region.index).iloc[:, 0].isna().to_numpy()
    return lacking


def lacking_blocks(X: pd.DataFrame, blocks: Mapping[str, str], asked: Iterable[str], *, alone: bool) -> pd.DataFrame:
    """True where a case has no value in any column of a block: a column for each block that is asked for.

    A block that no case of the cohort can have counts as lacking, unless the cohort stands alone: then there is no such
    block in the study at all.
    """
    import pandas as pd

    found = {}
    for name in sorted(set(asked) - {IMAGES}):
        columns = [column for column in X.columns if blocks[column] == name]
        if columns or not alone:
            found[name] = X[columns].isna().all(axis=1).to_numpy(bool)
    return pd.DataFrame(found, index=X.index)


def of_rows(lacking: pd.DataFrame, candidates: pd.Series, rows: pd.Series) -> pd.DataFrame:
    """Lacking images of the design's rows. candidates, rows: visits of the cases before, and of the rows now.

    Where lesions were merged, a row lacks an image if all of its lesions do.
    """
    if rows.index.isin(lacking.index).all():
        return lacking.loc[rows.index]
    return lacking.groupby(candidates.to_numpy()).all().loc[rows].set_axis(rows.index)


def flow_row(
    cohort: str, candidates: pd.Series, images: pd.DataFrame, rows: pd.Series, lacks: pd.DataFrame, policy: LackingBlock
) -> FlowRow | None:
    """The step of the flow that says who lacks what; None if nobody does, or nobody leaves and nothing is filled in.

    candidates, images: patients of the cases, and which images these lack. rows, lacks: of the rows that became of
    them. A patient leaves if no row of hers is complete, and is counted under all that she lacks in any; who stays is
    counted as imputed in what all of her rows lack.
    """
    import pandas as pd

    def words(name: str) -> str:
        return f"no usable {name}" if name in images.columns else f"no {name} value"

    before = candidates.nunique()
    if policy == "exclude":
        gone = set(candidates) - set(rows[~lacks.any(axis=1).to_numpy(bool)])
        lacking = images.groupby(candidates.to_numpy()).any().reindex(sorted(gone))
        later = lacks.groupby(rows.to_numpy()).any().reindex(lacking.index, fill_value=False)
        lacking = pd.concat([lacking, later.drop(columns=images.columns)], axis=1)
        reasons = Counter(
            " and ".join(words(str(n)) for n, is_so in row.items() if is_so) for _, row in lacking.iterrows()
        )
        return FlowRow(f"{cohort}: with every block", before, before - len(gone), dict(sorted(reasons.items())))
    if policy == "keep":
        return None
    by_patient = lacks.groupby(rows.to_numpy()).all()
    imputed = {words(str(name)): int(column.sum()) for name, column in by_patient.items() if column.any()}
    return FlowRow(f"{cohort}: with every block, or imputed", before, before, {}, imputed) if imputed else None


def count_lacking(parts: Iterable[pd.DataFrame]) -> dict[str, int]:
    """Image or block → cases of all cohorts that lack it; only what anybody lacks."""
    found: Counter[str] = Counter()
    for lacks in parts:
        found.update({str(name): int(np.sum(column)) for name, column in lacks.items() if column.any()})
    return dict(sorted(found.items()))
