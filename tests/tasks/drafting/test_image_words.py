"""Words of images by their paths, and paths that differ in one word as one."""

from __future__ import annotations

import pytest

from tasks.drafting.image_words import differing, joined, name_images, sequence_in


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("t1", ["t1", "T1w", "t1n", "AX T1 FSE", "MPRAGE", "T1 pre contrast"]),
        ("t1c", ["t1ce", "T1Gd", "T1KM", "t1 post", "sub ce-gadolinium T1w", "AX T1 +C GAD"]),
        ("t2", ["t2", "T2w", "AX T2 TSE"]),
        ("flair", ["flair", "t2f", "AX T2 FLAIR", "3D Flair FS"]),
        ("adc", ["ADC", "dwi_ADC", "Apparent ADC (10^-6)"]),
        ("dwi", ["dwi", "ep2d diffusion b1000"]),
        ("", ["0000", "scan", "anna", ""]),
    ],
)
def test_a_sequence_is_known_by_what_centres_call_it(word: str, texts: list[str]) -> None:
    assert {text: sequence_in(text) for text in texts} == dict.fromkeys(texts, word)


def test_two_images_of_one_sequence_keep_words_of_their_own() -> None:
    found = name_images(["t2 ax", "t2 cor", "FLAIR"])
    assert [one.word for one in found] == ["t2_ax", "t2_cor", "flair"]
    assert len({one.word for one in name_images(["a-1", "a_1", "a 1"])}) == 3


def test_paths_that_differ_in_one_word_are_one_with_a_hole() -> None:
    forms = ["{patient}/{patient}_t1.nii.gz", "{patient}/{patient}_t1ce.nii.gz", "{patient}/{patient}_flair.nii.gz"]
    assert joined(forms) == ("{patient}/{patient}_{image}.nii.gz", ["t1", "t1ce", "flair"])
    assert joined(["T1/{patient}-T1.nii", "T2/{patient}-T2.nii"]) == ("{image}/{patient}-{image}.nii", ["T1", "T2"])
    assert joined(["{patient}/{patient}_T1.nii", "{patient}/{patient}_T1_Gd.nii"]) == (
        "{patient}/{patient}_{image}.nii", ["T1", "T1_Gd"]
    )  # fmt: skip
    assert joined(["{patient}/ax_T1.nii", "{patient}/cor_T2.nii"]) == ("{patient}/{image}.nii", ["ax_T1", "cor_T2"])
    assert joined(["{patient}/T1.nii", "{patient}/anat/T2.nii"]) is None
    assert joined(["{patient}/T1/{patient}.nii", "{patient}/T1.nii"]) is None
    assert differing(["{patient}_ce_T1w", "{patient}_T1w", "{patient}_FLAIR"]) == ["ce T1w", "T1w", "FLAIR"]
