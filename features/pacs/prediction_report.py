"""make_prediction_report: what a saved model predicts of a case as a DICOM SR (TID 1500), marked as a prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from features.core.case import Modality
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.pacs.report import SCHEME, UCUM, coded, observer, procedure_of, whole_report
from features.pacs.segmentation import SERIES_NUMBER, words

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept


@dataclass(frozen=True, slots=True)
class Predicted:
    """One number or one yes or no that a model says of a case.

    code: which, in a word. meaning: in words. value: a number, or a bool. unit: as in the dictionary, "" of what has none.
    """

    code: str
    meaning: str
    value: float | bool
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Predictor:
    """The model: its name (STUDY/DIGEST), its whole digest, and what it is, in words."""

    name: str
    digest: str
    told: str


def make_prediction_report(
    sources: Sequence[Dataset],
    predicted: Sequence[Predicted],
    model: Predictor,
    *,
    modality: Modality,
    basis: Sequence[str],
    description: str,
) -> Dataset:
    """A report of one group without a region, whose finding is "prediction", whose algorithm is the model, by name and digest.

    sources: headers of the files of the images of the case; patient and study are those of the first. basis: digests of these
    images; equal ones, with equal predictions of one model, give equal UIDs, so that a PACS keeps one copy of what is sent twice.
    Numbers that are not finite are left out. Neither case ids nor pseudonyms stand in it.
    Raises Rejected: UNDEFINED, if nothing is left; GEOMETRY, if the sources lack what a report copies from them.
    """
    import highdicom as hd
    from pydicom.sr.codedict import codes

    kept = [one for one in predicted if isinstance(one.value, bool) or math.isfinite(one.value)]
    if not kept:
        raise Rejected("UNDEFINED", "there is no prediction to report")
    told = [[one.code, one.meaning, one.value, one.unit] for one in kept]
    seed = [*basis, model.digest, digest_json(told)]
    first: dict[str, Dataset] = {}
    for source in sources:
        first.setdefault(str(source.SeriesInstanceUID), source)
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=generate_uid(entropy_srcs=[*basis, model.digest]), identifier=words(f"prediction by {model.name}")
        ),
        finding_type=coded("prediction", SCHEME, "Prediction by a model, not a measurement"),
        algorithm_id=hd.sr.AlgorithmIdentification(
            name=model.name,
            version=model.digest,
            parameters=[words(model.told), words(f"radweave {version('radweave')}")],
            manufacturer="radweave",
        ),
        measurements=[
            hd.sr.Measurement(
                name=coded(one.code, SCHEME, words(one.meaning)), value=float(one.value), unit=_unit(one.unit)
            )
            for one in kept
            if not isinstance(one.value, bool)
        ],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(
                name=coded(one.code, SCHEME, words(one.meaning)), value=codes.SCT.Yes if one.value else codes.SCT.No
            )
            for one in kept
            if isinstance(one.value, bool)
        ],
        source_images=[
            hd.sr.SourceImageForMeasurementGroup(str(source.SOPClassUID), str(source.SOPInstanceUID))
            for source in first.values()
        ],
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer()),
        procedure_reported=procedure_of(modality),
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return whole_report(sources, content, seed, SERIES_NUMBER + 2, description)


def _unit(word: str) -> CodedConcept:
    value, told = UCUM.get(word, (f"{{{word.replace(' ', '_')}}}", word))
    return coded(value, "UCUM", told)
