"""The tables of both dialects: names, codes, tags and formulas."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from features.radiomics.dialects import ibsi, pyradiomics
from features.radiomics.dialects.ibsi import FEATURES, KINDS, NAMES, entries
from features.radiomics.families.family import FAMILIES


def test_the_folder_of_families_holds_those_that_a_dialect_names() -> None:
    assert set(FEATURES) == set(NAMES)
    assert set(FAMILIES.modules) == {*pyradiomics.FEATURES, *KINDS.values()}
    with pytest.raises(TypeError, match="pyradiomics has no family gldzm"):
        FAMILIES.parse("gldzm").by_pyradiomics(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="IBSI has no family shape2D, in 3D"):
        FAMILIES.parse("shape2D").by_ibsi(None, ("3D",))  # type: ignore[arg-type]


@pytest.mark.parametrize("table", [ibsi.FEATURES, pyradiomics.FEATURES], ids=["ibsi", "pyradiomics"])
def test_every_feature_has_a_formula_and_a_name_of_its_own_in_its_family(table: dict) -> None:  # type: ignore[type-arg]
    for features in table.values():
        assert all(feature.formula for feature in features)
        assert len({feature.name for feature in features}) == len(features)


def test_a_code_of_pyradiomics_is_given_once() -> None:
    codes = [feature.ibsi for features in pyradiomics.FEATURES.values() for feature in features if feature.ibsi]
    assert all(re.fullmatch(r"[0-9A-Z]{4}", code) for code in codes)
    assert len(set(codes)) == len(codes)
    assert pyradiomics.code_of("firstorder", "Kurtosis") == ""


def test_names_are_unique_identifiers() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in names)


def test_every_feature_has_an_ibsi_code_of_its_own() -> None:
    codes = [feature.ibsi for features in FEATURES.values() for feature in features]
    assert all(re.fullmatch(r"[0-9A-Z]{4}", code) for code in codes)
    # The intensity-volume histogram asks at two fractions for each of two features.
    assert {code for code, number in Counter(codes).items() if number > 1} == {"BC2M", "GBPN"}


def test_every_feature_has_a_tag_and_a_formula() -> None:
    tags = [entry.tag for entry in entries()]
    assert len(set(tags)) == len(tags)
    assert all(feature.formula for features in FEATURES.values() for feature in features)
