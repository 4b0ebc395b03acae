"""A file given in the place of another kind is named; files of radweave are what they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError
from features.core.file_kinds import file_kind
from features.core.kinds.recipe import load_recipe
from features.core.yaml import Document

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "flows" / "studies" / "builtin_response.yaml"
RECIPE = ROOT / "flows" / "recipes" / "ct_lung.yaml"
CARD = ROOT / "features" / "deep" / "cards" / "efficientnet_lite0.yaml"


def test_every_file_of_radweave_is_of_its_kind() -> None:
    folders = {"recipes": "recipe", "studies": "study"}
    for folder, kind in folders.items():
        for path in (ROOT / "flows" / folder).rglob("*.yaml"):
            data = Document.load(path).data
            assert file_kind(data) == (None if "published" in data else kind), path  # several studies of a paper
    assert file_kind(Document.load(CARD).data) == "weights card"
    assert file_kind(Document.load(ROOT / "data_catalog.yaml").data) == "catalog"


def test_what_tells_nothing_is_left_to_its_reader() -> None:
    for data in ({}, [], None, {"name": "x"}, {"cohorts": ["a"]}, {"title": "x", "source": "y"}):
        assert file_kind(data) is None


@pytest.mark.parametrize(
    ("load", "path", "sentence"),
    [
        (load_recipe, STUDY, "is a study, and no recipe; a study is named by itself"),
        (load_catalog, STUDY, "is a study, and no catalog; a study is named by itself"),
        (load_recipe, CARD, "is a weights card, and no recipe; a weights card is named by `weights` of an extractor"),
        (
            load_catalog,
            RECIPE,
            "is a recipe, and no catalog; a recipe is named by --recipe, or by `recipes` in a study",
        ),
        (load_recipe, ROOT / "data_catalog.yaml", "is a catalog, and no recipe; a catalog is named by --catalog"),
    ],
)
def test_a_file_in_the_place_of_another_is_one_fault(load: Callable[[Path], Any], path: Path, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {sentence}")) as told:
        load(path)
    assert len(told.value.faults) == 1
