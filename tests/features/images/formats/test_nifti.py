"""read_nifti: geometry as SimpleITK on good files, read to the last byte, and a code for each fault."""

from __future__ import annotations

import contextvars
import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from features.core.memory import TooLarge, limit_memory
from features.core.quarantine import Rejected
from features.images.formats.nifti import nifti_voxels, read_nifti
from tests.support.scans import save_nifti

ARRAY = np.random.default_rng(0).integers(-500, 500, (5, 6, 7)).astype(np.int16)


def _rotated() -> np.ndarray:
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([1.5, 0.8, -3.0])
    affine[:3, 3] = 10, -20, 30
    return affine


@pytest.mark.parametrize("affine", [np.diag([1.0, 2, 3, 1]), np.diag([-1.0, -2, 3, 1]), _rotated()])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_good_file_equals_simpleitk(tmp_path: Path, affine: np.ndarray, name: str) -> None:
    path = save_nifti(tmp_path / name, ARRAY, affine)
    volume, wanted = read_nifti(path), sitk.ReadImage(str(path))
    assert volume.spacing_mm == wanted.GetSpacing()  # a turned axis too, though sform rounds it
    np.testing.assert_allclose(volume.origin_mm, wanted.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(volume.direction, wanted.GetDirection(), atol=1e-5)
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(wanted))
    assert volume.array.dtype == np.int16
    assert volume.array.flags.c_contiguous


def test_no_orientation_at_all_equals_simpleitk(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii", ARRAY)
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code, sform_code: nibabel would set them again
    path.write_bytes(data)
    volume, wanted = read_nifti(path), sitk.ReadImage(str(path))
    np.testing.assert_allclose(volume.spacing_mm, wanted.GetSpacing())
    np.testing.assert_allclose(volume.direction, wanted.GetDirection())
    np.testing.assert_allclose(volume.origin_mm, wanted.GetOrigin())
    assert [warned.code for warned in volume.warnings] == ["ORIENTATION_UNKNOWN"]


def test_two_dimensions_are_one_slice(tmp_path: Path) -> None:
    for third in (0.0, 5.0):
        affine = np.array([[-0.8, 0, 0, 10], [0, -1.5, 0, 20], [0, 0, third, 30], [0, 0, 0, 1]])
        flat = save_nifti(tmp_path / "a.nii.gz", ARRAY[..., 0], affine) if third else _without_third(tmp_path, affine)
        volume = read_nifti(flat)
        np.testing.assert_array_equal(volume.array, ARRAY[..., 0].T[None])
        np.testing.assert_allclose(volume.spacing_mm, (0.8, 1.5, 1.0), rtol=1e-6)
        np.testing.assert_allclose(volume.origin_mm, (-10, -20, 30))
        np.testing.assert_allclose(volume.direction, np.eye(3).reshape(-1), atol=1e-6)
        assert (volume.plane, volume.warnings, nifti_voxels(flat)) == ("placed", (), 30)
    with pytest.raises(Rejected, match="NII_4D"):
        read_nifti(flat, volume=1)


def _without_third(folder: Path, affine: np.ndarray) -> Path:
    """A file of two axes whose sform and pixdim say nothing of a third one."""
    header = nib.Nifti1Header()
    header.set_data_shape(ARRAY.shape[:2])
    header.set_data_dtype(np.int16)
    header["pixdim"][1:4] = 0.8, 1.5, 0
    header["srow_x"], header["srow_y"], header["srow_z"] = affine[:3]
    header["sform_code"], header["vox_offset"], header["magic"] = 1, 352, b"n+1"
    (folder / "b.nii").write_bytes(header.binaryblock + bytes(4) + ARRAY[..., 0].tobytes(order="F"))
    return folder / "b.nii"


def _turned(angles: tuple[float, float, float], spacing: tuple[float, float, float], hand: float = 1.0) -> np.ndarray:
    """An axial image in RAS, turned by some degrees."""
    affine = np.eye(4)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    affine[:3, :3] = np.diag([-1, -1, 1]) @ turn @ np.diag([1, 1, hand]) * np.array(spacing)
    affine[:3, 3] = 50, 40, -30
    return affine


TURNS = [
    (0, 0, 0.06),
    (0, 8, -0.05),
    (0.03, 0, 0),
    (0, 0, 0),
    (0, 0, 180),
    (180, 0, 0.01),
    (0, 179.99, 0.02),
    (20, -30, 40),
]


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (4.0, 0.7, 2.0), (0.01, 0.01, 0.02)])
@pytest.mark.parametrize("hand", [1.0, -1.0])
def test_forms_of_one_matrix_agree_however_their_quaternion_is_rounded(
    tmp_path: Path, spacing: tuple[float, float, float], hand: float
) -> None:
    for angles in TURNS:
        affine = _turned(angles, spacing, hand)
        volume = read_nifti(save_nifti(tmp_path / "a.nii", ARRAY, affine))
        axes = np.array(volume.direction).reshape(3, 3) * np.array(volume.spacing_mm)
        np.testing.assert_allclose(np.diag([-1, -1, 1]) @ axes, affine[:3, :3], atol=1e-6 * max(spacing))


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (0.01, 0.01, 0.02)])
@pytest.mark.parametrize(
    "other",
    [
        lambda angles, spacing: _turned((angles[0], angles[1], angles[2] + 0.2), spacing),
        lambda angles, spacing: _turned((-angles[0], -angles[1], -angles[2]), spacing),
        lambda angles, spacing: _turned(angles, spacing, -1.0),
        lambda angles, spacing: _turned(angles, (spacing[0], spacing[1], spacing[2] * 1.01)),
        lambda angles, spacing: _turned(angles, spacing) + np.diag([1.0], 3) * spacing[0],
    ],
    ids=["turned", "turned back", "other hand", "wider", "moved"],
)
def test_forms_that_disagree_are_refused(tmp_path: Path, spacing: tuple[float, float, float], other: Callable) -> None:
    for angles in ((0, 0, 0.12), (10, 20, 30)):
        sform = other(angles, spacing)
        path = save_nifti(
            tmp_path / "a.nii", ARRAY, _turned(angles, spacing), edit=lambda one, sform=sform: one.set_sform(sform, 1)
        )
        with pytest.raises(Rejected, match="NII_SQ"):
            read_nifti(path)


