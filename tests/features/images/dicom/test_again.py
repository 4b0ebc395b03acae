"""read_again: of files that are those of the note, the same volume as of a first reading; of all others nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from features.core.memory import TooLarge, limit_memory
from features.core.region import Volume
from features.images.dicom.again import read_again
from features.images.dicom.series import read_dicom_series
from tests.support.scans import save_series


def _each(**values: object) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            for keyword, value in values.items():
                setattr(ds, keyword, value)

    return edit


def _slopes(series: list[Dataset]) -> None:
    for k, ds in enumerate(series):
        ds.RescaleSlope = 0.5 + k


def _syntax(syntax: str) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.file_meta.TransferSyntaxUID = syntax

    return edit


def _high_bits(series: list[Dataset]) -> None:
    """Bits above BitsStored hold an overlay."""
    for ds in series:
        values = np.frombuffer(ds.PixelData, "<u2") & 0x0FFF
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
        ds.PixelData = (values | 0x1000).astype("<u2").tobytes()


def assert_same(found: Volume | None, wanted: Volume) -> None:
    assert found is not None
    for field in fields(Volume):
        one, other = getattr(found, field.name), getattr(wanted, field.name)
        if field.name == "array":
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        elif field.name != "note":
            assert one == other, field.name


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"slope": 0.5},
        {"modality": "MR", "intercept": 0.0},
        {"modality": "PT", "intercept": 0.0, "edit": _slopes},
        {"edit": _syntax(ImplicitVRLittleEndian)},
        {"edit": _syntax(ExplicitVRLittleEndian)},
        {"edit": _high_bits},
        {"edit": _each(ImagesInAcquisition="9", AcquisitionNumber="1")},  # which is warned of
    ],
)
def test_the_volume_is_that_of_the_first_reading_whatever_the_files_are_called(
    tmp_path: Path, knobs: dict[str, object]
) -> None:
    paths, _ = save_series(tmp_path, np.random.default_rng(0).integers(0, 900, (6, 8, 9)), **knobs)
    wanted = read_dicom_series(paths)
    assert wanted.note
    assert_same(read_again(paths, wanted.note), wanted)
    renamed = [path.rename(tmp_path / f"{len(paths) - k}.dcm") for k, path in enumerate(paths)]
    assert_same(read_again(sorted(renamed), wanted.note), wanted)


def test_the_note_holds_no_uid_and_no_name_of_a_file(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path)
    note = read_dicom_series(paths).note
    assert str(series[0].FrameOfReferenceUID) not in note
    assert "1.2.840" not in note
    assert not any(path.name in note for path in paths)


def _compressed(series: list[Dataset]) -> None:
    for ds in series:
        ds.compress(RLELossless)


@pytest.mark.parametrize(
    "edit",
    [
        _each(PixelPaddingValue=-1000),
        _each(PhotometricInterpretation="MONOCHROME1", Modality="MR"),
        _compressed,
    ],
)
def test_what_is_read_in_another_way_has_no_note(tmp_path: Path, edit: Callable[[list[Dataset]], None]) -> None:
    stored = np.full((4, 16, 16), -1000)
    stored[1:3, 4:12, 4:12] = 40
    paths, _ = save_series(tmp_path, stored, intercept=0.0, edit=edit)
    assert read_dicom_series(paths).note == ""


def test_files_that_changed_are_not_those_of_the_note(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    note = read_dicom_series(paths).note
    assert read_again(paths[:-1], note) is None
    assert read_again([*paths[:-1], paths[0]], note) is None
    assert read_again(paths, json.dumps({**json.loads(note), "version": "0"})) is None
    data = paths[3].read_bytes()
    paths[3].write_bytes(data[:-1])
    assert read_again(paths, note) is None
    paths[3].write_bytes(data.replace(b"SYNTH", b"SYNTI"))  # a byte of the header
    assert read_again(paths, note) is None
    paths[3].unlink()
    assert read_again(paths, note) is None


def test_memory_is_claimed_before_pixels_are_read(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    note = read_dicom_series(paths).note
    limited = copy_context()
    limited.run(limit_memory, 1000)
    with pytest.raises(TooLarge):
        limited.run(read_again, paths, note, per_voxel=16)
