"""acquisition_facts: how an image was made, as a header tells it, without anything about the patient."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from features.images.dicom.dataset import numbers, quiet, text
from features.images.dicom.frames import Frame

TEXT_FACTS = ("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "Units")
NUMBER_FACTS = (
    *("SliceThickness", "KVP", "XRayTubeCurrent", "ExposureTime", "Exposure", "CTDIvol", "SpiralPitchFactor"),
    *("ReconstructionDiameter", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "EffectiveEchoTime"),
    *("InversionTime", "FlipAngle", "EchoTrainLength", "PixelBandwidth", "DiffusionBValue"),
    *("RadionuclideTotalDose", "RadionuclideHalfLife", "ActualFrameDuration"),
)


def acquisition_facts(frame: Frame) -> dict[str, str | float]:
    """The facts of a slice: four texts, else numbers only, each from the file's header or its functional groups."""
    facts: dict[str, str | float] = {}
    for place in _places(frame):
        for keyword in TEXT_FACTS:
            if keyword not in facts and text(place, keyword):
                facts[keyword] = text(place, keyword)[:64]
        for keyword in NUMBER_FACTS:
            value = None if keyword in facts else numbers(place, keyword, 1)
            if value is not None:
                facts[keyword] = value[0]
    if "EffectiveEchoTime" in facts:  # what enhanced files call it
        facts.setdefault("EchoTime", facts.pop("EffectiveEchoTime"))
    return facts


def _places(frame: Frame) -> Iterator[Dataset]:
    yield frame.dataset
    with quiet():
        yield from _items(frame.dataset, "RadiopharmaceuticalInformationSequence")
        for group in frame.groups:
            for tag in list(group.keys()):
                yield from _items(group, tag)


def _items(dataset: Dataset, keyword: str | BaseTag) -> list[Dataset]:
    """The first item of a sequence; none if it is absent or damaged."""
    try:
        element = dataset[keyword]
        return [element.value[0]] if element.VR == "SQ" and element.value else []
    except Exception:  # a damaged sequence can raise anything
        return []
