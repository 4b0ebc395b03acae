"""The store: where results live. Per-case results are addressed by what they were computed from and never change."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.errors import DamagedError
from features.core.named_array import NamedArray
from features.core.quarantine import Rejected, Warned
from features.core.storage.lock import locked
from features.core.storage.place import Bytes, find_files, is_file, write_bytes
from features.core.storage.seal import damaged, read_sealed
from features.core.storage.table import quick_bytes, read_provenance, read_with_provenance
from features.core.storage.together import write_together

LOCK = Path("locks", "store")
REGION, THUMBNAIL = "region", "thumbnail"  # blocks of work/: checks of scans, and their pictures
REGISTRATION = "registration"  # block of work/: where images lie in the ones that their masks were drawn on
LABEL_MAPS = "label_maps"  # block of work/: what commands and networks that make masks gave on an image
PICTURES = "pictures"  # block of work/: what contouring networks are shown of an image, and its mask
SAMPLES = "samples"  # block of work/: what networks are shown of a region
FIT = "fit"  # block of work/: what models of studies gave on a fold
TRAINING = "training"  # block of work/: networks that are half-trained, until their fit is kept
OWN = frozenset({"address", "rejected", "shape", "warnings"})  # names in the provenance of what the store itself says
Values = Mapping[str, float | str]
_PIXEL = np.dtype("<u2")
_FLOATS = np.dtype("<f4"), np.dtype("<f8")
_COLUMNS = ["name", "value", "text"]


class Result(NamedTuple):
    """A per-case result as it is kept under an address."""

    block: str
    digest: str
    result: Values | Rejected
    provenance: Mapping[str, str]
    warnings: Sequence[Warned] = ()


@dataclass(frozen=True)
class Store:
    """Places below one root, and the per-case results in work/."""

    root: Path

    @property
    def mart(self) -> Path:
        """What analysts read on a local disk: a link to the view of the newest refresh."""
        return self.root / "mart"

    def view(self, refresh: int) -> Path:
        """The tables of one refresh under plain names."""
        return self.root / "views" / f"{refresh:06d}"

    def refresh(self, refresh: int) -> Path:
        """The manifest of one refresh; the highest number is the newest."""
        return self.root / "refreshes" / f"{refresh:06d}.json"

    def files(self, cohort: str) -> Path:
        """What is known of a cohort's source files."""
        return self.root / "index" / f"{cohort}.files.parquet"

    @property
    def withdrawals(self) -> Path:
        """The audit of withdrawn and restored cases."""
        return self.root / "withdrawals.json"

    @property
    def used(self) -> Path:
        """There since the first commit or withdrawal: somebody may be withdrawn, though nothing else tells any more."""
        return self.root / "used.json"

    @property
    def renaming(self) -> Path:
        """The note of a change of the pseudonym key that is going on or was killed."""
        return self.root / "rekey.json"

    @property
    def releases(self) -> Path:
        """The audit of rejections that were forgotten so that they are tried again."""
        return self.root / "releases.json"

    def quality(self, cohort: str, page: int = 1) -> Path:
        """The page that shows the quality of a cohort at a glance; from the second on, more pictures of its scans."""
        return self.root / "quality" / (f"{cohort}.html" if page == 1 else f"{cohort}-{page}.html")

    def quality_pages(self, cohort: str) -> list[Path]:
        """All pages that there are of a cohort's quality."""
        names = find_files(self.root / "quality")
        return [self.root / "quality" / name for name in names if re.fullmatch(rf"{cohort}(-\d+)?\.html", name)]

    def study(self, name: str, digest: str) -> Path:
        return self.root / "studies" / name / digest[:16]

    def model(self, study: str, digest: str) -> Path:
        """A model of a study, fitted on all of its training rows."""
        return self.root / "models" / study / digest[:16]

    def scored(self, cohort: str, digest: str) -> Path:
        """What a saved model said of a cohort."""
        return self.root / "scores" / cohort / digest[:16]

    def stability(self, cohort: str, prefix: str) -> Path:
        """The newest stability scores of a cohort's columns with a prefix, such as pyradiomics__ct_lung__."""
        return self.root / "stability" / cohort / f"{prefix.rstrip('_')}.parquet"

    def work(self, block: str, digest: str) -> Path:
        return self.root / "work" / block / digest[:2] / f"{digest}.parquet"

    @contextmanager
    def writing(self, cohort: str) -> Iterator[None]:
        """Be the one process that refreshes a cohort. Raises StoreError if another one does, or the store is being cleaned."""
        with (
            locked(self.root / LOCK, f"{self.root} is being cleaned", shared=True),
            locked(self.root / "locks" / cohort, f'cohort "{cohort}" is being refreshed'),
        ):
            yield

    @contextmanager
    def cleaning(self) -> Iterator[None]:
        """Be the only process that writes. Raises StoreError if another one does."""
        with locked(self.root / LOCK, f"{self.root} is being refreshed or cleaned"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Be one of those who take from the store what they write, or withdrawals wait. Waits while it is cleaned."""
        with locked(self.root / LOCK, "", shared=True, wait=True):
            yield

    def has(self, block: str, digest: str) -> bool:
        """Whether a per-case result is there (a rejection is a result too)."""
        return is_file(self.work(block, digest))

    def results(self) -> dict[str, set[str]]:
        """Block → digests of all per-case results, in one listing."""
        found: dict[str, set[str]] = {}
        for name in find_files(self.root / "work"):
            block, _, file = name.split("/") if name.count("/") == 2 else ("", "", "")
            if file.endswith(".parquet") and not file.startswith("."):
                found.setdefault(block, set()).add(file.removesuffix(".parquet"))
        return found

    def save(
        self,
        block: str,
        digest: str,
        result: Values | Rejected,
        provenance: Mapping[str, str],
        warnings: Sequence[Warned] = (),
    ) -> None:
        """Keep a per-case result: one row per value, or none and the rejection in the provenance, as are the warnings."""
        self.save_together([Result(block, digest, result, provenance, warnings)])

    def save_together(self, results: Sequence[Result]) -> None:
        """Keep per-case results as `save` does each; the disk is waited for once."""
        write_together([(self.work(one.block, one.digest), _result_bytes(one)) for one in results])

    def save_array(
        self,
        block: str,
        digest: str,
        array: NDArray[np.uint16],
        provenance: Mapping[str, str],
        warnings: Sequence[Warned] = (),
    ) -> None:
        """Keep whole numbers (n, …) under an address, and the warnings in the provenance."""
        said = {"address": f"{block}/{digest}", "shape": json.dumps(array.shape), **_told(warnings)}
        table = pa.Table.from_arrays([_rows(array)], ["value"])
        write_bytes(self.work(block, digest), quick_bytes(table, _both(provenance, said)))

    def load_array(self, block: str, digest: str) -> tuple[NDArray[np.uint16], list[Warned]] | Rejected:
        """What `save_array` kept, or the rejection that stands in its place. Raises StoreError if it is missing or damaged."""
        table, provenance = read_with_provenance(self.work(block, digest))
        rejected = self._said(block, digest, provenance, "rejected")
        if rejected is not None:
            return _rejected(rejected)
        array = _pixels(table["value"]).reshape(json.loads(provenance["shape"]))
        return array, [Warned(**one) for one in self._said(block, digest, provenance, "warnings") or []]

    def load(self, block: str, digest: str) -> dict[str, float | str] | Rejected:
        """A per-case result. Raises StoreError if it is missing or damaged."""
        return self.load_with_kernel(block, digest)[0]

    def load_with_kernel(self, block: str, digest: str) -> tuple[dict[str, float | str] | Rejected, str]:
        """A per-case result and the kernel (see `versions.kernel`) that computed it, "" if none is kept."""
        table, provenance = read_with_provenance(self.work(block, digest))
        rejected = self._said(block, digest, provenance, "rejected")
        if rejected is not None:
            return _rejected(rejected), provenance.get("kernel", "")
        if "names" in table.schema.names:
            return _read_numbers(table), provenance.get("kernel", "")
        columns = table.to_pydict()
        rows = zip(columns["name"], columns["value"], columns["text"], strict=True)
        values = {name: value if text is None else text for name, value, text in rows}
        return values, provenance.get("kernel", "")

    def provenance(self, block: str, digest: str) -> dict[str, str]:
        """What was kept with a result. Raises StoreError if it is missing or damaged."""
        found = read_provenance(self.work(block, digest))
        self._said(block, digest, found, "")
        return found

    def rejection(self, block: str, digest: str) -> Rejected | None:
        """The rejection kept under an address, None if values are. Raises StoreError if it is missing or damaged."""
        found = self._said(block, digest, read_provenance(self.work(block, digest)), "rejected")
        return None if found is None else _rejected(found)

    def warnings(self, block: str, digest: str) -> list[Warned]:
        """The warnings kept under an address. Raises StoreError if the result is missing or damaged."""
        found = self._said(block, digest, read_provenance(self.work(block, digest)), "warnings")
        return [Warned(**one) for one in found or []]

    def check(self, block: str, digest: str) -> bool:
        """Whether a result is sealed; without a seal it is read. Raises StoreError if it is missing or damaged."""
        path = self.work(block, digest)
        data, held = read_sealed(path)
        if not held:
            self.load(block, digest)
            return False
        if f"{block}/{digest}".encode() not in data:
            raise damaged(path, "it is the result of another address")
        return True

    def is_whole(self, block: str, digest: str) -> bool:
        """Whether a result is there and undamaged."""
        try:
            self.check(block, digest)
        except DamagedError:
            return False
        return True

    def _said(self, block: str, digest: str, provenance: Mapping[str, str], key: str) -> Any:
        """What a result's provenance says under a key, None if nothing. Raises StoreError if the result is not of its address."""
        if provenance.get("address", f"{block}/{digest}") != f"{block}/{digest}":
            raise damaged(self.work(block, digest), f"it is the result {provenance['address']}")
        try:
            return json.loads(provenance[key]) if key in provenance else None
        except ValueError as error:  # only where an older radweave left no seal
            raise damaged(self.work(block, digest), f'its "{key}" is no JSON') from error


def _both(provenance: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """The provenance that is given and what the store says itself. Raises ValueError if the one takes a name of the other."""
    if taken := sorted(OWN & provenance.keys()):
        raise ValueError(f"provenance: {', '.join(taken)} is for what the store says itself; choose another name")
    return {**provenance, **said}


def _result_bytes(one: Result) -> Bytes:
    """The file of a per-case result."""
    values: Values = {}
    said = {"address": f"{one.block}/{one.digest}", **_told(one.warnings)}
    if isinstance(one.result, Rejected):
        rejected = {"code": one.result.code, "message": one.result.message, "details": one.result.details}
        said["rejected"] = json.dumps(rejected, sort_keys=True)
    else:
        values = one.result
    if isinstance(values, NamedArray):
        table = _numbers_table(values)
    elif any(isinstance(value, str) for value in values.values()):
        numbers = _floats([value if not isinstance(value, str) else None for value in values.values()])
        texts = _strings([value if isinstance(value, str) else None for value in values.values()])
        table = pa.Table.from_arrays([_same_strings((*values,)), numbers, texts], _COLUMNS)
    else:
        numbers = _floats([value for value in values.values() if not isinstance(value, str)])
        texts = _same_strings((None,) * len(values))
        table = pa.Table.from_arrays([_same_strings((*values,)), numbers, texts], _COLUMNS)
    return quick_bytes(table, _both(one.provenance, said))


def _numbers_table(values: NamedArray) -> pa.Table:
    """A named array as bytes in one row, which costs half of a row for each: their names in lines, and themselves, as float32 where
    that says the same.
    """
    array = np.asarray(values.array, _FLOATS[1])
    with np.errstate(over="ignore"):
        short = array.astype(_FLOATS[0])
    exact = np.array_equal(short.astype(_FLOATS[1]), array, equal_nan=True)
    cells = (_lines(values.names), (short if exact else array).tobytes())
    buffers = [[None, pa.py_buffer(np.array([0, len(cell)], np.int32)), pa.py_buffer(cell)] for cell in cells]
    return pa.Table.from_arrays([pa.Array.from_buffers(pa.binary(), 1, one) for one in buffers], ["names", "values"])


def _read_numbers(table: pa.Table) -> dict[str, float | str]:
    """What `_numbers_table` made."""
    names, values = (table[name][0].as_buffer() for name in ("names", "values"))
    words = bytes(names).decode().split("\n") if len(names) else []
    width = len(values) // max(1, len(words))
    found = np.frombuffer(values, next((one for one in _FLOATS if one.itemsize == width), _FLOATS[1]))
    return dict(zip(words, found.astype(float).tolist(), strict=True))


@lru_cache(maxsize=32)
def _lines(names: tuple[str, ...]) -> bytes:
    if any("\n" in name or not name for name in names):
        raise ValueError("a name of a feature is a line")
    return "\n".join(names).encode()


def _rows(array: NDArray[np.uint16]) -> pa.Array:
    """Arrays as bytes, one a row, which are read five times as fast as values."""
    numbers = np.ascontiguousarray(array, _PIXEL)
    ends = np.arange(len(array) + 1, dtype=np.int64) * (numbers.nbytes // max(1, len(array)))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(numbers.tobytes())]
    return pa.Array.from_buffers(pa.large_binary(), len(array), buffers)


def _pixels(column: pa.ChunkedArray) -> NDArray[np.uint16]:
    """The whole numbers that `save_array` kept, in one row; an older radweave kept each as a value."""
    if pa.types.is_integer(column.type):
        kept: NDArray[np.uint16] = column.to_numpy()
        return kept
    parts = [np.frombuffer(value.as_buffer(), _PIXEL) for value in column]
    numbers = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, _PIXEL), *parts])
    return numbers.astype(np.uint16, copy=False)


