"""AnnData and MuData for people of omics: features as X, keys and clinical variables as obs, the dictionary as var."""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.core.errors import DataError, MachineError, RadweaveError
from features.core.storage.place import write_bytes
from flows.commands.exported import Export

OBS = "clinical"  # the block that describes observations; every other one is a modality


def write_omics(output: Path, export: Export) -> None:
    """Write .h5ad (one block of features) or .h5mu (a modality per block). Raises RadweaveError as `to_anndata`."""
    try:
        import anndata  # noqa: F401
        import mudata  # noqa: F401
    except ImportError as error:
        raise MachineError(
            f'{output}: AnnData and MuData need the extra "omics": pip install "radweave[omics]"'
        ) from error
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="anndata|mudata")  # of their own future
        path = Path(folder) / f"export{output.suffix.lower()}"
        found = to_anndata(export) if path.suffix == ".h5ad" else to_mudata(export)
        found.write(path)
        write_bytes(output, path.read_bytes())


def to_anndata(export: Export) -> Any:
    """One block of features as AnnData: X (cases, features), NaN for null.

    obs: keys, texts and flags of the block, and what else was exported, by case or patient. var: the dictionary, one row
    per feature, what differs between cohorts separated by "; ". Raises RadweaveError if there is not one such block.
    """
    blocks = _modalities(export)
    if len(blocks) != 1:
        named = ", ".join(blocks) or "none"
        raise RadweaveError(f".h5ad holds the features of one block, found {named}; several go into .h5mu")
    return _modality(export, blocks[0], _obs(export, {OBS, blocks[0]}))


def to_mudata(export: Export) -> Any:
    """Blocks as MuData, a modality for each but clinical, which goes into obs. A modality has the cases with any value.

    Raises RadweaveError if there is no block of features.
    """
    import mudata

    blocks = _modalities(export)
    if not blocks:
        raise RadweaveError(".h5mu holds features; name a block besides clinical")
    modalities = {}
    for block in blocks:
        found = _modality(export, block, _obs(export, {block}))
        modalities[block] = found[~np.isnan(found.X).all(axis=1)].copy()
    with mudata.set_options(pull_on_update=False):
        whole = mudata.MuData(modalities)
        obs = _obs(export, {OBS}).reindex(whole.obs_names)
        whole.obs = pd.concat([whole.obs, obs], axis=1)
        whole.uns["radweave"] = {"refresh": export.refresh}
    return whole


def _modalities(export: Export) -> list[str]:
    if "case" not in export.names and "patient" not in export.names:
        raise RadweaveError("AnnData and MuData hold blocks: region, radiomics, deep, clinical, genomic")
    keys = _keys(export)
    return [
        b for b in dict.fromkeys(block for name, (block, _) in export.names.items() if name not in keys) if b != OBS
    ]


def _keys(export: Export) -> list[str]:
    known = ("case", "cohort", "centre", "patient", "timepoint", "lesion")
    return [name for name in known if name in export.names]


def _features(export: Export, block: str) -> list[str]:
    """Predictors of a block that are numbers."""
    roles = {row["name"]: row["role"] for row in _rows(export)}
    types = dict(zip(export.table.schema.names, export.table.schema.types, strict=True))
    return [
        name
        for name, (origin, _) in export.names.items()
        if origin == block
        and roles.get(name) == "predictor"
        and (pa.types.is_floating(types[name]) or pa.types.is_integer(types[name]))
    ]


def _rows(export: Export) -> list[dict[str, str]]:
    return export.dictionary.to_pylist() if export.dictionary is not None else []


def _modality(export: Export, block: str, obs: pd.DataFrame) -> Any:
    import anndata

    names = _features(export, block)
    if not names:
        raise DataError(f"{block}: no column holds numbers to predict from")
    wide = any(export.table.schema.field(name).type != pa.float32() for name in names)
    X = np.column_stack([export.table[name].to_numpy() for name in names]).astype(np.float64 if wide else np.float32)
    described: dict[str, dict[str, str]] = {name: {} for name in names}
    for row in _rows(export):
        if row["name"] in described:
            entry = described[row["name"]]
            for fact, text in row.items():
                if fact not in ("name", "cohort", "role") and text not in entry.get(fact, "").split("; "):
                    entry[fact] = f"{entry[fact]}; {text}" if entry.get(fact) else text
    var = pd.DataFrame.from_dict(described, orient="index").fillna("")
    var.index = pd.Index([export.names[name][1] for name in names])
    return anndata.AnnData(X=X, obs=obs, var=var, uns={"radweave": {"refresh": export.refresh, "block": block}})


def _obs(export: Export, blocks: set[str]) -> pd.DataFrame:
    """Keys and what is no feature of these blocks, by case, or by cohort and patient (and time point and lesion)."""
    keys = _keys(export)
    features = {name for block in blocks - {OBS} for name in _features(export, block)}
    columns = {
        name: _annotation(export.table[name], export.levels.get(name))
        for name, (origin, _) in export.names.items()
        if name in keys or (origin in blocks and name not in features)
    }
    frame = pd.DataFrame(columns)
    index = frame["case"] if "case" in keys else frame["cohort"] + ":" + frame["patient"]
    for key in [key for key in ("timepoint", "lesion") if key in keys and "case" not in keys]:
        index = index + (":" + frame[key]).where(frame[key] != "", "")
    return frame.set_index(pd.Index(index, name=None))


def _annotation(column: pa.ChunkedArray, levels: Sequence[str] | None = None) -> pd.Series:
    """Flags and whole numbers with their nulls, dates as text, levels as ordered categories, other texts as they are."""
    mapped = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype()}
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    found: pd.Series = column.to_pandas(types_mapper=mapped.get)
    return found if levels is None else found.astype(pd.CategoricalDtype(list(levels), ordered=True))
