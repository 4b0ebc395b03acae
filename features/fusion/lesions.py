"""Several lesions of a patient: a row for each of them, the largest one, or their sum or mean as one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Lesions = Literal["each", "largest", "sum", "mean"]
VISIT = ["patient", "timepoint"]
ENDINGS: dict[Lesions, str] = {
    "each": "",
    "largest": "__largest_lesion",
    "sum": "__sum_of_lesions",
    "mean": "__mean_of_lesions",
}


def choose_largest(cases: pd.DataFrame, volumes: Sequence[str]) -> pd.DataFrame:
    """The rows of each patient's largest lesion at each visit, in their order; of equal ones the first by name.

    volumes: columns of volumes, one at least, in the order in which they count: the next one stands in for a missing one.
    """
    import pandas as pd

    volume = cases.reindex(columns=list(volumes)).astype(float).bfill(axis=1).iloc[:, 0].fillna(-1.0)
    order = pd.DataFrame({"volume": -volume, "lesion": cases["lesion"], **{one: cases[one] for one in VISIT}})
    first = order.sort_values([*VISIT, "volume", "lesion"]).groupby(VISIT).head(1).index
    return cases[cases.index.isin(first)]


def merge_lesions(rows: pd.DataFrame, images: pd.DataFrame, policy: Lesions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and their image columns, whose names end in what was done; sum and mean: one per patient and time point.

    Its index is `cohort:patient:timepoint`. A sum is missing if it is so for any lesion, a mean if it is so for all.
    Lesions that have no row are not known of.
    """
    import pandas as pd

    if policy in ("sum", "mean"):
        keys = (rows["cohort"] + ":" + rows["patient"] + ":" + rows["timepoint"]).rename("case")
        groups = images.astype(float).groupby(keys, sort=False)
        missing = images.isna().groupby(keys, sort=False).any()
        images = groups.mean() if policy == "mean" else groups.sum().mask(missing)
        rows = rows.assign(lesion="").set_axis(pd.Index(keys))
        rows = rows[~rows.index.duplicated()]
        images = images.reindex(rows.index)
    return rows, images.add_suffix(ENDINGS[policy])
