"""Modality LUT Sequence: each stored value becomes its entry, in every way that files write the table; else a code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from features.core.quarantine import Rejected
from features.images.dicom.series import read_dicom_series
from tests.support.scans import save_series

STORED = np.random.default_rng(0).integers(-300, 600, (3, 8, 8))


def put(entries: np.ndarray, *, first: int = 0, bits: int = 16, data: Any = None, written: str = "US") -> Callable:
    """An edit that puts a table in place of rescale values; `data`: LUTData, else 16-bit words."""

    def edit(series: list[Dataset]) -> None:
        for ds in series:
            del ds.RescaleSlope, ds.RescaleIntercept
            item = Dataset()
            count = len(entries) % 65536
            numbers = (
                [count, first % 65536, bits] if written == "US" else [count - 65536 * (count > 32767), first, bits]
            )
            item.add_new(0x00283002, written, numbers)
            item.add_new(0x00283006, "OW", entries.astype("<u2").tobytes()) if data is None else item.add_new(
                0x00283006, *data
            )
            ds.ModalityLUTSequence = [item]

    return edit


def read(folder: Path, edit: Callable, modality: str = "MR") -> np.ndarray:
    return read_dicom_series(save_series(folder, STORED, modality=modality, intercept=0.0, edit=edit)[0]).array


SHORT, LONG, WHOLE = np.arange(200) * 5 + 7, np.arange(40000) % 30000, np.arange(65536)[::-1]
BYTES = SHORT % 251


@pytest.mark.parametrize(
    ("entries", "settings"),
    [
        (SHORT, {}),  # values below the first and beyond the last are clamped
        (SHORT, {"first": -100}),
        (SHORT, {"first": -100, "written": "SS"}),
        (SHORT, {"first": 50, "bits": 12}),
        (LONG, {"first": -300}),
        (WHOLE, {"first": -32768, "written": "SS"}),  # 65,536 entries are written as 0
        (SHORT, {"data": ("US", SHORT.tolist())}),
        (BYTES, {"bits": 8, "data": ("OW", BYTES.astype(np.uint8).tobytes())}),
        (BYTES[:-1], {"bits": 8, "data": ("OW", BYTES.astype(np.uint8).tobytes())}),  # filled up to an even length
        (BYTES, {"bits": 8}),  # bytes in words
    ],
)
def test_each_stored_value_becomes_its_entry(tmp_path: Path, entries: np.ndarray, settings: dict[str, Any]) -> None:
    found = read(tmp_path, put(entries, **settings))
    wanted = entries[np.clip(STORED - settings.get("first", 0), 0, len(entries) - 1)]
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.float32


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_encoding_of_the_file_changes_nothing(tmp_path: Path, syntax: Any, bits: int) -> None:
    big = syntax == ExplicitVRBigEndian
    words = BYTES.astype(np.uint8).view("<u2") if bits == 8 else BYTES.astype("<u2")
    data = ("OW", words.astype(">u2" if big else "<u2").tobytes())

    def edit(series: list[Dataset]) -> None:
        put(BYTES, bits=bits, first=-20, written="SS", data=data)(series)
        for ds in series:
            ds.file_meta.TransferSyntaxUID = syntax
            ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2" if big else "<i2").tobytes()
            ds["PixelData"].VR = "OW"

    found = read(tmp_path, edit)
    np.testing.assert_array_equal(found, BYTES[np.clip(STORED + 20, 0, len(BYTES) - 1)])


def _with_rescale(series: list[Dataset]) -> None:
    put(SHORT)(series)
    for ds in series:
        ds.RescaleSlope, ds.RescaleIntercept = 1, 0


def _on_one_slice(series: list[Dataset]) -> None:
    put(SHORT)(series[:1])


def _twice(series: list[Dataset]) -> None:
    put(SHORT)(series)
    for ds in series:
        ds.ModalityLUTSequence = list(ds.ModalityLUTSequence) * 2


@pytest.mark.parametrize(
    "edit",
    [
        _with_rescale,
        _on_one_slice,
        _twice,
        put(SHORT, bits=7),
        put(SHORT, bits=8),
        put(SHORT, bits=9),  # the highest entry needs ten
        put(SHORT, data=("OW", SHORT[:-2].astype("<u2").tobytes())),
        lambda series: [put(SHORT)(series), [delattr(ds.ModalityLUTSequence[0], "LUTData") for ds in series]],
        lambda series: [put(SHORT)(series), [delattr(ds.ModalityLUTSequence[0], "LUTDescriptor") for ds in series]],
    ],
)
def test_a_table_that_leaves_a_doubt_is_refused(tmp_path: Path, edit: Callable) -> None:
    with pytest.raises(Rejected) as caught:
        read(tmp_path, edit)
    assert caught.value.code == "DICOM_LUT"


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_ct_and_pet_need_rescale_values(tmp_path: Path, modality: str) -> None:
    with pytest.raises(Rejected, match="DICOM_NO_RESCALE"):
        read(tmp_path / "a", put(SHORT), modality)
    with pytest.raises(Rejected, match="DICOM_LUT"):
        read(tmp_path / "b", _with_rescale, modality)


def test_slices_of_one_place_with_other_tables_are_no_copies(tmp_path: Path) -> None:
    def twice(series: list[Dataset]) -> None:
        import copy

        put(SHORT)(series)
        series.append(copy.deepcopy(series[0]))
        series[-1].ModalityLUTSequence[0].LUTData = (SHORT + 1).astype("<u2").tobytes()

    with pytest.raises(Rejected, match="DICOM_DUP_SLICE"):
        read(tmp_path, twice)
