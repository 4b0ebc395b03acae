"""Registration finds planted moves within a voxel, gives equal bits twice, and says when it found nothing."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.registration_phantom import (
    HEAD_ROI,
    TRUNK_ROI,
    Grid,
    Move,
    picture_of,
    planted_move,
    roi_points,
)
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.core.registration import Registration
from features.images.registration.register import register
from features.images.registration.registered import Registered
from features.images.registration.transform import Transform

pytestmark = pytest.mark.slow

RIGID, AFFINE = Registration(to="t1c"), Registration(to="template", kind="affine")
HEAD = Grid((44, 52, 44), (4.0, 4.0, 4.0))
FLAIR = Grid((32, 48, 44), (4.2, 4.2, 5.5))
TRUNK = Grid((50, 33, 47), (8.0, 8.0, 8.0))


class Pair(NamedTuple):
    """Two images of one body, and where its points are in the moving one."""

    moving: Volume
    fixed: Volume
    move: Move


def pair(
    body: str, looks: tuple[str, str], grids: tuple[Grid, Grid], *, scale: float = 0.0, degrees: float = 5.0
) -> Pair:
    rng = np.random.default_rng(len(looks[1]))
    move = planted_move(rng, shift_mm=8.0, degrees=degrees, scale=scale)
    fixed = picture_of(body, looks[0], grids[0], rng, noise=0.03)
    moving = picture_of(body, looks[1], grids[1], rng, move=move, noise=0.05, bias=0.0 if body == "trunk" else 0.2)
    return Pair(moving, fixed, move)


@pytest.fixture(scope="module")
def head() -> Pair:
    return pair("head", ("t1c", "flair"), (HEAD, FLAIR))


@pytest.fixture(scope="module")
def found(head: Pair) -> Registered:
    return register(head.moving, head.fixed, RIGID)


def error_mm(found: Registered, move: Move, roi: tuple[tuple[float, float, float], float]) -> float:
    """The largest target registration error at the points of a ROI."""
    points = roi_points(roi)
    return float(np.linalg.norm(found.transform(move(points)) - points, axis=1).max())


def rejection(moving: Volume, fixed: Volume, settings: Registration = RIGID) -> Rejected:
    with pytest.raises(Rejected) as caught:
        register(moving, fixed, settings)
    assert caught.value.code == "REGISTRATION_FAILED"
    return caught.value


def test_a_planted_move_between_contrasts_is_found_within_a_voxel(head: Pair, found: Registered) -> None:
    assert np.linalg.norm(head.move(roi_points(HEAD_ROI)) - roi_points(HEAD_ROI), axis=1).max() > 5
    assert error_mm(found, head.move, HEAD_ROI) < 1.5
    assert found.rotation_deg == pytest.approx(5.0, abs=1.0)
    assert found.metric > found.metric_before + 0.2
    assert found.converged and found.agreement_mm < 3 and found.scales == (1.0, 1.0, 1.0)
    assert found.warnings(RIGID) == ()
    assert found.shift_at(HEAD_ROI[0]) == pytest.approx(np.linalg.norm(head.move(HEAD_ROI[0]) - HEAD_ROI[0]), abs=1.0)


def test_equal_images_give_equal_bits(head: Pair, found: Registered) -> None:
    assert register(head.moving, head.fixed, RIGID) == found


def test_what_was_found_is_kept_and_read_again_without_loss(found: Registered) -> None:
    assert Registered.from_values(found.values()) == found


@pytest.mark.parametrize("looks", [("ct", "pet"), ("ct_contrast", "ct")])
def test_a_trunk_in_pet_or_ct_is_found_within_a_voxel(looks: tuple[str, str]) -> None:
    one = pair("trunk", looks, (TRUNK, TRUNK))
    assert error_mm(register(one.moving, one.fixed, RIGID), one.move, TRUNK_ROI) < 4.0


def test_a_head_is_brought_to_a_template_with_its_scales() -> None:
    one = pair("head", ("t1", "t1"), (HEAD, HEAD), scale=0.08)
    found = register(one.moving, one.fixed, AFFINE)
    assert error_mm(found, one.move, HEAD_ROI) < 3.0
    planted = np.linalg.svd(np.linalg.inv(one.move.matrix), compute_uv=False)
    np.testing.assert_allclose(found.scales, planted, atol=0.02)


def test_a_slab_is_found_in_a_whole_head_and_the_other_way_round() -> None:
    slab = Grid((14, 48, 44), (4.2, 4.2, 5.5), (4.0, 0.0, 20.0))
    one = pair("head", ("t1c", "t2"), (HEAD, slab))
    found = register(one.moving, one.fixed, RIGID)
    assert error_mm(found, one.move, HEAD_ROI) < 3.0
    back = register(one.fixed, one.moving, RIGID)
    middle = np.array(HEAD_ROI[0])
    assert np.linalg.norm(back.transform(found.transform.inverse()(middle)) - one.move(one.move(middle))) < 3.0


def test_a_shift_beyond_the_declared_one_is_warned_of_and_that_to_a_template_is_not(head: Pair) -> None:
    apart = replace(head.moving, origin_mm=(400.0, 100.0, -300.0))
    found = register(apart, head.fixed, RIGID)
    (warned,) = found.warnings(RIGID)
    assert (warned.code, warned.message) == ("REGISTRATION_SHIFT", "registration moved the image by more than 10 mm")
    assert warned.details["shift_mm"] > 300
    assert found.warnings(Registration(to="t1c", warn_shift_mm=1000)) == ()
    assert found.warnings(Registration(to="template")) == ()
    assert len(found.warnings(Registration(to="template", warn_shift_mm=30))) == 1


def test_a_move_that_hardly_makes_images_fit_better_is_doubted(found: Registered) -> None:
    hardly = replace(found, metric_before=found.metric / (1 + 0.019 * found.shift_mm))
    (warned,) = hardly.warnings(RIGID)
    assert warned.code == "REGISTRATION_DOUBT" and warned.details["gain"] == pytest.approx(
        0.019 * found.shift_mm, abs=1e-4
    )
    assert replace(hardly, shift_mm=3.9).warnings(RIGID) == ()
    assert hardly.warnings(AFFINE) == (), "where a template lies tells nothing"


def test_padding_and_voxels_that_are_no_number_do_not_disturb(head: Pair) -> None:
    array = head.moving.array.copy()
    padding = np.zeros(array.shape, bool)
    padding[:, :4] = True
    array[padding], array[5, 30, 30], array[9, 20, 20] = -9000, np.nan, np.inf
    damaged = replace(head.moving, array=array, padding=padding)
    assert error_mm(register(damaged, head.fixed, RIGID), head.move, HEAD_ROI) < 1.5


@pytest.mark.parametrize("sigma", [0.0, 2.0, 5.0])
def test_noise_is_no_image(head: Pair, sigma: float) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=head.moving.array.shape), sigma)
    rejection(replace(head.moving, array=noise.astype(np.float32)), head.fixed)


def test_an_empty_image_has_no_contrast(head: Pair) -> None:
    empty = replace(head.moving, array=np.zeros_like(head.moving.array))
    assert rejection(empty, head.fixed).message == "an image has no contrast"
    assert (
        rejection(head.moving, replace(empty, array=np.full((30, 30, 30), np.nan))).message
        == "an image has no contrast"
    )


def test_a_single_slice_is_not_registered(head: Pair) -> None:
    plane = replace(head.moving, array=head.moving.array[20:21])
    assert rejection(plane, head.fixed).details == {"least": 1}


def test_another_part_of_the_body_is_not_taken_for_this_one(head: Pair) -> None:
    trunk = picture_of("trunk", "ct", TRUNK, np.random.default_rng(1))
    rejection(head.moving, trunk)
    upper = picture_of("trunk", "pet", Grid((22, 33, 47), (8.0, 8.0, 8.0), (0.0, 0.0, 110.0)), np.random.default_rng(1))
    lower = picture_of("trunk", "ct", Grid((22, 33, 47), (8.0, 8.0, 8.0), (0.0, 0.0, -110.0)), np.random.default_rng(2))
    rejection(upper, lower)


def test_numbers_of_a_transform() -> None:
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    one = Transform.of(turn @ np.diag([1.2, 1.0, 0.8]), (1.0, 2.0, 3.0))
    assert one.rotation_deg == pytest.approx(90.0)
    assert one.scales == pytest.approx((1.2, 1.0, 0.8))
    assert not one.mirrors and Transform.of(-np.eye(3), np.zeros(3)).mirrors
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(one.inverse()(one(points)), points, atol=1e-12)
    assert Transform.from_values(one.values()) == one
