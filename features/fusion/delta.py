"""Delta: how the image features of a patient change from one time point to another. Known at the later one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from features.core.catalog.table_source import Word
from features.core.errors import RadweaveError, hint_sentence
from features.core.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd

How = Literal["absolute", "relative", "per_day"]


class Delta(Frozen):
    """Columns of the block delta: the same patient, lesion and feature at two time points.

    absolute: later minus earlier value. relative: that over the magnitude of the earlier value, so that its sign is that
    of the change; missing where the earlier value is 0. per_day: the absolute change over the days between the time points
    as the catalog declares them. Missing where one of the two is.
    """

    since: Word = Field(description="the earlier time point")
    until: Word = Field(description="the later time point; at predict_at of the study, or before")
    how: tuple[How, ...] = Field(("absolute",), min_length=1, description="which changes become columns")
    blocks: tuple[Word, ...] = Field(
        ("radiomics",),
        min_length=1,
        description="blocks whose features are compared: radiomics, deep, region (the volume), or ready-made blocks whose "
        "rows are of time points",
    )

    @model_validator(mode="after")
    def check_time_points_differ(self) -> Delta:
        if self.since == self.until:
            raise ValueError(f'since and until are both "{self.since}"')
        return self

    def days(self, timepoints: Mapping[str, int], predict_at: str) -> int:
        """Days between the time points of a cohort. Raises RadweaveError if one is unknown, or they are not in order."""
        for word in (self.since, self.until):
            if word not in timepoints:
                hint = hint_sentence(word, timepoints)
                raise RadweaveError(
                    f'delta: there is no time point "{word}"; allowed: {", ".join(timepoints)}. {hint}'.strip()
                )
        if timepoints[self.until] > timepoints[predict_at]:
            raise RadweaveError(
                f'delta: the change from "{self.since}" to "{self.until}" is known at {self.until}, after the prediction '
                f'at "{predict_at}": predict later, or compare earlier time points'
            )
        days = timepoints[self.until] - timepoints[self.since]
        if days <= 0:
            raise RadweaveError(f'delta: "{self.since}" is not before "{self.until}" in the catalog')
        return days

    def compute(self, rows: pd.DataFrame, images: pd.DataFrame, cases: pd.DataFrame, days: int) -> pd.DataFrame:
        """One row per case, in their order; columns `delta__COLUMN__SINCE_to_UNTIL_HOW`.

        rows, images: patient, lesion and time point, and the columns that are compared, of all time points.
        """
        import pandas as pd

        keys = pd.MultiIndex.from_frame(cases[["patient", "lesion"]])
        early, late = (
            images[there := (rows["timepoint"] == word).to_numpy()]
            .set_axis(pd.MultiIndex.from_frame(rows.loc[there, ["patient", "lesion"]]))
            .reindex(keys)
            .set_axis(cases.index)
            .astype(float)
            for word in (self.since, self.until)
        )
        change = late - early
        values: dict[How, pd.DataFrame] = {
            "absolute": change,
            "relative": change / early.abs().where(early != 0),
            "per_day": change / days,
        }
        span = f"{self.since}_to_{self.until}"
        return pd.concat([values[how].add_prefix("delta__").add_suffix(f"__{span}_{how}") for how in self.how], axis=1)
