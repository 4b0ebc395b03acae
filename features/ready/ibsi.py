"""IBSI's features, found by what writers of tables say of them: a code, a tag of the reference tables, or words of a name."""

from __future__ import annotations

from features.radiomics.dialects.feature import Feature
from features.radiomics.dialects.ibsi import FEATURES

BY_TAG: dict[str, tuple[str, Feature]] = {
    feature.tag: (family, feature) for family, features in FEATURES.items() for feature in features
}
BY_CODE: dict[str, tuple[str, Feature]] = {feature.ibsi: (family, feature) for family, feature in BY_TAG.values()}
_BY_LETTERS = {
    (family, feature.name.replace("_", "")): feature for family, features in FEATURES.items() for feature in features
}


def by_name(family: str, name: str) -> Feature | None:
    """The feature of a family that has this name, however it is written; None: the family has none.

    >>> by_name("glszm", "SmallZoneLowGreyLevelEmphasis").ibsi, by_name("glszm", "GreyLevelMean")
    ('5RAI', None)
    """
    return _BY_LETTERS.get((family, name.replace("_", "").lower()))
