"""Steps that would find nothing of what they are for are told before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.kinds.recipe import Recipe
from features.core.yaml import Document
from flows.step_faults import encoding_faults
from tasks.modelling.evaluation.study import Study

STUDY = """\
name: toy
cohorts: [one]
endpoint: response
recipes: [ct_net]
blocks: {deep: [deep]}
models:
- svm
- model: svm
  name: fisher
  steps:
  - median
  - fisher_vector
"""
NETWORK = {"kind": "network", "weights": "efficientnet_lite0"}


def faults(tmp_path: Path, text: str = STUDY, **network: object) -> list[str]:
    file = tmp_path / "toy.yaml"
    file.write_text(text)
    document = Document.load(file)
    settings = {"modality": "CT", "unit": "HU", "window": [-100, 100], "discretise": {"bin_count": 8}}
    recipe = Recipe.model_validate({"name": "ct_net", **settings, "extractors": [{**NETWORK, **network}]})
    found = encoding_faults(document, document.parse(Study), [recipe])
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in found]


@pytest.mark.parametrize("network", [{"poolings": ["descriptors"]}, {"poolings": ["average", "descriptors"]}])
def test_descriptors_of_a_recipe_are_what_a_fisher_vector_needs(tmp_path: Path, network: dict[str, object]) -> None:
    assert faults(tmp_path, **network) == []
    assert faults(tmp_path, STUDY.replace("  - fisher_vector\n", "")) == []


def test_a_fisher_vector_without_descriptors_is_a_fault_at_its_line(tmp_path: Path) -> None:
    what = "fisher_vector encodes descriptors, and no recipe of the study makes any"
    assert faults(tmp_path) == [
        f"toy.yaml:12: {what}; found ct_net; give the network of a recipe poolings: [descriptors]"
    ]