@pytest.mark.parametrize(("shear", "code"), [(1e-5, ""), (0.05, "NII_S")])
def test_a_shear_that_a_quaternion_cannot_hold_is_refused(tmp_path: Path, shear: float, code: str) -> None:
    affine = _turned((0, 0, 0.06), (3, 3, 3)) @ (np.eye(4) + np.diag([shear, 0, 0], 1))
    path = save_nifti(tmp_path / "a.nii", ARRAY, affine, edit=lambda one: one.set_qform(affine, 1, strip_shears=True))
    if not code:
        assert read_nifti(path).warnings == ()
        return
    with pytest.raises(Rejected, match=code):
        read_nifti(path)


def test_scaling_is_applied_once(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii.gz", ARRAY, edit=lambda image: image.header.set_slope_inter(2.0, -1024.0))
    stored = nib.load(path).dataobj.get_unscaled().T
    volume = read_nifti(path)
    np.testing.assert_allclose(volume.array, stored * 2.0 - 1024.0)
    assert volume.array.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, ">i2"])
def test_stored_type_is_kept(tmp_path: Path, dtype: str) -> None:
    volume = read_nifti(save_nifti(tmp_path / "a.nii", np.abs(ARRAY % 100).astype(dtype)))
    assert volume.array.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(volume.array, np.abs(ARRAY % 100).T)


def test_trailing_axis_of_one_is_dropped(tmp_path: Path) -> None:
    assert read_nifti(save_nifti(tmp_path / "a.nii", ARRAY[..., None])).array.shape == (7, 6, 5)


def _shift_sform(image: nib.Nifti1Image) -> None:
    affine = image.affine.copy()
    affine[0, 3] += 50
    image.set_sform(affine, 2)


def _shear(image: nib.Nifti1Image) -> None:
    affine = image.affine.copy()
    affine[0, 1] = 0.2
    image.set_qform(None, 0)
    image.set_sform(affine, 1)


def _widen(image: nib.Nifti1Image) -> None:
    image.set_sform(np.diag([1.0, 2, 25, 1]), 1)
    image.set_qform(np.diag([1.0, 2, 25, 1]), 1)


@pytest.mark.parametrize(
    ("code", "array", "edit"),
    [
        ("NII_SQ", ARRAY, _shift_sform),
        ("NII_SHEAR", ARRAY, _shear),
        ("NII_SPACING", ARRAY, _widen),
        ("NII_4D", np.stack([ARRAY, ARRAY], axis=-1), bool),
        ("NII_4D", ARRAY[0, 0], bool),
    ],
)
def test_faulty_geometry_is_rejected(tmp_path: Path, code: str, array: np.ndarray, edit: Callable) -> None:
    path = save_nifti(tmp_path / "a.nii.gz", array, edit=edit)
    with pytest.raises(Rejected) as caught:
        read_nifti(path)
    assert caught.value.code == code


def test_zero_spacing_is_rejected(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii", ARRAY)
    data = bytearray(path.read_bytes())
    data[80:84] = np.float32(0).tobytes()  # pixdim[1]
    path.write_bytes(data)
    with pytest.raises(Rejected, match="NII_SPACING"):
        read_nifti(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("keep", [-1, -12, 0.7, 100, 0])
def test_short_file_is_rejected(tmp_path: Path, name: str, keep: float) -> None:
    path = save_nifti(tmp_path / name, ARRAY)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)])
    with pytest.raises(Rejected, match="NII_TRUNC"):
        read_nifti(path)


def test_flipped_bit_in_gzip_is_rejected(tmp_path: Path) -> None:
    path = save_nifti(tmp_path / "a.nii.gz", ARRAY)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # the checksum
    path.write_bytes(data)
    with pytest.raises(Rejected, match="NII_TRUNC"):
        read_nifti(path)


