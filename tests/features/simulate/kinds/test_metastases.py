"""The metastases cohort's voxels: one volume and histogram however many there are, vessels that are mimics in one image alone."""

from __future__ import annotations

import numpy as np
import pytest

from features.simulate.kinds.metastases import Metastases
from features.simulate.metastases import Head, scan
from features.simulate.streams import stream

SITE = Metastases.sites[0]


def own(word: str) -> np.random.Generator:
    return stream(4, word)


def head(count: int) -> Head:
    return Head.draw(own("anatomy"), SITE.grid, count, 5.0)


def test_all_metastases_together_have_the_planted_volume_and_one_histogram_however_many_they_are() -> None:
    heads = {count: head(count) for count in (1, 8)}
    intensities = []
    for count, found in heads.items():
        assert found.lesions.max() == count
        assert (found.lesions > 0).sum() * SITE.grid.voxel_ml == pytest.approx(5.0, rel=0.02)
        sizes = np.bincount(found.lesions.ravel())[1:]
        assert (sizes > 0).all() and (np.diff(sizes) <= 0).all()
        values = scan(found, "bb", SITE, own)[found.lesions > 0]
        intensities.append((float(values.mean()), float(values.std())))
    assert intensities[0] == pytest.approx(intensities[1], rel=0.01)


def test_vessels_are_as_bright_as_metastases_in_the_ordinary_image_and_dark_in_the_black_blood_one() -> None:
    found = head(4)
    ordinary, black = (scan(found, sequence, SITE, own).astype(float) for sequence in ("t1c", "bb"))
    lesion, brain = found.lesions > 0, (found.tissue >= 4) & ~found.vessels & (found.lesions == 0)
    assert ordinary[found.vessels].mean() > ordinary[brain].mean() + 0.5 * (
        ordinary[lesion].mean() - ordinary[brain].mean()
    )
    assert black[found.vessels].mean() < black[brain].mean() < black[lesion].mean()
    assert not (found.vessels & lesion).any()
