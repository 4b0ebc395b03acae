"""Parts of blocks: which columns they are, by what these were measured with and on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from features.core.errors import RadweaveError
from features.fusion.part_of_block import PartOfBlock, check_apart

NAMES = [
    (recipe, image, family, image_type)
    for recipe in ("mr_tumour", "mr_shell")
    for image in ("t1c", "flair")
    for family in ("firstorder", "glcm")
    for image_type in ("original", "log_sigma_2_mm")
]
FACTS: dict[str, dict[str, Any]] = {
    f"radweave__{recipe}__{image}__tumour__{image_type}_{family}_{feature}": {
        "recipe": recipe,
        "image": image,
        "roi": "tumour",
        "family": family,
        "filter": image_type,
    }
    for recipe, image, family, image_type in NAMES
    for feature in ("Mean", "Contrast")
}
VOLUMES = {
    f"region__{image}__tumour__volume_ml": {
        "recipe": "",
        "image": image,
        "roi": "tumour",
        "family": "region",
        "filter": "",
    }
    for image in ("t1c", "flair")
}
DELTAS = {f"delta__{name}__baseline_to_week6_slope": facts for name, facts in FACTS.items()}
BLOCKS = {
    **dict.fromkeys(FACTS, "radiomics"),
    **dict.fromkeys(VOLUMES, "region"),
    **dict.fromkeys(DELTAS, "delta"),
    "genomic__CD8A": "genomic",
    "genomic__GZMB": "genomic",
}


def chosen(**settings: Any) -> list[str]:
    return PartOfBlock.model_validate(settings).chosen(BLOCKS, {**FACTS, **VOLUMES, **DELTAS})


@pytest.mark.parametrize(
    ("settings", "is_in"),
    [
        ({"recipes": "mr_shell"}, lambda name: "__mr_shell__" in name),
        ({"images": ["flair"]}, lambda name: "__flair__" in name),
        ({"images": ["flair"], "recipes": "mr_*"}, lambda name: "__flair__" in name),
        ({"families": "firstorder", "images": "t1c"}, lambda name: "_firstorder_" in name and "__t1c__" in name),
        ({"filters": "log*"}, lambda name: "log_sigma" in name),
        ({"columns": ["*_Mean", "*glcm*"]}, lambda name: name.endswith("_Mean") or "glcm" in name),
    ],
)
def test_a_part_is_all_columns_that_match_each_word(settings: dict[str, Any], is_in: Any) -> None:
    expected = [name for name, block in BLOCKS.items() if block == "radiomics" and is_in(name)]
    assert expected
    assert chosen(of="radiomics", **settings) == expected
    of_delta = [f"delta__{name}__baseline_to_week6_slope" for name in expected]
    if "columns" not in settings:  # a change is of what the column is of
        assert chosen(of="delta", **settings) == of_delta


def test_volumes_and_tables_have_parts_too() -> None:
    assert chosen(of="region", images="flair") == ["region__flair__tumour__volume_ml"]
    assert chosen(of="genomic", columns="*CD8*") == ["genomic__CD8A"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"of": "radiomics"}, "a part says which columns"),
        ({"of": "genomic", "recipes": "mr"}, "were not measured by recipes: name them by `columns`"),
    ],
)
def test_a_part_that_says_nothing_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        PartOfBlock.model_validate(settings)


def test_a_word_that_nothing_is_of_is_told_with_the_nearest() -> None:
    with pytest.raises(
        RadweaveError, match=r'"mr_shel" in recipes; there are mr_shell, mr_tumour\. Did you mean "mr_shell"'
    ):
        chosen(of="radiomics", recipes=["mr_tumour", "mr_shel"])


def test_a_column_stands_in_a_set_once() -> None:
    parts = {"shell": chosen(of="radiomics", recipes="mr_shell"), "flair": chosen(of="radiomics", images="flair")}
    check_apart("good", ["shell", "genomic"], parts, BLOCKS)
    with pytest.raises(
        RadweaveError, match=r'the set "both" has the column \S+__mr_shell__flair__\S+ twice, of shell and'
    ):
        check_apart("both", ["shell", "flair"], parts, BLOCKS)
    with pytest.raises(RadweaveError, match="twice, of radiomics and of shell"):
        check_apart("both", ["radiomics", "shell"], parts, BLOCKS)
