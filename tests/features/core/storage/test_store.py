"""Store: a per-case result comes back as it was kept, a rejection too."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.core.errors import StoreError
from features.core.named_array import NamedArray
from features.core.quarantine import Rejected, Warned
from features.core.storage.store import Result, Store
from features.core.storage.table import write_table

DIGEST = "ab" * 32


def test_result_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.has("region", DIGEST)
    values: dict[str, float | str] = {"voxels": 3.0, "kernel": "B30f", "empty": "", "undefined": math.nan, "big": 1e300}
    store.save("region", DIGEST, values, {"version": "1"})
    assert store.has("region", DIGEST)
    found = store.load("region", DIGEST)
    assert isinstance(found, dict)
    assert list(found) == list(values)
    assert math.isnan(found.pop("undefined"))  # type: ignore[arg-type]
    assert found == {"voxels": 3.0, "kernel": "B30f", "empty": "", "big": 1e300}


def test_rejection_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save("region", DIGEST, Rejected("MASK_TINY", "a line", voxels=3, share=0.5, code_of="x"), {"version": "1"})
    assert store.has("region", DIGEST)
    found = store.load("region", DIGEST)
    assert isinstance(found, Rejected)
    assert (found.code, found.message) == ("MASK_TINY", "a line")
    assert found.details == {"voxels": 3, "share": 0.5, "code_of": "x"}


def test_warnings_come_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    warnings = [Warned("MASK_EMPTY", "text", {"voxels": 3}), Warned("MASK_TINY")]
    store.save("region", DIGEST, {"voxels": 3.0}, {}, warnings)
    assert store.warnings("region", DIGEST) == warnings
    store.save("deep", DIGEST, {"voxels": 3.0}, {})
    assert store.warnings("deep", DIGEST) == []


def test_many_are_kept_together_as_one_by_one(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "together"), Store(tmp_path / "single")
    results = [Result("deep", f"{i:064x}", {"a": 1.5, "b": math.nan}, {"version": str(i)}) for i in range(5)]
    results.append(Result("deep", DIGEST, Rejected("MASK_TINY"), {}, ()))
    store.save_together(results)
    for one in results:
        other.save(*one)
        place = store.work(one.block, one.digest).relative_to(store.root)
        assert (store.root / place).read_bytes() == (other.root / place).read_bytes()
    assert isinstance(store.load("deep", DIGEST), Rejected)


@pytest.mark.parametrize(
    "numbers", [[], [1.5], [1.5, math.nan, -math.inf, 0.1], [1e300, 1.0], [1.5, math.nan, 2.0**-140]]
)
def test_numbers_come_back_to_the_bit_as_those_of_a_dictionary(numbers: list[float], tmp_path: Path) -> None:
    store = Store(tmp_path)
    names = tuple(f"größe_{i}" for i in range(len(numbers)))
    store.save("deep", DIGEST, NamedArray(names, np.array(numbers)), {"version": "1"}, [Warned("PATCH_CUT")])
    found = store.load("deep", DIGEST)
    assert isinstance(found, dict)
    assert tuple(found) == names
    assert np.array([*found.values()], float).tobytes() == np.array(numbers, float).tobytes()
    assert store.warnings("deep", DIGEST) == [Warned("PATCH_CUT")]
    with pytest.raises(ValueError, match="a name of a feature is a line"):
        store.save("deep", DIGEST, NamedArray(("a\nb",), np.ones(1)), {})


@pytest.mark.parametrize("shape", [(3, 1, 5, 4), (1, 3, 2, 2, 2), (0, 1, 4, 4)])
def test_whole_numbers_come_back_those_of_an_older_radweave_too(shape: tuple[int, ...], tmp_path: Path) -> None:
    store = Store(tmp_path)
    array = np.random.default_rng(0).integers(0, 65536, shape, np.uint16)
    warnings = [Warned("PATCH_CUT")]
    store.save_array("samples", DIGEST, array[::-1], {"version": "1"}, warnings)
    found = store.load_array("samples", DIGEST)
    assert not isinstance(found, Rejected)
    np.testing.assert_array_equal(found[0], array[::-1])
    assert (found[0].dtype, found[1]) == (np.uint16, warnings)
    older = {"shape": json.dumps(shape), "address": f"samples/{DIGEST}"}
    write_table(store.work("samples", DIGEST), pa.table({"value": array.ravel()}), older)
    found = store.load_array("samples", DIGEST)
    assert not isinstance(found, Rejected)
    np.testing.assert_array_equal(found[0], array)


def test_no_values_are_no_rejection(tmp_path: Path) -> None:
    Store(tmp_path).save("deep", DIGEST, {}, {})
    assert Store(tmp_path).load("deep", DIGEST) == {}


def test_numbers_of_any_shape_come_back_with_their_warnings(tmp_path: Path) -> None:
    store, views = Store(tmp_path), np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    store.save_array("samples", DIGEST, views, {"version": "1"}, [Warned("PATCH_CUT", "a twentieth is left out")])
    kept = store.load_array("samples", DIGEST)
    assert not isinstance(kept, Rejected)
    np.testing.assert_array_equal(kept[0], views)
    assert (kept[0].dtype, [one.code for one in kept[1]]) == (np.uint16, ["PATCH_CUT"])


@pytest.mark.parametrize("name", ["address", "rejected", "shape", "warnings"])
def test_provenance_cannot_take_a_name_of_what_the_store_says_itself(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match=f"{name} is for what the store says itself"):
        store.save_array("samples", DIGEST, np.zeros(1, np.uint16), {name: "x"})
    with pytest.raises(ValueError, match=f"{name} is for what the store says itself"):
        store.save("deep", DIGEST, {"a": 1.0}, {name: "x"})
    assert not store.has("samples", DIGEST) and not store.has("deep", DIGEST)


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save("deep", DIGEST, {"a": 1.0}, {"version": "1"})
    first = store.work("deep", DIGEST).read_bytes()
    store.save("deep", DIGEST, {"a": 1.0}, {"version": "1"})
    assert store.work("deep", DIGEST).read_bytes() == first


def test_missing_and_damaged_results_are_store_errors(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        store.load("deep", DIGEST)
    store.save("deep", DIGEST, {"a": 1.0}, {})
    store.work("deep", DIGEST).write_bytes(b"PAR1 damaged")
    with pytest.raises(StoreError, match="is damaged"):
        store.load("deep", DIGEST)


def test_paths_lie_below_the_root_and_differ(tmp_path: Path) -> None:
    store = Store(tmp_path)
    paths = [
        store.mart,
        store.view(1),
        store.view(2),
        store.refresh(1),
        store.refresh(2),
        store.files("x"),
        store.files("y"),
        store.withdrawals,
        store.study("s", DIGEST),
        store.work("deep", DIGEST),
    ]
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(tmp_path) for path in paths)
