"""draft_recipe: a recipe for the images of a modality and unit, with the reasons for its settings as comments."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from features.core.case import Modality, Unit
from tasks.drafting.commented import Noted, to_yaml
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.source import SourceDraft
from tasks.drafting.voxels import middle_spacing

NAMES = {"CT": "ct", "MR": "mr", "PT": "pet", "CR": "xray_cr", "DX": "xray_dx"}
UNITS = {"um2/s": "adc"}
CALIBRATED = ("SUV", "SUL", "SUVbsa")
_STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_HEADER = """\
Features of {what}, for the cohort "{cohort}". Drafted by `radweave init`.
Every refresh extracts this recipe, because it lies in the folder `recipes` beside the catalog and says
`default: true`. Change what you like: the next refresh computes again what depends on it.
"""


def draft_recipe(sources: Sequence[SourceDraft]) -> tuple[str, dict[str, Any]]:
    """The name of a recipe for sources of one modality and unit, and its values with remarks."""
    modality, unit = sources[0].modality, sources[0].unit
    name = NAMES[modality] + (f"_{UNITS.get(unit, unit.lower())}" if unit not in ("HU", "SUV", "arbitrary") else "")
    values: dict[str, Any] = {"default": True, "modality": modality, "unit": unit}
    if asked := _which(sources):
        values["images"] = Noted(None, (asked,))
    if spacing := _spacing(sources):
        values |= spacing
    values |= _intensities(modality, unit)
    values["extractors"] = ["radweave"]
    return name, values


def recipe_text(values: dict[str, Any], cohort: str) -> str:
    """The text of the file."""
    what = f"{values['modality']} in {values['unit']}" if values["unit"] != "arbitrary" else f"{values['modality']}"
    more = (
        "# More features, of derived images; `radweave features` lists what there is.\n"
        "# filters:\n# - {kind: log, sigma_mm: [2, 3]}\n# - {kind: wavelet, wavelet: coif1}\n"
        "# Deep features, of networks; `radweave backbones` lists them. The window is what becomes black and white.\n"
    )
    network = "".join(
        f"# {line}\n"
        for line in (*_window(values), "extractors: [radweave, efficientnet_lite0]   # instead of the line above")
    )
    return to_yaml(values, _HEADER.format(what=what, cohort=cohort)) + more + network


def _window(values: dict[str, Any]) -> list[str]:
    """Lines of a recipe that give networks a window."""
    unit = values["unit"]
    if unit == "HU":
        return ["window: [-1000, 400]   # lungs; of soft tissue [-160, 240]"]
    if unit in CALIBRATED:
        return ["window: [0, 15]"]
    if unit == "um2/s":
        return ["window: [0, 3000]   # free water at body temperature"]
    if "normalise" in values:  # mean 0, standard deviation 100
        return ["window: [-300, 300]   # three standard deviations"]
    return [
        "normalise: {kind: percentile}   # of voxels above 0, 1 % becomes 0 and 99 % becomes 100",
        "window: [0, 100]",
    ]


def _which(sources: Sequence[SourceDraft]) -> Remark | None:
    """Which images and regions the features are of, where there are several."""
    images = list(dict.fromkeys(word for one in sources for word in one.images_of_it))
    regions = list(dict.fromkeys(word for one in sources for word in one.regions))
    answers = [f"images: [{', '.join(images[:2])}]"] if len(images) > 1 else []
    if len(regions) > 1:
        answers += [f"roi: {regions[0]}", f"roi: {regions[0]} + {regions[1]}   # their union; - takes one away"]
    if not answers:
        return None
    what = " and ".join([*(["image"] if len(images) > 1 else []), *(["region"] if len(regions) > 1 else [])])
    return question(f"which {what}s", f"features of every {what} are made: of which are they wanted?", *answers)


def _spacing(sources: Sequence[SourceDraft]) -> dict[str, Any]:
    """Cubes of about the volume of the median voxel; nothing where the headers tell none, or of X-rays."""
    known = [one.spacing_mm for one in sources if all(one.spacing_mm)]
    if not known or sources[0].modality in ("CR", "DX"):
        return {}
    x, y, z = middle_spacing(known)
    edge = prod((x, y, z)) ** (1 / 3)
    step = min(_STEPS, key=lambda one: abs(one - edge) / one)
    looked = sum(one.looked for one in sources)
    voxel = f"{x:.3g} × {y:.3g} × {z:.3g} mm"
    text = (
        f"cubes of {step:g} mm, about the volume of the median voxel of {several(looked, 'image')} looked at ({voxel})"
    )
    spline = sources[0].modality in ("CT", "MR")
    answers = ("spacing_mm: null   # no resampling", f"spacing_mm: [{x:.3g}, {y:.3g}, null]   # keep the slices")
    remark = guess(f"voxels of {sources[0].modality}", text, *answers)
    return {"spacing_mm": Noted([step] * 3, (remark,)), "interpolator": "bspline" if spline else "linear"}


def _intensities(modality: Modality, unit: Unit) -> dict[str, Any]:
    if unit == "HU":
        text = "25 HU wide, as is usual for CT"
        return {"round_intensities": True, "discretise": Noted({"bin_width": 25}, (guess("bins of CT", text),))}
    if unit in CALIBRATED:
        text = f"0.5 {unit} wide, as is usual for PET"
        return {"discretise": Noted({"bin_width": 0.5}, (guess("bins of PET", text),))}
    if unit == "um2/s":
        text = "50 um2/s wide: 60 bins from 0 to free water at body temperature (3,000)"
        return {"discretise": Noted({"bin_width": 50}, (guess("bins of ADC", text),))}
    found: dict[str, Any] = {}
    if modality == "MR":
        text = "mean 0 and standard deviation 100 over voxels above 0, because MR has no unit"
        found["normalise"] = Noted(
            {"kind": "zscore", "scale": 100}, (guess("normalising MR", text, "normalise: null"),)
        )
    text = f"32 from the lowest to the highest value of the ROI, because {modality} without a unit has no width of bins"
    return found | {"discretise": Noted({"bin_count": 32}, (guess(f"bins of {modality}", text),))}
