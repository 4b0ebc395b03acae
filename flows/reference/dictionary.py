"""dictionary: every handcrafted feature as both dialects name it, with code, unit and formula."""

from dataclasses import dataclass
from typing import Literal

BY_NAME = " Deprecated: given where it is named."


@dataclass(frozen=True)
class Described:
    """A feature for readers. ibsi: its code, "" where IBSI defines none. unit: "" for ratios and figures of grey levels."""

    dialect: Literal["pyradiomics", "ibsi"]
    family: str
    name: str
    ibsi: str
    unit: str
    formula: str


def features() -> list[Described]:
    """All features: those by pyradiomics' names, then those by IBSI's, in the order of their tables."""
    from features.radiomics.dialects import ibsi, pyradiomics

    return [
        *(
            Described("pyradiomics", family, one.name, one.ibsi, one.unit, one.formula + BY_NAME * one.deprecated)
            for family, found in pyradiomics.FEATURES.items()
            for one in found
        ),
        *(
            Described("ibsi", family, one.name, one.ibsi, one.unit, one.formula)
            for family, found in ibsi.FEATURES.items()
            for one in found
        ),
    ]
