"""patient_rows: the cases of a study that asks for no image, from the tables: one per patient, or per lesion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.core.case import CaseId
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.fusion.lesions import Lesions, choose_largest
from features.fusion.ready_block import ReadyBlock


def patient_rows(
    name: str, timepoint: str, centres: Mapping[str, str], ready: Sequence[ReadyBlock], lesions: Lesions
) -> pd.DataFrame:
    """Cases, index case, columns cohort, centre, patient, timepoint, lesion: each patient, or each lesion of a block.

    A patient without a lesion has one row. centres: patient → centre, in the order of the rows. lesions: each or largest;
    sum and mean have a row per patient. Raises RadweaveError if the largest lesion is asked for, and no block has volumes.
    """
    of_lesions = [block for block in ready if block.has_lesions] if lesions in ("each", "largest") else []
    pairs = pd.concat([pd.DataFrame({"patient": [], "lesion": []}), *(_pairs(one, timepoint) for one in of_lesions)])
    pairs = pairs.drop_duplicates().sort_values(["patient", "lesion"])
    own = {str(patient): rows["lesion"].tolist() for patient, rows in pairs.groupby("patient")}
    rows = [
        {
            "case": str(CaseId(name, patient, timepoint, lesion)),
            "cohort": name,
            "centre": centre,
            "patient": patient,
            "timepoint": timepoint,
            "lesion": lesion,
        }
        for patient, centre in centres.items()
        for lesion in own.get(patient, [""])
    ]
    columns = ["case", "cohort", "centre", "patient", "timepoint", "lesion"]
    cases = pd.DataFrame(rows, columns=columns, dtype=object).set_index("case")
    return _largest(cases, timepoint, of_lesions) if lesions == "largest" and of_lesions else cases


def visit_rows(
    name: str, words: Sequence[str], centres: Mapping[str, str], ready: Sequence[ReadyBlock], lesions: Lesions
) -> pd.DataFrame:
    """Cases as `patient_rows` gives them, of each of these time points: who has a row of it in any block of visits.

    Raises RadweaveError if no block tells time points.
    """
    told = [block for block in ready if block.has_timepoints]
    if not told:
        raise RadweaveError(
            f'cohort "{name}": visits: each needs images, or tables whose rows are of time points; found none of the study'
        )
    parts = []
    for word in words:
        there = {patient for block in told for patient in block.keys.iloc[block.at(word)]["patient"]}
        own = {patient: centre for patient, centre in centres.items() if patient in there}
        parts.append(patient_rows(name, word, own, ready, lesions))
    return pd.concat(parts)


def _pairs(block: ReadyBlock, timepoint: str) -> pd.DataFrame:
    return block.keys.iloc[block.at(timepoint)][["patient", "lesion"]]


def _largest(cases: pd.DataFrame, timepoint: str, blocks: Sequence[ReadyBlock]) -> pd.DataFrame:
    """The rows of each patient's largest lesion, by the first block that knows its volume."""
    measured = [block for block in blocks if block.volume]
    if not measured:
        names = ", ".join(f'"{block.name}"' for block in blocks)
        raise RadweaveError(
            f"lesions: largest needs volumes, and none is known of the lesions of {names}: no column has the IBSI code of a "
            "volume; say lesions: each, sum or mean"
        )
    volumes = {
        f"{i}": block.join(cases, timepoint, "each")[f"{block.name}__{block.volume}"]
        for i, block in enumerate(measured)
    }
    return choose_largest(cases.assign(**volumes), list(volumes))[cases.columns]


def by_content(clinical: pa.Table, blocks: Sequence[pa.Table], elsewhere: Mapping[str, str]) -> dict[str, str]:
    """All patients with their centres, in an order that does not depend on the key of the pseudonyms.

    It is that of digests of their clinical rows; of equal ones, that of their rows in the other blocks. elsewhere: patients
    and centres of images and quarantine.
    """
    centres = dict(elsewhere)
    for table in (*reversed(blocks), clinical):
        centres |= dict(zip(table["patient"].to_pylist(), table["centre"].to_pylist(), strict=True))
    facts = clinical.drop_columns(["patient"]).to_pylist()
    digests = dict(zip(clinical["patient"].to_pylist(), map(_digest, facts), strict=True))
    marks: dict[str, int] = {}
    for table in blocks if len({*digests.values()}) < len(centres) else ():
        for patient, mark in zip(table["patient"].to_pylist(), _marks(table).tolist(), strict=True):
            marks[patient] = (marks.get(patient, 0) + mark) % 2**64  # several rows of a patient, in any order
    order = sorted(centres, key=lambda patient: (digests.get(patient, ""), marks.get(patient, 0), patient))
    return {patient: centres[patient] for patient in order}


def _digest(row: Mapping[str, object]) -> str:
    return digest_json({name: value if isinstance(value, (bool, str)) else repr(value) for name, value in row.items()})


def _marks(table: pa.Table) -> NDArray[np.uint64]:
    """A number for each row that its float columns decide; nothing is copied but a column at a time."""
    found = np.zeros(table.num_rows, np.uint64)
    for field in table.schema:
        if pa.types.is_floating(field.type):
            bits = table[field.name].to_numpy().astype(np.float64).view(np.uint64)
            found = (found ^ bits) * np.uint64(0x9E3779B97F4A7C15)
            found ^= found >> np.uint64(29)
    return found
