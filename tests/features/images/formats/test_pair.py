"""NIfTI pairs: read as one file is, whichever half is named; never without a partner, an orientation, or with another's voxels."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from features.core.quarantine import Rejected
from features.images.formats.nifti import nifti_voxels, read_nifti
from features.images.formats.volume import file_voxels, read_volume
from tests.support.scans import save_nifti

ARRAY = np.random.default_rng(0).integers(-500, 500, (5, 6, 7)).astype(np.int16)
AFFINE = np.array([[-1.5, 0, 0, 10], [0, 0.8, 0, -20], [0, 0, 3.0, 30], [0, 0, 0, 1]])


def _save(
    folder: Path, array: np.ndarray = ARRAY, *, kind: type = nib.Nifti1Pair, ending: str = "", stem: str = "a"
) -> tuple[Path, Path]:
    """Header and voxels of a pair that nibabel has written."""
    image = kind(array, AFFINE)
    if kind is not nib.AnalyzeImage:
        image.set_qform(AFFINE, 1)
        image.set_sform(AFFINE, 1)
    folder.mkdir(parents=True, exist_ok=True)
    nib.save(image, folder / f"{stem}.img{ending}")
    return folder / f"{stem}.hdr{ending}", folder / f"{stem}.img{ending}"


def _rejected(path: Path) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read_nifti(path)
    return caught.value


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Pair, nib.Nifti2Pair])
def test_either_half_is_the_image(tmp_path: Path, kind: type, ending: str) -> None:
    wanted = read_nifti(save_nifti(tmp_path / "one.nii", ARRAY, AFFINE))
    for path in _save(tmp_path, kind=kind, ending=ending):
        found = read_volume(path)
        assert found.matches(wanted)
        np.testing.assert_array_equal(found.array, wanted.array)
        assert found.array.dtype == np.int16
        assert file_voxels(path) == nifti_voxels(path) == ARRAY.size


def test_one_half_may_be_packed_and_names_may_be_large(tmp_path: Path) -> None:
    header, voxels = _save(tmp_path)
    (tmp_path / "b.HDR").write_bytes(header.read_bytes())
    (tmp_path / "b.IMG.GZ").write_bytes(gzip.compress(voxels.read_bytes()))
    for name in ("b.HDR", "b.IMG.GZ"):
        np.testing.assert_array_equal(read_nifti(tmp_path / name).array, ARRAY.T)


def test_one_volume_and_scaling_of_a_pair(tmp_path: Path) -> None:
    image = nib.Nifti1Pair(np.stack([ARRAY, ARRAY + 1], axis=-1), AFFINE)
    image.header.set_slope_inter(2.0, -1024.0)
    nib.save(image, tmp_path / "a.img")
    wanted = np.asarray(nib.load(tmp_path / "a.img").dataobj)[..., 1].T
    np.testing.assert_allclose(read_nifti(tmp_path / "a.hdr", volume=1).array, wanted)
    assert _rejected(tmp_path / "a.hdr").code == "NII_4D"


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_half_a_pair_is_refused(tmp_path: Path, half: int, ending: str) -> None:
    pair = _save(tmp_path, ending=ending)
    pair[1 - half].unlink()
    found = _rejected(pair[half])
    assert found.code == "UNREADABLE"
    assert ("the .hdr of a pair", "the .img of a pair")[1 - half] in found.message
    with pytest.raises(Rejected, match="UNREADABLE"):
        nifti_voxels(pair[half])


def test_two_partners_are_refused(tmp_path: Path) -> None:
    header, voxels = _save(tmp_path)
    (tmp_path / "a.img.gz").write_bytes(gzip.compress(voxels.read_bytes()))
    assert "twice" in _rejected(header).message


def test_a_name_that_is_too_long_for_a_partner_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"{'a' * 251}.hdr"
    path.touch()
    assert _rejected(path).code == "UNREADABLE"


@pytest.mark.parametrize("change", ["swap", "AnalyzeImage"])
def test_analyze_is_refused_whatever_its_byte_order(tmp_path: Path, change: str) -> None:
    image = nib.AnalyzeImage(ARRAY, AFFINE)
    if change == "swap":
        image = nib.AnalyzeImage(ARRAY, AFFINE, header=nib.AnalyzeHeader(endianness=">"))
    nib.save(image, tmp_path / "a.img")
    assert _rejected(tmp_path / "a.img").code == "NII_ANALYZE"


def test_spm_analyze_is_refused_though_a_matrix_lies_beside_it(tmp_path: Path) -> None:
    nib.save(nib.Spm99AnalyzeImage(ARRAY, AFFINE), tmp_path / "a.img")
    assert _rejected(tmp_path / "a.hdr").code == "NII_ANALYZE"


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("change", [-1, 1, 5000])
def test_voxels_that_do_not_fit_the_header_are_refused(tmp_path: Path, ending: str, change: int) -> None:
    header, voxels = _save(tmp_path)
    data = voxels.read_bytes()
    data = data[:change] if change < 0 else data + bytes(change)
    for path, changed in ((header, header.read_bytes()), (voxels, data)):
        path.with_name(f"b{path.suffix}{ending}").write_bytes(gzip.compress(changed) if ending else changed)
    found = _rejected(tmp_path / f"b.hdr{ending}")
    assert found.code == "NII_TRUNC"
    assert found.details["expected_bytes"] == ARRAY.nbytes
    assert found.details["bytes"] == ARRAY.nbytes + change


@pytest.mark.parametrize("keep", [0, 100, 347])
def test_a_short_header_is_refused(tmp_path: Path, keep: int) -> None:
    header, voxels = _save(tmp_path)
    header.write_bytes(header.read_bytes()[:keep])
    assert _rejected(voxels).code == "NII_TRUNC"


def test_damaged_packed_voxels_are_refused(tmp_path: Path) -> None:
    header, voxels = _save(tmp_path, ending=".gz")
    voxels.write_bytes(voxels.read_bytes()[:-4])
    assert _rejected(header).code == "NII_TRUNC"


def test_a_single_file_is_no_pair_and_half_a_pair_no_single_file(tmp_path: Path) -> None:
    single = save_nifti(tmp_path / "one.nii", ARRAY)
    header, voxels = _save(tmp_path)
    (tmp_path / "two.nii").write_bytes(header.read_bytes() + bytes(4) + voxels.read_bytes())
    assert _rejected(tmp_path / "two.nii").code == "NII_TRUNC"
    header.write_bytes(single.read_bytes()[:348])
    assert _rejected(header).code == "NII_TRUNC"


def test_sform_and_qform_of_a_pair_must_agree(tmp_path: Path) -> None:
    image = nib.Nifti1Pair(ARRAY, AFFINE)
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE + np.eye(4, k=3) * 50, 1)
    nib.save(image, tmp_path / "a.img")
    assert _rejected(tmp_path / "a.img").code == "NII_SQ"