def test_other_file_and_no_file_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_text("not an image" * 100)
    with pytest.raises(Rejected, match="NII_TRUNC"):
        read_nifti(tmp_path / "a.nii")
    with pytest.raises(Rejected, match="UNREADABLE"):
        read_nifti(tmp_path / "b.nii")


def test_one_volume_of_four_dimensions_is_chosen(tmp_path: Path) -> None:
    both = np.stack([ARRAY, ARRAY + 1], axis=-1)
    for name in ("a.nii", "a.nii.gz"):
        path = save_nifti(tmp_path / name, both)
        for k in (0, 1):
            np.testing.assert_array_equal(read_nifti(path, volume=k).array, both[..., k].T)
        with pytest.raises(Rejected, match="NII_4D"):
            read_nifti(path, volume=2)
        assert nifti_voxels(path) == ARRAY.size
    with pytest.raises(Rejected, match="NII_4D"):
        read_nifti(save_nifti(tmp_path / "b.nii", ARRAY), volume=1)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1e-3), ("micron", 1e3)])
def test_other_units_become_millimetres(tmp_path: Path, unit: str, factor: float) -> None:
    affine = _rotated()
    affine[:3] *= factor
    wanted = read_nifti(save_nifti(tmp_path / "mm.nii", ARRAY, _rotated()))
    found = read_nifti(save_nifti(tmp_path / "a.nii", ARRAY, affine, edit=lambda one: one.header.set_xyzt_units(unit)))
    assert found.matches(wanted)
    assert [(one.code, one.details) for one in found.warnings] == [("NII_UNITS", {"unit_mm": 1 / factor})]
    assert wanted.warnings == ()


@pytest.mark.parametrize("slope", [0.0, np.nan, np.inf])
def test_slope_that_is_none_is_ignored(tmp_path: Path, slope: float) -> None:
    path = save_nifti(tmp_path / "a.nii", ARRAY)
    data = bytearray(path.read_bytes())
    data[112:116] = np.float32(slope).tobytes()  # scl_slope
    path.write_bytes(data)
    volume = read_nifti(path)
    np.testing.assert_array_equal(volume.array, ARRAY.T)
    assert volume.array.dtype == np.int16


@pytest.mark.parametrize("codes", [(0, 1), (2, 0), (4, 1)])
def test_a_form_without_code_is_ignored(tmp_path: Path, codes: tuple[int, int]) -> None:
    def edit(image: nib.Nifti1Image) -> None:
        other = _rotated()
        other[0, 3] += 50
        image.set_sform(_rotated() if codes[0] else other, 1, update_affine=False)
        image.set_qform(_rotated() if codes[1] else other, 1, update_affine=False)
        image.header["sform_code"], image.header["qform_code"] = codes

    volume = read_nifti(save_nifti(tmp_path / "a.nii", ARRAY, _rotated(), edit=edit))
    np.testing.assert_allclose(volume.origin_mm, [-10, 20, 30], atol=1e-4)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_file_is_opened_once_also_where_memory_is_claimed_first(tmp_path: Path, name: str) -> None:
    path = save_nifti(tmp_path / name, ARRAY)
    opened: list[str] = []

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]) == str(path):
            opened.append(name)

    sys.addaudithook(note)
    np.testing.assert_array_equal(read_nifti(path, per_voxel=16).array, ARRAY.T)
    assert opened == [name]
    limited = contextvars.copy_context()
    limited.run(limit_memory, 16 * ARRAY.size - 1)
    with pytest.raises(TooLarge):
        limited.run(read_nifti, path, per_voxel=16)


def test_nifti_2_is_read(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image(ARRAY, _rotated()), tmp_path / "a.nii.gz")
    volume = read_nifti(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(volume.array, ARRAY.T)
    np.testing.assert_allclose(volume.spacing_mm, [1.5, 0.8, 3.0])


@pytest.mark.parametrize("shape", [(5000, 5000, 1000), (30_000, 30_000, 30_000)])
def test_bomb_is_refused_by_its_header(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    path = save_nifti(tmp_path / "a.nii", ARRAY)
    data = bytearray(path.read_bytes())
    data[42:48] = np.array(shape, "<i2").tobytes()  # dim[1:4]
    path.write_bytes(data)
    with pytest.raises(Rejected, match="NII_TRUNC"):
        read_nifti(path)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(data))
    with pytest.raises(Rejected, match="SEC_BOMB"):
        read_nifti(tmp_path / "a.nii.gz")


def test_bomb_behind_the_voxels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.images.formats.nifti._SLACK", 2**16)
    data = save_nifti(tmp_path / "a.nii", ARRAY).read_bytes()
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(data + bytes(2**15)))
    np.testing.assert_array_equal(read_nifti(path).array, ARRAY.T)
    path.write_bytes(gzip.compress(data + bytes(2**20)))
    with pytest.raises(Rejected, match="SEC_BOMB"):
        read_nifti(path)
