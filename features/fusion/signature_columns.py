"""SignatureColumns: predictions that were made elsewhere, joined to the cases of a study as a block of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.core.errors import RadweaveError

if TYPE_CHECKING:
    import pandas as pd

BLOCK = "signature"  # what the names of the columns begin with


@dataclass(frozen=True, eq=False)
class SignatureColumns:
    """Columns of one signature.

    values: float columns `signature__NAME`, index (cohort, patient, lesion), NaN where there is no value. unit: of these, "" where
    they have none. meaning: what they are, in words.
    """

    name: str
    values: pd.DataFrame
    unit: str = ""
    meaning: str = ""

    def join(self, cases: pd.DataFrame) -> pd.DataFrame:
        """The columns of cases (cohort, patient, lesion), in their order; NaN where there is no such row.

        Joined by patient, and by lesion where rows of both are of lesions. Raises RadweaveError if a patient has several values
        and the cases tell no lesions.
        """
        import pandas as pd

        lesions = bool((self.values.index.get_level_values("lesion") != "").any())
        by = ["cohort", "patient", *(["lesion"] if lesions and (cases["lesion"] != "").any() else [])]
        values = self.values if len(by) == 3 else self.values.droplevel("lesion")
        if values.index.has_duplicates:
            raise RadweaveError(
                f"the signature {self.name} has several lesions of a patient, and this study has one row of each patient: "
                "say lesions: largest, sum or mean in the study of the signature"
            )
        if not len(cases):
            return pd.DataFrame(index=cases.index, columns=values.columns, dtype=float)
        return values.reindex(pd.MultiIndex.from_frame(cases[by])).set_axis(cases.index)
