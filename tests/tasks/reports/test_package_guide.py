"""What a package asks for, where its columns come from networks, levels and tables."""

from types import SimpleNamespace
from typing import Any, cast

from flows.named import find_recipe
from tasks.modelling.evaluation.final import Final
from tasks.reports.package_guide import guide_text, package_needs
from tests.support.design import BINARY


def column(name: str, block: str, **told: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("unit", "modality", "image", "roi", "recipe", "description"), "")
    return {**empty, "levels": [], "name": name, "block": block, **told}


def test_images_levels_tables_and_weights_are_named_once() -> None:
    image = {"modality": "CT", "image": "CT", "roi": "tumour", "recipe": "ct_lung", "unit": "mm"}
    stage = {"levels": ["I", "II"], "description": "stage"}
    schema = {
        "columns": [
            column("efficientnet_lite0__ct_lung__0", "deep", **image),
            column("radweave__ct_lung__1", "radiomics", **image),
            column("clinical__stage_I", "clinical", **stage),
            column("clinical__stage_II", "clinical", **stage),
            column("clinical__age", "clinical", unit="years", description="age"),
            column("texture__f1", "texture"),
        ],
        "endpoint": "response",
    }
    final = cast(Final, SimpleNamespace(endpoint=BINARY, levels=()))
    needs = package_needs(final, schema, [find_recipe("ct_lung")])
    assert [one["name"] for one in needs["variables"]] == ["stage", "age"]
    assert needs["tables"] == {"texture": ["f1"]} and len(needs["images"]) == 1
    (weights,) = needs["weights"]
    assert weights["card"] == "efficientnet_lite0" and len(weights["sha256"]) == 64 and weights["licence"]
    about = {"title": "x", "model": "toy/1", "radweave": "0.1.0", "cohorts": ["ours"]}
    text = guide_text(about, needs)
    assert "- Images of modality CT in HU under the word `CT`, ROI `tumour`, in any form that radweave reads." in text
    assert f"sha-256 {weights['sha256']}" in text and "- The clinical variable `age` in years: age." in text
