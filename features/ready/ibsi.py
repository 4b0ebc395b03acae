"""IBSI's features, found by what writers of tables say of them: a code, a tag of the reference tables, or words of a name."""

from __future__ import annotations

import re

from features.radiomics.dialects.feature import Feature
from features.radiomics.dialects.ibsi import FEATURES

BY_TAG: dict[str, tuple[str, Feature]] = {
    feature.tag: (family, feature) for family, features in FEATURES.items() for feature in features
}
BY_CODE: dict[str, tuple[str, Feature]] = {feature.ibsi: (family, feature) for family, feature in BY_TAG.values()}
_BY_LETTERS = {
    (family, feature.name.replace("_", "")): feature for family, features in FEATURES.items() for feature in features
}

_CHANGE = re.compile(r"(?:^|[^a-z])(?:delta|diff|difference|change|ratio)(?=$|[^a-z])", re.I)


def by_name(family: str, name: str) -> Feature | None:
    """The feature of a family that has this name, however it is written; None: the family has none.

    >>> by_name("glszm", "SmallZoneLowGreyLevelEmphasis").ibsi, by_name("glszm", "GreyLevelMean")
    ('5RAI', None)
    """
    return _BY_LETTERS.get((family, name.replace("_", "").lower()))


def is_change(prefix: str | None) -> bool:
    """Whether a prefix says that a column is made of two values of a feature, so that neither its code nor its unit holds.

    >>> is_change("delta-CT"), is_change("CT_diff"), is_change("GTV-1"), is_change(None)
    (True, True, False, False)
    """
    return _CHANGE.search(prefix or "") is not None
