"""Recipes that `radweave init` drafts."""

from pathlib import Path

import pytest

from features.core.case import Modality, Unit
from features.core.kinds.recipe import load_recipe
from tasks.drafting.recipes import draft_recipe, recipe_text
from tasks.drafting.source import SourceDraft


@pytest.mark.parametrize(
    ("modality", "unit"),
    [("CT", "HU"), ("MR", "arbitrary"), ("MR", "um2/s"), ("PT", "SUV"), ("PT", "BQML"), ("DX", "arbitrary")],
)
def test_what_a_draft_offers_as_comments_is_a_recipe_too(tmp_path: Path, modality: Modality, unit: Unit) -> None:
    source = SourceDraft({"format": "dicom"}, modality, unit, (1.0, 1.0, 3.0), 1, 1, {}, "ct")
    name, values = draft_recipe([source])
    text = recipe_text(values, "first")
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, "utf-8")
    assert [one.kind for one in load_recipe(path).extractors] == ["radweave"]
    kept, offered = [], []
    for line in text.partition("# filters:")[0].splitlines():
        if not line.startswith(("#", "extractors:", "- radweave")):
            kept.append(line)
    for line in text[text.index("# filters:") :].splitlines():
        offered += [line.removeprefix("# ")] if not line.startswith("# Deep") else []
    path.write_text("\n".join([*kept, *offered]), "utf-8")
    recipe = load_recipe(path)
    assert {one.kind for one in recipe.filters} == {"log", "wavelet"}
    assert [one.block for one in recipe.extractors] == ["radiomics", "deep"] and recipe.window
