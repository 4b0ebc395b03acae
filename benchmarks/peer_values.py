"""What each way wrote: values by a name that tools share, and what became of each case."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Row:
    """Of a case: finite values by name (pyradiomics' or IBSI's), and the reason if the tool tells one."""

    values: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    missing: bool = False

    @property
    def outcome(self) -> str:
        if self.values:
            return f"{len(self.values)} numbers" + (f"; {self.reason}" if self.reason else "")
        if self.missing:
            return "no row"
        return self.reason or "a row without a reason"


def read_rows(name: str, out: Path, cohort: Path, folder: Path) -> dict[str, Row]:
    """The rows of all cases of the cohort; a case that the table lacks is `missing`."""
    with (cohort / "pairs.csv").open() as file:
        cases = [row["ID"] for row in csv.DictReader(file)]
    found = READERS[name](out, cases, folder)
    return {case: found.get(case, Row(missing=True)) for case in cases}


def table(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    csv.field_size_limit(10**9)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(row: Mapping[str, object], name_of: Callable[[str], str | None]) -> dict[str, float]:
    """Finite numbers of a row by the names that they get; None leaves a column out."""
    found = {}
    for column, text in row.items():
        name = name_of(column)
        try:
            value = float(str(text)) if name else math.nan
        except ValueError:
            continue
        if name and math.isfinite(value):
            found[name] = value
    return found


def read_pyradiomics(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    """Also of `radweave extract`, which has the outcome in columns."""
    found = {}
    for row in table(out / "features.csv"):
        told = [row.get(f"diagnostics_Outcome_{one}") or "" for one in ("Code", "Message")]
        found[row["ID"]] = Row(numbers(row, name_of_pyradiomics), told[0])
    return found


def name_of_pyradiomics(column: str) -> str | None:
    """Its own names; None for columns that hold no feature.

    >>> name_of_pyradiomics("original_glcm_Contrast"), name_of_pyradiomics("diagnostics_Image-original_Mean")
    ('original_glcm_Contrast', None)
    """
    return column if re.match(r"(original|log|wavelet)[-_]", column) else None


def read_store(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    """The mart of a refresh; IBSI's features by their tags, the others by pyradiomics' names."""
    import os

    os.environ["RADWEAVE_KEY_FILE"] = str(folder / "pseudonym.key")
    from features.core.pseudonym import load_key, pseudonym
    from features.core.storage.store import Store
    from features.radiomics.dialects.ibsi import entries
    from features.results.manifest import Mart

    tags = {f"ibsi__ct__original_{one.name}": one.tag for one in entries(aggregations=("3D:mrg", "3D"))}
    mart = Mart.open(Store(out / "store"))
    of_case = {pseudonym(load_key(), "cohort", case): case for case in cases}
    found = {}
    for row in mart.read("radiomics", "cohort").to_pylist():
        values = numbers(row, lambda name: tags.get(name) or (name[14:] if name.startswith("radweave__ct__") else None))
        found[of_case[row["patient"]]] = Row(values)
    for row in mart.read("quarantine", "cohort").to_pylist():
        case = of_case.get(str(row.get("case", "")).split(":")[1] if ":" in str(row.get("case", "")) else "")
        if case:
            found[case] = Row(reason=row["code"])
    return found


def read_mirp(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    """By the folder of the image, which lies one deeper where the image is a folder itself."""
    known, found = set(cases), {}
    for row in table(out / "features.csv"):
        case = next(part for part in reversed(Path(row["image_directory"]).parts) if part in known)
        found[case] = Row(numbers(row, tag_of_mirp))
    return found


def tag_of_mirp(column: str) -> str | None:
    """`cm_contrast_d1_3d_v_mrg_fbs_w25.0` is `cm_contrast_3D_comb`.

    >>> tag_of_mirp("ngl_lde_d1_a0.0_3d_fbs_w25.0"), tag_of_mirp("stat_mean"), tag_of_mirp("image_voxel_size_x")
    ('ngl_lde_3D', 'stat_mean', None)
    """
    if re.match(r"(sep_|wavelet_|log_|laplac)", column):
        return column
    if not re.match(r"(morph|stat|cm|rlm|szm|ngt|ngl)_", column):
        return None
    return re.sub(r"_fbs_w[\d.]+|_d1|_a0\.0", "", column).replace("_3d_v_mrg", "_3D_comb").replace("_3d", "_3D")


def tag_of_zrad(column: str) -> str | None:
    """IBSI's own tags, which z-rad writes; None for its other columns.

    >>> tag_of_zrad("cm_contrast_3D_comb"), tag_of_zrad("no_voxels")
    ('cm_contrast_3D_comb', None)
    """
    known = re.match(r"(morph|loc|stat|ih|ivh|cm|rlm|szm|dzm|ngt|ngl)_", column)
    return column if known else None


def read_zrad(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    told = json.loads((out / "features.json").read_text()) if (out / "features.json").exists() else {}
    found = {case: Row(reason=str(reason), missing=True) for case, reason in told.items()}
    for row in table(out / "features.csv"):
        case = next(value for value in row.values() if value in told)
        found[case] = Row(numbers(row, tag_of_zrad))
    return found


def read_pictologics(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    """Its columns end with IBSI's codes: those of the original image get the tags, the others keep their names."""
    from features.radiomics.dialects.ibsi import entries

    tags = {one.feature.ibsi: one.tag for one in entries(aggregations=("3D:mrg", "3D"))}

    def name_of(column: str) -> str | None:
        return tags.get(column[-4:], column) if column.startswith("original__") else column if "__" in column else None

    found = {}
    for row in table(out / "features.csv"):
        found[row["subject_id"]] = Row(numbers(row, name_of), row.get("error") or row.get("warnings") or "")
    return found


def read_qradiomics(out: Path, cases: Iterable[str], folder: Path) -> dict[str, Row]:
    """pyradiomics' names; a case that failed has no row."""
    return {row["patient_id"]: Row(numbers(row, name_of_pyradiomics)) for row in table(out / "features.csv")}


READERS: Mapping[str, Callable[[Path, Iterable[str], Path], dict[str, Row]]] = {
    "radweave": read_pyradiomics,
    "pyradiomics": read_pyradiomics,
    "refresh": read_store,
    "ibsi": read_store,
    "mirp": read_mirp,
    "zrad": read_zrad,
    "pictologics": read_pictologics,
    "qradiomics": read_qradiomics,
}
