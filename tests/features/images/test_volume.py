"""Files of every kind are read as SimpleITK reads them; damaged ones are refused with a reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from features.core.quarantine import Rejected
from features.images.volume import read_volume

KINDS = ["image.nrrd", "image.mha", "image.nii", "image.nii.gz", "image.mhd", "image.nhdr"]


def written(path: Path, array: np.ndarray | None = None, *, compressed: bool = True, vector: bool = False) -> Path:
    array = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) if array is None else array
    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing((0.75, 1.5, 2.5))
        image.SetOrigin((-10, 20, 30.5))
        image.SetDirection((0, -1, 0, 1, 0, 0, 0, 0, 1))
    sitk.WriteImage(image, str(path), compressed)
    return path


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


@pytest.mark.parametrize(("shape", "axes"), [((4, 5), 2), ((2, 3, 4, 5), 4)])
def test_only_three_dimensions_are_read(tmp_path: Path, shape: tuple[int, ...], axes: int) -> None:
    found = code_of(written(tmp_path / "image.nrrd", np.zeros(shape, np.float32)))
    assert (found.code, found.details["axes"]) == ("NII_4D", axes)


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


def test_a_folder_with_one_series_is_an_image(tmp_path: Path, save_series: Callable) -> None:
    save_series(tmp_path)
    (tmp_path / "notes.txt").write_text("beside it")
    assert read_volume(tmp_path).array.shape == (8, 16, 16)
    for path in save_series(tmp_path / "other")[0]:
        path.rename(tmp_path / f"other-{path.name}")
    assert code_of(tmp_path).code == "SERIES_AMBIGUOUS"
