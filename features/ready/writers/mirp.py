"""MIRP: columns named `FILTER_FEATURE_PARAMETERS`, such as `log_s_3.0_cm_contrast_d1_3d_v_mrg_fbn_n16`.

Features have the names of IBSI's reference tables. Source: MIRP 2.7.0, as run; its page of names (docs_source,
features_names.rst). Of version 1 the columns that are no features are known (`id_subject`, `img_data_modality`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from features.core.column import Column
from features.core.kinds.writer import Writer
from features.radiomics.dialects.aggregation import MEANING, Aggregation
from features.radiomics.dialects.feature import Feature
from features.radiomics.names import ORIGINAL
from features.ready.ibsi import BY_TAG

# Features that IBSI does not define, or gives one code for whatever the percentage.
_MORE = {
    r"cm_mcc": ("glcm", ""),
    r"morph_max_2d_diam_[xyz]": ("morphology", "mm"),
    r"stat_(?:energy|rms|total_energy)_offset|stat_total_energy|stat_p[\d.]+": ("intensity_statistics", ""),
    r"ih_p[\d.]+": ("intensity_histogram", ""),
}
_PERCENT = {r"ivh_v[\d.]+": "ivh_v10", r"ivh_i[\d.]+": "ivh_i10"} | {
    rf"ivh_diff_{one}[\d.]+_{one}[\d.]+": f"ivh_diff_{one}10_{one}90" for one in "vi"
}
_FEATURES = "|".join([*sorted(map(re.escape, BY_TAG), key=len, reverse=True), *_MORE, *_PERCENT])
_NAME = re.compile(
    r"(?:(?P<modality>CT|MR|PT|PET)_)?"
    r"(?:(?P<image>(?:norm_log|exp|gabor|gaussian|lapl|laws|lbp|lgrthm|log|mean|prewitt|sobel|sqrt|square|wavelet)"
    r"(?:_[A-Za-z0-9.]+)*?)_)?"
    rf"(?P<feature>{_FEATURES})"
    r"(?:_d\d+(?:\.\d+)?)?(?:_a\d+(?:\.\d+)?)?"
    r"(?:_(?P<space>2d|2\.5d|3d)(?:_(?P<way>avg|s_mrg|d_mrg|v_mrg))?(?:_(?P<pool>min|max|range|std|var))?)?"
    r"(?:_(?P<bins>fbn_n|fbs_w|fbsp_w)(?P<size>\d+(?:\.\d+)?))?"
)
_DIAGNOSTIC = re.compile(
    r"sample_name|id_subject|id_cohort|img_data_\w+"
    r"|image_(?:file_name|directory|study_date|study_description|series_description|series_instance_uid|modality"
    r"|measurement_unit|pet_suv_type|settings_id|voxel_size_[xyz]|noise_level|noise_iteration_id|rotation_angle"
    r"|translation_[xyz]|mask_label|mask_file_name|mask_directory|mask_series_description|mask_series_instance_uid"
    r"|mask_randomise_id|mask_adapt_size)"
)
_WAYS: dict[str, Aggregation] = {
    "2d_avg": "2D:avg",
    "2d_s_mrg": "2D:mrg",
    "2.5d_d_mrg": "2.5D:avg",
    "2.5d_v_mrg": "2.5D:mrg",
    "3d_avg": "3D:avg",
    "3d_v_mrg": "3D:mrg",
    "2d": "2D",
    "2.5d": "2.5D",
    "3d": "3D",
}
_BINS = {"fbn_n": "{} bins", "fbs_w": "bins {} wide", "fbsp_w": "bins {} wide as pyradiomics has them"}


class Mirp(Writer):
    """IBSI codes except where MIRP itself says that a value is not IBSI's: bins as in pyradiomics, slices not averaged.

    The unit of intensities is in no name; that of a response to a filter is none.
    """

    kind: Literal["mirp"] = "mirp"

    def feature(self, name: str) -> Column | None:
        found = _NAME.fullmatch(name)
        if not found:
            return None
        word, image = found["feature"], found["image"] or ORIGINAL
        family, known = _known(word)
        way = "_".join(filter(None, [found["space"], found["way"]]))
        said = [
            f"{known.name} of {family}",
            MEANING[_WAYS[way]] if way in _WAYS else way,
            f"{found['pool']} in place of the mean" if found["pool"] else "",
            _BINS[found["bins"]].format(found["size"]) if found["bins"] else "",
            f"on the {image} image",
        ]
        standard = not found["pool"] and found["bins"] != "fbsp_w"
        return Column(
            name=name,
            type="float64",
            description=", ".join(filter(None, said)) + (f": {known.formula}" if known.formula else ""),
            unit="" if "image" in known.unit else known.unit,
            family=family,
            filter=image,
            ibsi=known.ibsi if standard else "",
            modality=(found["modality"] or "").replace("PET", "PT"),
        )

    def is_diagnostic(self, name: str) -> bool:
        return _DIAGNOSTIC.fullmatch(name) is not None


def _known(word: str) -> tuple[str, Feature]:
    """Family and facts of a feature."""
    if word in BY_TAG:
        return BY_TAG[word]
    for form, tag in _PERCENT.items():
        if re.fullmatch(form, word):
            family, feature = BY_TAG[tag]
            return family, replace(feature, name=word, formula="")
    family, unit = next(found for form, found in _MORE.items() if re.fullmatch(form, word))
    return family, Feature(word, "", "", unit=unit)
