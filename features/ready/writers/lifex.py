"""LIFEx: columns named `FAMILY_Feature(IBSI:CODE)[unit]`, such as `MORPHOLOGICAL_Volume(IBSI:RNU0)[mm3]`, also behind a prefix.

That is the form of version 7; one before wrote `FAMILY_Feature(unit)IBSI:CODE`. Versions 4 to 6 wrote short names, such as
`GLZLM_SZE`. Source: headers in public scripts that read tables of LIFEx (on GitHub plbenveniste/lung-treatment-response and
SimBoex/Bio_Thesis); formulas of the short names: Texture user guide of LIFEx 6 (2019-12-26), lifexsoft.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from features.core.column import Column
from features.core.kinds.writer import Writer
from features.radiomics.dialects.feature import Feature
from features.radiomics.names import ORIGINAL
from features.ready.ibsi import BY_CODE, BY_TAG, is_change

_FAMILIES = {
    "MORPHOLOGICAL": "morphology",
    "INTENSITY-BASED": "intensity_statistics",
    "INTENSITY-BASED-RIM": "intensity_statistics",
    "INTENSITY-HISTOGRAM": "intensity_histogram",
    "INTENSITY-HISTOGRAM-RIM": "intensity_histogram",
    "LOCAL_INTENSITY_BASED": "local_intensity",
    "LOCAL_INTENSITY_HISTOGRAM": "intensity_histogram",
    "GLCM": "glcm",
    "GLRLM": "glrlm",
    "GLSZM": "glszm",
    "NGTDM": "ngtdm",
    # of versions 4 to 6
    "SHAPE": "morphology",
    "CONVENTIONAL": "intensity_statistics",
    "DISCRETIZED": "intensity_histogram",
    "DISCRETIZED_HISTO": "intensity_histogram",
    "HISTO": "intensity_histogram",
    "GLZLM": "glszm",
    "NGLDM": "ngtdm",  # its differences from the mean of neighbours: IBSI's NGTDM, not IBSI's NGLDM
}
_WORDS = "|".join(sorted(map(re.escape, _FAMILIES), key=len, reverse=True))
_LONG = re.compile(
    rf"(?:(?P<prefix>.+)_)?(?P<family>{_WORDS})_(?P<feature>[A-Za-z0-9_#-]+(?:\[OnlyOnCT\])?)(?:\([^()]*mL\))?"
    r"(?:\(IBSI:(?P<code>\w+)\)(?:\[(?P<unit>[^\]]*)\])?|(?:\((?P<early_unit>[^()]*)\))?\(?IBSI:(?P<early_code>\w+)\)?)"
)
_SHORT = re.compile(
    rf"(?:(?P<prefix>.+)_)?(?P<family>{_WORDS})_(?P<feature>[A-Za-z]+\d?(?:_log(?:2|10))?)(?P<unit>[ .(]*mL[ .)]*)?(?:[ .(\[].*)?"
)
_MARK = re.compile(r"\(?IBSI:\w+\)?|(?:^|_)(?:CONVENTIONAL|GLZLM)_")
_DIAGNOSTIC = re.compile(
    r"(?:.+_)?(?:(?:INFO|PARAMS|CHECK)_.*|TimePosition|zLocation.*|FEATURE_?RESULTS)"
    r"|.*MORPHOLOGICAL_(?:MaxIntensityCoor|Centroid|WeightedCenterOfMass)\(.*"  # places, written as text
)
_UNITS = {"mm3": "mm³", "cm3": "cm³", "mm2": "mm²", "cm2": "cm²", "mm": "mm", "cm": "cm", "mL": "mL", "HU": "HU"}
_POWERS = {"mm³": 3, "cm³": 3, "mL": 3, "mm²": 2, "cm²": 2, "mm": 1, "cm": 1}
# Short names: IBSI's feature of the formula in LIFEx's guide, by its tag in the reference tables.
_TAGS = {
    "glcm": {
        "Homogeneity": "cm_inv_diff",
        "Energy": "cm_energy",
        "Contrast": "cm_contrast",
        "Correlation": "cm_corr",
        "Entropy_log2": "cm_joint_entr",
        "Dissimilarity": "cm_dissimilarity",
    },
    "glrlm": {
        "SRE": "rlm_sre",
        "LRE": "rlm_lre",
        "LGRE": "rlm_lgre",
        "HGRE": "rlm_hgre",
        "SRLGE": "rlm_srlge",
        "SRHGE": "rlm_srhge",
        "LRLGE": "rlm_lrlge",
        "LRHGE": "rlm_lrhge",
        "GLNU": "rlm_glnu",
        "RLNU": "rlm_rlnu",
        "RP": "rlm_r_perc",
    },
    "glszm": {
        "SZE": "szm_sze",
        "LZE": "szm_lze",
        "LGZE": "szm_lgze",
        "HGZE": "szm_hgze",
        "SZLGE": "szm_szlge",
        "SZHGE": "szm_szhge",
        "LZLGE": "szm_lzlge",
        "LZHGE": "szm_lzhge",
        "GLNU": "szm_glnu",
        "ZLNU": "szm_zsnu",
        "ZP": "szm_z_perc",
    },
    "ngtdm": {"Coarseness": "ngt_coarseness", "Contrast": "ngt_contrast", "Busyness": "ngt_busyness"},
}


class Lifex(Writer):
    """IBSI codes as the header gives them; `IBSI:No` is none. Short names have that of the formula in LIFEx's guide.

    A unit that cannot be a feature's (mm of a ratio of surface and volume, HU of a skewness) is that of IBSI's feature.
    """

    kind: Literal["lifex"] = "lifex"

    def recognised(self, header: Iterable[str]) -> int:
        names = list(header)
        return super().recognised(names) if any(map(_MARK.search, names)) else 0

    def feature(self, name: str) -> Column | None:
        found = _LONG.fullmatch(name) or _SHORT.fullmatch(name)
        if not found or self.is_diagnostic(name):
            return None
        given = found.groupdict()
        word, family = found["feature"], _FAMILIES[found["family"]]
        tag = _TAGS.get(family, {}).get(word, "") if found.re is _SHORT else ""
        code, change = given.get("code") or given.get("early_code") or "", is_change(found["prefix"])
        _, known = ("", None) if change else BY_TAG.get(tag) or BY_CODE.get(code) or ("", None)
        written = "" if change else (given["unit"] or given.get("early_unit") or "").strip(" .()")
        return Column(
            name=name,
            type="float64",
            description=f"{word} of {family}"
            + (f", as {found['prefix']}" if change else "")
            + (f": {known.formula}" if known else ""),
            unit=_unit(known, _UNITS.get(written, "")),
            family=family,
            filter=ORIGINAL,
            ibsi=known.ibsi if known else "",
            modality="CT" if written == "HU" else "",
        )

    def is_diagnostic(self, name: str) -> bool:
        return _DIAGNOSTIC.fullmatch(name) is not None


def _unit(known: Feature | None, written: str) -> str:
    """The unit that a header gives, where the feature can have it."""
    if known is None:
        return written
    if "image" in known.unit:
        return known.unit.replace("image", written) if written == "HU" else ""
    return written if known.unit and _POWERS.get(written) == _POWERS.get(known.unit, 0) else known.unit