def _told(warnings: Sequence[Warned]) -> dict[str, str]:
    """Warnings as they stand in the provenance."""
    return {"warnings": json.dumps([asdict(one) for one in warnings], sort_keys=True)} if warnings else {}


def _rejected(row: Mapping[str, Any]) -> Rejected:
    return Rejected(row["code"], row["message"], **row["details"])


# What `pa.array` does, without loading pandas, which costs a worker half a second.
def _strings(values: Collection[str | None]) -> pa.Array:
    texts = [(value or "").encode() for value in values]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    return _array(pa.string(), values, ends, b"".join(texts))


@lru_cache(maxsize=32)
def _same_strings(values: tuple[str | None, ...]) -> pa.Array:
    """As `_strings`, of what many results share."""
    return _strings(values)


def _floats(values: Collection[float | None]) -> pa.Array:
    return _array(pa.float64(), values, np.array([0.0 if value is None else value for value in values], np.float64))


def _array(kind: pa.DataType, values: Collection[object], *buffers: object) -> pa.Array:
    valid = np.packbits(np.array([value is not None for value in values], bool), bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(buffer) for buffer in (valid, *buffers)])


def is_store(folder: Path) -> bool:
    """Whether a folder on a local disk is a store that was ever written to."""
    return (folder / LOCK).is_file()
