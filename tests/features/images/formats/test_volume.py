"""Files of every kind are read as SimpleITK reads them; damaged ones are refused with a reason."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from features.core.quarantine import Rejected
from features.images.formats.detached import read_header
from features.images.formats.volume import file_voxels, read_volume
from tests.support.scans import save_itk, save_series

KINDS = ["image.nrrd", "image.mha", "image.nii", "image.nii.gz", "image.mhd", "image.nhdr"]


def written(path: Path, array: np.ndarray | None = None, *, compressed: bool = True, vector: bool = False) -> Path:
    array = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) if array is None else array
    place = {"spacing": (0.75, 1.5, 2.5), "origin": (-10, 20, 30.5), "direction": (0, -1, 0, 1, 0, 0, 0, 0, 1)}
    solid = array.ndim - vector == 3
    return save_itk(path, array, compressed=compressed, vector=vector, **(place if solid else {}))


def code_of(path: Path, **options: int) -> Rejected:
    with pytest.raises(Rejected) as found:
        read_volume(path, **options)
    return found.value


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_read_as_by_simpleitk(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    found, reference = read_volume(path), sitk.ReadImage(str(path))
    np.testing.assert_array_equal(found.array, sitk.GetArrayFromImage(reference))
    assert found.array.dtype == np.int16
    assert found.spacing_mm == pytest.approx(reference.GetSpacing())
    assert found.origin_mm == pytest.approx(reference.GetOrigin())
    assert found.direction == pytest.approx(reference.GetDirection())


def test_a_channel_of_a_segmentation_is_read(tmp_path: Path) -> None:
    array = np.zeros((3, 4, 5, 2), np.uint8)
    array[..., 1] = 7
    path = written(tmp_path / "mask.nrrd", array, vector=True)
    assert read_volume(path, channel=1).array.shape == (3, 4, 5)
    assert (read_volume(path, channel=1).array == 7).all()
    assert "no channel 2" in code_of(path, channel=2).message


@pytest.mark.parametrize("name", ["image.nrrd", "image.mha"])
@pytest.mark.parametrize("compressed", [True, False], ids=["compressed", "plain"])
def test_a_truncated_file_is_refused(
    tmp_path: Path, name: str, compressed: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / name, compressed=compressed)
    whole = path.read_bytes()
    for length in (len(whole) - 10, 150):
        path.write_bytes(whole[:length])
        assert code_of(path).code == "NII_TRUNC"
    assert str(tmp_path) not in capfd.readouterr().err


def test_four_dimensions_are_not_read_unless_one_is_chosen(tmp_path: Path) -> None:
    found = code_of(written(tmp_path / "image.nrrd", np.zeros((2, 3, 4, 5), np.float32)))
    assert (found.code, found.details["axes"]) == ("NII_4D", 4)


@pytest.mark.parametrize("name", ["image.nrrd", "image.mha", "image.mhd"])
def test_two_dimensions_are_one_slice(tmp_path: Path, name: str) -> None:
    image = sitk.GetImageFromArray(np.arange(20, dtype=np.int16).reshape(4, 5))
    image.SetSpacing((0.5, 0.75))
    image.SetOrigin((3, -4))
    image.SetDirection((0, -1, 1, 0))
    sitk.WriteImage(image, str(tmp_path / name))
    found = read_volume(tmp_path / name)
    np.testing.assert_array_equal(found.array, np.arange(20).reshape(1, 4, 5))
    assert (found.spacing_mm, found.origin_mm, found.plane) == ((0.5, 0.75, 1.0), (3, -4, 0), "bare")
    assert found.direction == (0, -1, 0, 1, 0, 0, 0, 0, 1)
    assert file_voxels(tmp_path / name) == 20
    colours = written(tmp_path / name, np.zeros((4, 5, 3), np.uint8), vector=True)
    assert code_of(colours).code == "NII_4D"
    assert read_volume(colours, channel=2).array.shape == (1, 4, 5)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("image.mha", b"AnatomicalOrientation = ALI\n", b""),
        ("image.mha", b"AnatomicalOrientation = ALI", b"AnatomicalOrientation = ???"),
        ("image.nrrd", b"space: left-posterior-superior\n", b"space dimension: 3\n"),
        ("image.nrrd", b"space: left-posterior-superior", b"space: scanner-xyz"),
        ("image.nrrd", b"space: left-posterior-superior", b"space: 3D-right-handed"),
    ],
)
def test_a_file_that_does_not_tell_how_the_patient_lay_is_read_with_a_warning(
    tmp_path: Path, name: str, old: bytes, new: bytes
) -> None:
    path = written(tmp_path / name, compressed=False)
    assert read_volume(path).warnings == ()
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
    found, reference = read_volume(path), sitk.ReadImage(str(path))
    assert [warned.code for warned in found.warnings] == ["ORIENTATION_UNKNOWN"]
    assert found.direction == pytest.approx(reference.GetDirection())


@pytest.mark.parametrize("spacing", ["0", "21", "nan"])
def test_a_spacing_that_cannot_be_is_refused(tmp_path: Path, spacing: str) -> None:
    path = written(tmp_path / "image.mha", compressed=False)
    path.write_bytes(path.read_bytes().replace(b"0.75 1.5 2.5", f"{spacing} 1.5 2.5".encode()))
    assert code_of(path).code == "NII_SPACING"


def test_axes_that_are_not_orthogonal_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "image.nrrd", compressed=False)
    path.write_bytes(path.read_bytes().replace(b"(-1.5,0,0)", b"(-1.5,0.5,0)"))
    assert code_of(path).code == "NII_SHEAR"


def test_a_file_of_another_kind_says_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(b"x")
    assert ".nrrd" in code_of(path).message
    assert code_of(tmp_path / "none.nrrd").code == "UNREADABLE"


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert code_of(tmp_path).code == "IMAGE_MISSING"


def test_a_folder_with_one_series_is_an_image(tmp_path: Path) -> None:
    save_series(tmp_path)
    (tmp_path / "notes.txt").write_text("beside it")
    assert read_volume(tmp_path).array.shape == (8, 16, 16)
    for path in save_series(tmp_path / "other")[0]:
        path.rename(tmp_path / f"other-{path.name}")
    assert code_of(tmp_path).code == "SERIES_AMBIGUOUS"


def test_one_volume_of_four_dimensions_is_chosen(tmp_path: Path) -> None:
    array = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)
    image = sitk.JoinSeries([sitk.GetImageFromArray(part) for part in array])
    for name in ("image.nrrd", "image.mha"):
        sitk.WriteImage(image, str(tmp_path / name))
        np.testing.assert_array_equal(read_volume(tmp_path / name, volume=1).array, array[1])
        assert code_of(tmp_path / name).code == "NII_4D"
        assert code_of(tmp_path / name, volume=2).code == "NII_4D"
        assert file_voxels(tmp_path / name) == 60
    several = written(tmp_path / "several.nrrd", np.moveaxis(array, 0, -1), vector=True)
    np.testing.assert_array_equal(read_volume(several, volume=1).array, array[1])
    assert code_of(several).code == "NII_4D"
    assert code_of(written(tmp_path / "plain.nrrd"), volume=1).code == "NII_4D"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("image.nhdr", b"data file: image.raw", b"data file: ../image.raw"),
        ("image.nhdr", b"data file: image.raw", b"Datafile: /tmp/image.raw"),
        ("image.nhdr", b"data file: image.raw", b"data file: LIST\n../image.raw"),
        ("image.nhdr", b"data file: image.raw", b"data file: ../image%03d.raw 1 4 1 2"),
        ("image.mhd", b"ElementDataFile = image.raw", b"ElementDataFile = ../image.raw"),
        ("image.mhd", b"ElementDataFile = image.raw", b"ElementDataFile = LIST\n../image.raw"),
        ("image.mhd", b"ElementDataFile = image.raw", b"ElementDataFile = link.raw"),
    ],
)
def test_data_outside_the_folder_of_the_header_are_never_read(
    tmp_path: Path, name: str, old: bytes, new: bytes
) -> None:
    path = written(tmp_path / "inside" / name, compressed=False)
    (tmp_path / "image.raw").write_bytes((tmp_path / "inside" / "image.raw").read_bytes())
    (tmp_path / "inside" / "link.raw").symlink_to(tmp_path / "image.raw")
    assert read_header(path).data_files == (tmp_path / "inside" / "image.raw",)
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new))
    assert code_of(path).code == "NRRD_PATH"


def test_numbered_and_listed_data_files_are_found(tmp_path: Path) -> None:
    for fields in ("data file: s%02d.raw 1 3 1 2\n", "data file: LIST 2\ns01.raw\ns02.raw\ns03.raw"):
        (tmp_path / "a.nhdr").write_text("NRRD0004\ntype: short\n" + fields)
        assert [file.name for file in read_header(tmp_path / "a.nhdr").data_files] == ["s01.raw", "s02.raw", "s03.raw"]
    path = written(tmp_path / "image.mhd", compressed=False)
    (tmp_path / "image.raw").unlink()
    assert code_of(path).code == "UNREADABLE"


@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior", "left-anterior-superior"])
def test_every_space_becomes_that_of_dicom(tmp_path: Path, space: str) -> None:
    path = written(tmp_path / "image.nrrd", compressed=False)
    wanted = read_volume(path)
    path.write_bytes(path.read_bytes().replace(b"left-posterior-superior", space.encode()))
    found = read_volume(path)
    signs = [-1 if space.split("-")[k] != side else 1 for k, side in enumerate(("left", "posterior", "superior"))]
    np.testing.assert_allclose(found.origin_mm, np.array(wanted.origin_mm) * signs)
    axes = np.array(wanted.direction).reshape(3, 3) * np.array(signs)[:, None]
    np.testing.assert_allclose(np.array(found.direction).reshape(3, 3), axes)


def test_metres_become_millimetres(tmp_path: Path) -> None:
    path = written(tmp_path / "image.nrrd", compressed=False)
    text = path.read_bytes().replace(b"\nspace origin", b'\nspace units: "cm" "cm" "cm"\nspace origin')
    path.write_bytes(text.replace(b"0.75", b"0.075").replace(b"2.5)", b"0.25)").replace(b"-1.5", b"-0.15"))
    found = read_volume(path)
    assert found.spacing_mm == pytest.approx((0.75, 1.5, 2.5))
    assert found.origin_mm == pytest.approx((-100, 200, 305))
    assert [warned.code for warned in found.warnings] == ["NII_UNITS"]


def test_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    path = written(tmp_path / "image.nrrd", np.zeros((4, 5, 6), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"sizes: 6 5 4", b"sizes: 6000 5000 4000"))
    assert code_of(path).code == "SEC_BOMB"
