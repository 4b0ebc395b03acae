"""make_report: features of a region as a DICOM SR, a measurement report by template TID 1500."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from features.core.case import Modality, Unit
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.images.dicom.dataset import quiet
from features.pacs.segmentation import SERIES_NUMBER, words

if TYPE_CHECKING:
    from highdicom.sr import (
        CodedConcept,
        Measurement,
        MeasurementReport,
        ObserverContext,
        ReferencedSegment,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom.sr.coding import Code

SCHEME = "99RADWEAVE"  # codes of our own; IBSI's and UCUM's are those of PS3.16
UCUM: Mapping[str, tuple[str, str]] = {
    "": ("1", "no units"),
    "mm": ("mm", "millimeter"),
    "ml": ("mL", "milliliter"),
    "g": ("g", "gram"),
    "HU": ("[hnsf'U]", "Hounsfield unit"),
    "SUV": ("g/ml{SUVbw}", "Standardized Uptake Value body weight"),
    "SUL": ("g/ml{SUVlbm}", "Standardized Uptake Value lean body mass"),
    "SUVbsa": ("cm2/ml{SUVbsa}", "Standardized Uptake Value body surface area"),
    "BQML": ("Bq/ml", "Becquerels/milliliter"),
    "arbitrary": ("[arb'U]", "arbitrary unit"),
}
_PROCEDURES: Mapping[Modality, str] = {
    "CT": "CTUnspecifiedBodyRegion",
    "MR": "MRIUnspecifiedBodyRegion",
    "PT": "PETUnspecifiedBodyRegion",
    "CR": "XRUnspecifiedBodyRegion",
    "DX": "XRUnspecifiedBodyRegion",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A number that was measured: a column of the mart without its prefixes, and what the dictionary says of it.

    unit: as in the dictionary; "as image" is the unit of the intensities. ibsi: IBSI code or empty. image: the derived image
    that it was measured on, "original" or empty for the image itself. recipe, method: what made it, with versions.
    """

    name: str
    value: float
    unit: str = ""
    ibsi: str = ""
    image: str = ""
    recipe: str = ""
    method: str = ""


def make_report(
    segmentation: Dataset,
    sources: Sequence[Dataset],
    features: Iterable[Feature],
    *,
    modality: Modality,
    unit: Unit,
    description: str,
) -> Dataset:
    """A measurement report with a group for each recipe and method, all of the one segment.

    Values that are not finite are left out. A feature that IBSI defines goes by IBSI's code, others by their names under
    99RADWEAVE; what was measured on a derived image tells it as its method. Equal features give equal UIDs. Neither case
    ids nor pseudonyms stand in it: beside the patient's name they would undo the pseudonyms.
    Raises Rejected: UNDEFINED, if there is no finite value; GEOMETRY, if the sources lack what a report copies from them.
    """
    import highdicom as hd
    from pydicom.sr.codedict import codes

    groups: dict[tuple[str, str], list[Feature]] = {}
    for feature in features:
        if math.isfinite(feature.value):
            groups.setdefault((feature.recipe, feature.method), []).append(feature)
    if not groups:
        raise Rejected("UNDEFINED", "there is no value to report")
    told = [[f.name, f.value, f.unit, f.ibsi, f.image, f.recipe, f.method] for found in groups.values() for f in found]
    seed = [str(segmentation.SOPInstanceUID), digest_json(told)]
    segment = hd.sr.ReferencedSegment(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        segment_number=1,
        source_series=hd.sr.SourceSeriesForSegmentation(sources[0].SeriesInstanceUID),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer()),
        procedure_reported=procedure_of(modality),
        imaging_measurements=[_group(segmentation, segment, found, unit) for found in groups.values()],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return whole_report([*sources, segmentation], content, seed, SERIES_NUMBER + 1, description)


def observer() -> ObserverContext:
    """Who says it: this program."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=["radweave", version("radweave")]), name="radweave", manufacturer_name="radweave"
    )
    return hd.sr.ObserverContext(codes.DCM.Device, device)


def procedure_of(modality: Modality) -> Code:
    """The procedure that is reported, by the modality of the image."""
    from pydicom.sr.codedict import codes

    found: Code = getattr(codes.LN, _PROCEDURES[modality])
    return found


def whole_report(
    evidence: Sequence[Dataset], content: MeasurementReport, seed: Sequence[str], series_number: int, description: str
) -> Dataset:
    """A report. seed: what its UIDs are made of. Raises Rejected: GEOMETRY, if the evidence lacks what it copies."""
    import highdicom as hd

    try:
        with quiet():
            return hd.sr.Comprehensive3DSR(
                evidence=list(evidence),
                content=content,
                series_instance_uid=generate_uid(entropy_srcs=[*seed, "series"]),
                series_number=series_number,
                sop_instance_uid=generate_uid(entropy_srcs=[*seed, "instance"]),
                instance_number=1,
                manufacturer="radweave",
                series_description=words(description),
                is_complete=True,
            )
    except (AttributeError, ValueError, TypeError) as error:
        raise Rejected("GEOMETRY", "the image lacks what a report copies from it") from error


def _group(
    segmentation: Dataset, segment: ReferencedSegment, features: Sequence[Feature], unit: Unit
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    import highdicom as hd

    first, item = features[0], segmentation.SegmentSequence[0]
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=item.TrackingUID, identifier=item.TrackingID),
        referenced_segment=segment,
        algorithm_id=hd.sr.AlgorithmIdentification(
            name="radweave",
            version=version("radweave"),
            parameters=[words(f"recipe: {first.recipe or 'none'}"), words(f"method: {first.method or 'none'}")],
        ),
        measurements=[_measurement(feature, unit) for feature in features],
    )


def _measurement(feature: Feature, unit: Unit) -> Measurement:
    import highdicom as hd

    meaning = words(feature.name.replace("_", " "))
    name = coded(feature.ibsi, "IBSI", meaning) if feature.ibsi else coded(feature.name, SCHEME, meaning)
    word = unit if feature.unit == "as image" else feature.unit
    value, told = UCUM.get(word, (f"{{{word.replace(' ', '_')}}}", word))
    image = feature.image
    derived = None if image in ("", "original") else coded(image, SCHEME, words(f"derived image {image}"))
    return hd.sr.Measurement(name=name, value=feature.value, unit=coded(value, "UCUM", told), method=derived)


def coded(value: str, scheme: str, meaning: str) -> CodedConcept:
    """A code with its meaning."""
    from highdicom.sr import CodedConcept

    return CodedConcept(value=value, scheme_designator=scheme, meaning=meaning)
