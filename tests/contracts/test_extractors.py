"""What every extractor keeps, whichever file it stands in."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from features.core.images import IMAGES
from features.core.kinds.extractor import EXTRACTORS
from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume

KINDS = sorted(EXTRACTORS.modules)
# Networks take seconds.
RUN = [pytest.param(kind, marks=[pytest.mark.slow] if kind == "network" else []) for kind in KINDS]
BASE: dict[str, Any] = {
    "name": "ct_lung",
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_count": 8},
    "filters": [{"kind": "log", "sigma_mm": [1.5]}, {"kind": "wavelet", "wavelet": "haar"}],
    "window": [-100, 100],
}


PET: dict[str, Any] = {"modality": "PT", "unit": "SUV"}


SETTINGS: dict[str, Any] = {
    "network": "efficientnet_lite0",
    "samples": {"kind": "samples", "size": [32, 32]},
}  # of kinds that have no default


def _settings(kind: str) -> Any:
    return SETTINGS.get(kind, kind)


def _recipe(kind: str) -> Recipe:
    units = EXTRACTORS.load(kind).units
    return Recipe.model_validate({**BASE, **(PET if units == ("SUV",) else {}), "extractors": [_settings(kind)]})


def _region() -> Region:
    array = np.random.default_rng(0).normal(0, 60, (12, 14, 16))
    mask = np.zeros(array.shape, bool)
    mask[4:8, 4:10, 5:11] = True
    return Region(Volume(array, (1.0, 1.0, 2.0)), mask)


def test_there_are_handcrafted_and_deep_ones() -> None:
    assert {EXTRACTORS.load(kind).block for kind in KINDS} == {"radiomics", "deep"}


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_identifiers_with_descriptions(kind: str) -> None:
    columns = EXTRACTORS.parse(_settings(kind)).columns(_recipe(kind))
    names = [column.name for column in columns]
    assert names
    assert len({name.lower() for name in names}) == len(names)  # SQL does not tell upper from lower case
    for column in columns:
        assert re.fullmatch(r"[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*", column.name), column.name
        assert re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,119}", f"{kind}__ct_lung__{column.name}")
        assert column.description
        assert column.family
        told = column.type == "string" or EXTRACTORS.load(kind).gives == IMAGES
        assert column.role == ("fact" if told else "predictor")


@pytest.mark.parametrize("kind", RUN)
def test_exactly_the_declared_columns_are_extracted_in_their_order(kind: str) -> None:
    recipe = _recipe(kind)
    (extractor,) = recipe.extractors
    values = extractor.extract(_region(), recipe)
    assert list(values) == [column.name for column in extractor.columns(recipe)]
    numbers = [
        value
        for column, value in zip(extractor.columns(recipe), values.values(), strict=True)
        if column.type != "string"
    ]
    assert {type(value) for value in numbers} == {float}
    assert not np.isinf(numbers).any()


@pytest.mark.parametrize("kind", RUN)
def test_extraction_leaves_the_region_alone_and_repeats_itself(kind: str) -> None:
    recipe, region = _recipe(kind), _region()
    (extractor,) = recipe.extractors
    array, mask = region.volume.array.copy(), region.mask.copy()
    first = extractor.extract_batch([region, _region()], recipe)
    np.testing.assert_array_equal(region.volume.array, array)
    np.testing.assert_array_equal(region.mask, mask)
    assert first[0] == first[1]


@pytest.mark.parametrize("kind", KINDS)
def test_equal_settings_are_of_one_version(kind: str) -> None:
    extractor = EXTRACTORS.parse(_settings(kind))
    assert EXTRACTORS.parse(extractor.model_dump(mode="json")).version == extractor.version


def test_importing_the_vocabulary_imports_no_engine() -> None:
    engines = "[name for name in ('torch', 'radiomics', 'SimpleITK', 'pandas', 'matplotlib') if name in sys.modules]"
    code = f"import sys, features.core.kinds.recipe, {', '.join(EXTRACTORS.modules.values())}; print({engines})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
