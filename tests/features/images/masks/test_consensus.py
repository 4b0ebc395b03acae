"""Consensus of readers: votes counted, STAPLE against ITK's and against planted readers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from features.core.quarantine import Rejected
from features.images.masks.consensus import find_consensus, majority, staple

TRUTH = np.zeros((20, 40, 40), np.bool_)
TRUTH[5:15, 10:30, 10:30] = True
SENSITIVITY, SPECIFICITY = (0.95, 0.9, 0.7, 0.85, 0.8), (0.99, 0.95, 0.9, 0.97, 0.93)


def readers(truth: np.ndarray = TRUTH, count: int = 5, seed: int = 0) -> list[np.ndarray]:
    """Masks of readers who err at random, each with a sensitivity and a specificity of his own."""
    rng = np.random.default_rng(seed)
    pairs = list(zip(SENSITIVITY, SPECIFICITY, strict=True))[:count]
    return [np.where(truth, rng.random(truth.shape) < a, rng.random(truth.shape) >= b) for a, b in pairs]


def boxes(*starts: int) -> list[np.ndarray]:
    """Cubes of 6 voxels that begin at different places along x."""
    found = []
    for start in starts:
        mask = np.zeros((12, 12, 30), np.bool_)
        mask[3:9, 3:9, start : start + 6] = True
        found.append(mask)
    return found


@settings(deadline=None)
@given(st.lists(hnp.arrays(np.bool_, (2, 3, 3)), min_size=2, max_size=5))
def test_a_majority_is_more_than_half(masks: list[np.ndarray]) -> None:
    assert np.array_equal(majority(masks), np.sum(masks, axis=0) > len(masks) / 2)


def test_one_reader_is_no_consensus_and_an_empty_mask_is_a_vote() -> None:
    with pytest.raises(Rejected) as raised:
        find_consensus(boxes(3), "majority")
    assert (raised.value.code, raised.value.details) == ("READERS_FEW", {"readers": 1, "needed": 2})
    one, none = boxes(3)[0], np.zeros((12, 12, 30), np.bool_)
    assert not find_consensus([one, none], "majority").any()
    assert np.array_equal(find_consensus([one, one, none], "majority"), one)
    assert not find_consensus([none, none], "staple").any()


@pytest.mark.parametrize("masks", [readers(count=3), readers(count=4), boxes(5, 8), boxes(5, 6, 9)])
def test_staple_is_that_of_itk_in_the_box_of_the_masks(masks: list[np.ndarray]) -> None:
    import SimpleITK as sitk

    union = np.any(masks, axis=0)
    box = tuple(slice(axis.min(), axis.max() + 1) for axis in np.nonzero(union))
    judge = sitk.STAPLEImageFilter()
    judge.SetForegroundValue(1)
    judge.SetNumberOfThreads(1)
    images = [sitk.GetImageFromArray(np.pad(mask[box], 1).astype(np.uint8)) for mask in masks]
    probability = sitk.GetArrayFromImage(judge.Execute(images))[1:-1, 1:-1, 1:-1]
    found, judged = staple(masks)
    assert np.array_equal(found[box], probability >= 0.5)
    assert not (found & ~union).any()
    assert [one.sensitivity for one in judged] == pytest.approx(judge.GetSensitivity(), abs=1e-6)
    assert [one.specificity for one in judged] == pytest.approx(judge.GetSpecificity(), abs=1e-6)


def test_staple_finds_planted_readers_and_the_truth() -> None:
    found, judged = staple(readers())
    assert [one.sensitivity for one in judged] == pytest.approx(SENSITIVITY, abs=0.02)
    assert [one.specificity for one in judged] == pytest.approx(
        SPECIFICITY, abs=0.03
    )  # the prior is what readers drew, not the truth
    assert (found != TRUTH).sum() < 0.9 * (majority(readers()) != TRUTH).sum(), "it knows the good readers"
    assert 2 * (found & TRUTH).sum() / (found.sum() + TRUTH.sum()) > 0.98


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 30), st.permutations(range(3)))
def test_neither_the_size_of_the_image_nor_the_order_of_readers_decides(pad: int, order: list[int]) -> None:
    masks = boxes(4, 6, 9)
    found, judged = staple(masks)
    wide, again = staple([np.pad(masks[i], pad) for i in order])
    assert np.array_equal(wide[tuple(slice(pad, pad + edge) for edge in found.shape)], found)
    assert [one.sensitivity for one in again] == pytest.approx([judged[i].sensitivity for i in order], abs=1e-9)


def test_readers_who_agree_are_right_even_where_nothing_else_is_in_the_image() -> None:
    whole = np.ones((4, 5, 6), np.bool_)
    found, judged = staple([whole, whole])
    assert found.all()
    assert [one.sensitivity for one in judged] == pytest.approx([1, 1])
    assert [one.specificity for one in judged] == pytest.approx([1, 1])
    plane = np.zeros((1, 12, 12), np.bool_)
    plane[0, 3:8, 4:9] = True
    assert np.array_equal(staple([plane, plane])[0], plane)
