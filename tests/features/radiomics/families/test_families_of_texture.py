"""Textures: pyradiomics' values whatever the settings, and the laws of counts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.quarantine import Rejected
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.family import FAMILIES
from tests.features.radiomics.judge import distances

TEXTURES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")


@st.composite
def settings_of_textures(draw: st.DrawFn) -> Settings:
    by_width = draw(st.booleans())
    return Settings(
        bin_width=25.0 if by_width else None,
        bin_count=None if by_width else draw(st.integers(2, 9)),
        distances=draw(st.sampled_from([(1,), (2,), (1, 2), (1, 3)])),
        symmetrical=draw(st.booleans()),
        weighting=draw(st.sampled_from([None, None, "manhattan", "euclidean", "infinity", "no_weighting"])),
        dependence=draw(st.integers(0, 2)),
        flat=draw(st.booleans()),
        flat_axis=draw(st.sampled_from([0, 1, 2])),
    )


@st.composite
def rois(draw: st.DrawFn, options: st.SearchStrategy[Settings] = settings_of_textures()) -> Roi:  # noqa: B008
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))  # plain arrays of hypothesis are flat too often
    image = rng.integers(-60, 90, shape).astype(float)
    mask = rng.random(shape) < draw(st.sampled_from([0.4, 0.8, 1.0]))
    assume(mask.sum() > 1)
    box = bounding_box(mask)
    return Roi(np.ascontiguousarray(image[box]), np.ascontiguousarray(mask[box]), (1.0, 2.0, 0.7), draw(options))


def noise(*shape: int, seed: int = 0, sd: float = 40.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, sd, shape)


def whole(image: NDArray[np.float64], **options: object) -> Roi:
    return Roi(np.ascontiguousarray(image), np.ones(image.shape, bool), (1.0, 1.0, 1.0), Settings(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("family", TEXTURES)
@given(roi=rois())
@settings(max_examples=60, deadline=None)
@example(roi=whole(noise(6, 5, 4)))
def test_the_values_are_pyradiomics_values(family: str, roi: Roi) -> None:
    if not roi.lattice.chosen or (family == "glrlm" and not len(roi.lattice.lined)):
        assume(False)  # pyradiomics raises, or gives what is 0 / 0
    if family == "glcm":  # where a direction knows one level, rounding decides what pyradiomics makes of 0 / 0
        assume(roi.texture.pairs.any() and not any(map(_is_independent, np.moveaxis(roi.texture.pairs, 2, 0))))
        assume(
            all(
                one.any(axis=0).sum() != 1 and one.any(axis=1).sum() != 1
                for one in np.moveaxis(roi.texture.pairs, 2, 0)
            )
        )
    found = distances(roi, family)
    # Where an eigenvalue is 0 but for rounding, pyradiomics leaves directions out of the mean at random; small numbers
    # that it adds against division by zero show where counts are weighted down to nearly nothing.
    found.pop("MCC", None)
    assert {name: value for name, value in found.items() if value > 1e-9} == {}


@given(roi=rois(st.builds(Settings, bin_width=st.none(), bin_count=st.integers(3, 6))))
@settings(max_examples=60, deadline=None)
def test_correlation_coefficients_are_pyradiomics_values_unless_they_are_zero(roi: Roi) -> None:
    pairs = np.moveaxis(roi.texture.pairs, 2, 0)
    counted = [one + one.T for one in pairs if one.any()]
    squares = [np.linalg.eigvals(_q(one / one.sum())) for one in counted]
    assume(counted and len(roi.levels.present) > 1 and all(np.sort(np.abs(one))[-2] > 1e-9 for one in squares))
    assert distances(roi, "glcm")["MCC"] < 1e-7


def _is_independent(pairs: NDArray[np.int32]) -> bool:
    """Whether pairs are as those of independent voxels, in the order that they are counted in or in both."""
    both = [one / one.sum() for one in (pairs, pairs + pairs.T) if one.any()]
    return any(np.allclose(p, np.outer(p.sum(axis=1), p.sum(axis=0)), rtol=0, atol=1e-12) for p in both)


def _q(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """As its definition reads; levels that do not occur give rows of zeros."""
    px = np.where(p.sum(axis=1) > 0, p.sum(axis=1), np.inf)
    return np.asarray((p / px[:, None]) @ (p / px[None, :]).T)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["firstorder", *TEXTURES])
def test_public_images_have_pyradiomics_values(family: str, public_data: Path) -> None:
    import SimpleITK as sitk

    pairs = [
        (public_data / "pyradiomics" / f"{n}_image.nrrd", f"{n}_label.nrrd") for n in ("brain1", "brain2", "breast1")
    ]
    pairs += [
        (path, path.name.replace("image", "mask")) for path in sorted((public_data / "sts").glob("*/*_image.nii.gz"))
    ]
    assert len(pairs) == 33
    worst = 0.0
    for path, mask_name in pairs:
        image, mask = sitk.ReadImage(str(path)), sitk.GetArrayFromImage(sitk.ReadImage(str(path.with_name(mask_name))))
        box = bounding_box(mask == 1)
        array = np.ascontiguousarray(sitk.GetArrayFromImage(image)[box], np.float64)
        roi = Roi(
            array, np.ascontiguousarray(mask[box] == 1), image.GetSpacing(), Settings(bin_width=None, bin_count=32)
        )
        worst = max(worst, *distances(roi, family).values())
    assert worst < 1e-9


@given(rois())
@settings(max_examples=60, deadline=None)
def test_counts_add_up(roi: Roi) -> None:
    texture, voxels = roi.texture, int(roi.mask.sum())
    runs = texture.runs(roi.lattice.lined)
    assert ((runs * np.arange(1, runs.shape[2] + 1)).sum(axis=(1, 2)) == voxels).all()
    assert texture.zones().size.sum() == voxels
    assert texture.dependents.sum() == voxels
    assert (texture.dependents.sum(axis=1) == roi.levels.counts).all()


@pytest.mark.parametrize("family", TEXTURES)
def test_a_turned_image_has_the_same_textures(family: str) -> None:
    image = noise(5, 6, 7)
    found = [
        FAMILIES.parse(family).by_pyradiomics(whole(np.transpose(image, axes)))
        for axes in ((0, 1, 2), (2, 0, 1), (1, 2, 0))
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[2] == pytest.approx(found[0], rel=1e-9)


@pytest.mark.parametrize("family", TEXTURES)
def test_a_shift_by_whole_bins_changes_nothing_that_a_number_of_bins_sees(family: str) -> None:
    image = np.round(noise(5, 6, 7))
    family_of = FAMILIES.parse(family)
    found = [family_of.by_pyradiomics(whole(image + shift, bin_width=None, bin_count=8)) for shift in (0, 50)]
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def test_one_grey_level_leaves_undefined_what_is_undefined() -> None:
    found = FAMILIES.parse("glcm").by_pyradiomics(whole(np.full((3, 3, 3), 7.0)))
    assert {name for name, value in found.items() if math.isnan(value)} == {"Correlation", "Imc1", "Imc2", "MCC"}
    assert FAMILIES.parse("ngtdm").by_pyradiomics(whole(np.full((3, 3, 3), 7.0)))["Coarseness"] == 1e6


def test_too_many_levels_are_rejected() -> None:
    with pytest.raises(Rejected) as raised:
        _ = whole(np.linspace(0, 1e6, 27).reshape(3, 3, 3), bin_width=1.0).levels
    assert raised.value.code == "TOO_MANY_BINS"


def test_many_levels_with_holes_between_them_are_counted_by_rank() -> None:
    image = np.array([0.0, 30000.0, 12.0, 30000.0, 0.0, 12.0, 0.0, 0.0]).reshape(2, 2, 2)
    roi = whole(image, bin_width=1.0)
    assert roi.levels.present.tolist() == [1, 13, 30001]
    assert max(distances(roi, family)[name] for family in ("glszm", "gldm") for name in distances(roi, family)) < 1e-9
