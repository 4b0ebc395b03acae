"""Numbers that only headers tell: each case goes the whole way of a refresh, and its row of the region table is right."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, LegacyConvertedEnhancedPETImageStorage

from features.core.pseudonym import load_key, pseudonym
from features.core.storage.store import Store
from features.results.manifest import Mart
from flows.refresh import refresh_cohort
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.corpus.outcomes import COHORT, RECIPES
from tests.corpus.registry import corpus_of, entry_of
from tests.corpus.study import (
    HALF_LIFE_S,
    ROI,
    UPTAKE_S,
    Study,
    body,
    ct_study,
    encode,
    mr_study,
    pt_study,
    roi_contours,
    roi_mask,
    rtstruct_of,
    seg_of,
    series_of,
    uid,
)
from tests.support.catalog import write_catalog

SUV = 70_000 / (370e6 * 2 ** (-UPTAKE_S / HALF_LIFE_S))
FINE = RECIPES["CT"].model_copy(update={"name": "ct_fine", "spacing_mm": (0.7, 0.7, 1.9)})
PADDED = np.s_[2:6, 6:8, :]  # a quarter of the ROI
LUT = np.arange(2000) * 3 + 100


@dataclass
class Wanted:
    """What a case's row holds: the values of its ROI that count; or the code, and words of the message."""

    values: NDArray[np.float64] | None = None
    warned: tuple[str, ...] = ()
    code: str = ""
    says: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


CASES: dict[str, tuple[str, Callable[[str], tuple[Study, Wanted]]]] = {}


def case(kind: str) -> Callable[[Callable[[str], tuple[Study, Wanted]]], Callable[[str], tuple[Study, Wanted]]]:
    """Register a case of a kind of source; its name is its patient."""

    def register(make: Callable[[str], tuple[Study, Wanted]]) -> Callable[[str], tuple[Study, Wanted]]:
        CASES[make.__name__] = kind, make
        return make

    return register


def stored_of(study: Study) -> NDArray[np.int64]:
    """Stored values (z, y, x)."""
    return np.array([np.frombuffer(ds.PixelData, "<i2").reshape(ds.Rows, ds.Columns) for ds in study.slices], np.int64)


def store(study: Study, values: NDArray[Any]) -> None:
    """Stored values that take the place of a study's."""
    for ds, plane in zip(study.slices, values, strict=True):
        ds.PixelData = plane.astype("<u2" if ds.PixelRepresentation == 0 else "<i2").tobytes()


def tell(study: Study, **values: Any) -> None:
    """Attributes of every slice; a tuple holds one for each."""
    for k, ds in enumerate(study.slices):
        for keyword, value in values.items():
            setattr(ds, keyword, value[k] if isinstance(value, tuple) else value)


def counted(values: NDArray[Any], left_out: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """The values of the ROI that count."""
    mask = roi_mask() if left_out is None else roi_mask() & ~left_out
    return np.asarray(values, np.float64)[mask]


def padded(value: float, study: Study) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Stored values with padding in a quarter of the ROI, and where it is."""
    values = stored_of(study)
    values[PADDED] = value
    marked = np.zeros(values.shape, bool)
    marked[PADDED] = True
    return values, marked


def as_enhanced(study: Study) -> None:
    """The PET as one file of many frames, each with the slope of its slice."""
    first = study.slices[0]
    ds = copy.deepcopy(first)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = LegacyConvertedEnhancedPETImageStorage
    del ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing, ds.RescaleSlope, ds.RescaleIntercept
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    orientation.ImageOrientationPatient = first.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], []
    for one in study.slices:
        frame, position, rescale = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = one.ImagePositionPatient
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = one.RescaleSlope, 0, "US"
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [position], [rescale]
        ds.PerFrameFunctionalGroupsSequence.append(frame)
    ds.NumberOfFrames, ds.PixelData = len(study.images), b"".join(one.PixelData for one in study.slices)
    study.images, study.mask = [ds], rtstruct_of([ds], [("GTV-1", roi_contours())])


@case("pt")
def pet_padding_and_slopes(patient: str) -> tuple[Study, Wanted]:
    study = pt_study(patient)
    values, marked = padded(32000, study)
    store(study, values)
    tell(study, PixelPaddingValue=32000)
    slopes = np.array([float(ds.RescaleSlope) for ds in study.slices])[:, None, None]
    return study, Wanted(counted(values * slopes * SUV, marked), ("DICOM_OVERFLOW",))


@case("pt")
def pet_padding_and_slopes_enhanced(patient: str) -> tuple[Study, Wanted]:
    study, wanted = pet_padding_and_slopes(patient)
    as_enhanced(study)
    return study, wanted


@case("mr")
def mr_padding_range_and_slopes(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    values, marked = padded(-32000, study)
    values[2:6, 7, :] = -31990
    store(study, values)
    slopes = np.linspace(1, 3, 8)
    tell(study, PixelPaddingValue=-32000, PixelPaddingRangeLimit=-31990)
    tell(study, RescaleSlope=tuple(f"{slope:.6f}" for slope in slopes), RescaleIntercept=0)
    return study, Wanted(counted(values * np.round(slopes, 6)[:, None, None], marked), ("DICOM_OVERFLOW",))


@case("mr")
def mr_padding_of_some_slices(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    values, marked = padded(0, study)
    store(study, values)
    for ds in study.slices[4:]:
        ds.PixelPaddingValue = 0  # in the others 0 is a value
    marked[:4] = False
    return study, Wanted(counted(values, marked), ("DICOM_OVERFLOW",))


@case("mr")
def mr_padding_written_as_signed(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    values, marked = padded(65535, study)
    tell(study, PixelRepresentation=0, RescaleSlope=(1,) * 7 + (2,), RescaleIntercept=0)
    store(study, values)
    for ds in study.slices:
        ds.add_new(0x00280120, "SS", -1)
    return study, Wanted(counted(values, marked), ("DICOM_OVERFLOW",))


@case("mr")
def mr_padding_beyond_the_stored_bits(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    values, marked = padded(63536, study)  # 2096 in the lower 12 bits
    tell(study, PixelRepresentation=0, BitsStored=12, HighBit=11)
    store(study, values)
    tell(study, PixelPaddingValue=63536)
    return study, Wanted(counted(values, marked), ("DICOM_OVERFLOW",))


@case("mr")
def mr_lut_padding_and_inverse(patient: str) -> tuple[Study, Wanted]:
    study, _ = mr_lut(patient)
    values, marked = padded(5, study)
    store(study, values)
    tell(study, PixelPaddingValue=5, PhotometricInterpretation="MONOCHROME1")
    real = 65535 - LUT[np.clip(values, 0, len(LUT) - 1)]
    return study, Wanted(counted(real, marked), ("DICOM_MONOCHROME1", "DICOM_OVERFLOW"))


@case("ct")
def padding_in_and_beside_the_roi(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    values, marked = padded(-2000, study)
    values[:, :, 14:] = -2000
    store(study, values)
    tell(study, PixelPaddingValue=-2000)
    return study, Wanted(counted(values - 1024, marked), ("DICOM_OVERFLOW",))


@case("ct_regrid")
def regridded_padding(patient: str) -> tuple[Study, Wanted]:
    """Where the slices differ, the field of view ends elsewhere in each; a step of 2.5 mm is one of 2.8."""
    study = ct_study(patient)
    values = stored_of(study)
    for k in range(8):
        values[k, 6 : 7 + k % 2] = -2000
    store(study, values)
    tell(study, PixelPaddingValue=-2000)
    for ds in study.slices[3:]:
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y, float(z) + 0.3]
    places = np.array([float(ds.ImagePositionPatient[2]) for ds in study.slices])
    real = np.where(values == -2000, np.nan, values - 1024.0)
    found, marked = [], []
    for z in np.arange(8) * 2.5:
        k = min(int(np.searchsorted(places, z, side="right")) - 1, 6)
        share = (z - places[k]) / (places[k + 1] - places[k])
        weights = np.array([1 - share, share])[:, None, None] * np.isfinite(real[k : k + 2])
        marked.append(weights.sum(axis=0) < 0.5)
        found.append(np.nansum(weights * real[k : k + 2], axis=0) / np.maximum(weights.sum(axis=0), 1e-9))
    return study, Wanted(counted(np.array(found), np.array(marked)), ("DICOM_OVERFLOW", "DICOM_REGRID"))


def put_lut(study: Study, entries: NDArray[Any], first: int = 0, bits: int = 16) -> None:
    """A Modality LUT Sequence in place of rescale values."""
    for ds in study.slices:
        for keyword in ("RescaleSlope", "RescaleIntercept"):
            if keyword in ds:
                delattr(ds, keyword)
        item = Dataset()
        item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
        item.ModalityLUTType = "US"
        item.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
        ds.ModalityLUTSequence = [item]


@case("mr")
def mr_lut(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    put_lut(study, LUT)
    return study, Wanted(counted(LUT[np.clip(stored_of(study), 0, len(LUT) - 1)]))


@case("dx")
def dx_lut(patient: str) -> tuple[Study, Wanted]:
    study = mr_study(patient)
    study.images = [study.slices[2]]
    ds = study.slices[0]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    ds.Modality, ds.ImagePositionPatient, ds.FrameOfReferenceUID = "DX", [0, 0, 0], uid(patient, "frame")
    put_lut(study, LUT)
    box = np.array([(5.6, 5.6, 0), (13.4, 5.6, 0), (13.4, 13.4, 0), (5.6, 13.4, 0)])
    study.mask = rtstruct_of([ds], [("GTV-1", [box])])
    return study, Wanted(LUT[stored_of(study)[0, 6:14, 6:14]].astype(float).ravel())


@case("ct")
def ct_lut(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    put_lut(study, LUT)
    return study, Wanted(code="DICOM_NO_RESCALE")


@case("ct")
def iodine(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    tell(study, RescaleType="MGML")
    return study, Wanted(code="CT_UNIT", says=("MGML",))


@case("ct_arbitrary")
def iodine_as_declared(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    tell(study, RescaleType="MGML", RescaleSlope=10, RescaleIntercept=0)
    return study, Wanted(counted(stored_of(study) * 10))


@case("ct")
def unit_unspecified(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    tell(study, RescaleType="US")
    return study, Wanted(counted(stored_of(study) - 1024), ("CT_UNIT_UNTOLD",))


def pet_of(patient: str, half_life: float, waited_s: int) -> Study:
    """A PET whose half life is told so, without a code, scanned so long after the injection."""
    study = pt_study(patient)
    minutes = 13 * 60 - waited_s // 60
    for ds in study.slices:
        item = ds.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideHalfLife = half_life
        item.RadiopharmaceuticalStartDateTime = f"20200315{minutes // 60:02d}{minutes % 60:02d}00"
    return study


@case("pt")
def half_life_in_minutes(patient: str) -> tuple[Study, Wanted]:
    says = "RadionuclideHalfLife", "in minutes"
    return pet_of(patient, 109.8, 300), Wanted(code="PET_NO_DOSE", says=says, details={"half_life_s": 109.8})


@case("pt")
def half_life_in_minutes_after_an_hour(patient: str) -> tuple[Study, Wanted]:
    return pet_of(patient, 109.8, 3600), Wanted(code="PET_NO_DOSE", says=("in minutes",))


@case("pt")
def half_life_in_hours(patient: str) -> tuple[Study, Wanted]:
    return pet_of(patient, 1.83, 300), Wanted(code="PET_NO_DOSE", says=("in hours",))


@case("pt")
def injection_of_another_century(patient: str) -> tuple[Study, Wanted]:
    study = pt_study(patient)
    for ds in study.slices:
        ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "19000101120000"
    says = "RadiopharmaceuticalStartDateTime", "SeriesDate", "120 years"
    details = {"years_apart": 120, "longest_s": 21600.0}  # not the seconds: with a dummy they tell the other date
    return study, Wanted(code="PET_TIME", says=says, details=details)


@case("ct")
def metal_beside_the_roi(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    values = stored_of(study)
    values[0:2, 9:11, 9:11] = 13024  # 8 of 3,200 voxels
    store(study, values)
    return study, Wanted(counted(values - 1024))


@case("ct")
def metal_alone(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    values = stored_of(study)
    values[ROI][:, :5] = 13024
    store(study, values)
    return study, Wanted(code="HU_RANGE", says=("ROI",))


@case("ct")
def few_signed_values_read_as_unsigned(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    values = np.maximum(stored_of(study) - 1024, 0)
    values[:, 9, 9] = -80 + 65536
    tell(study, PixelRepresentation=0, RescaleIntercept=0)
    store(study, values)
    return study, Wanted(code="HU_RANGE")


def uneven(patient: str, steps: list[float]) -> Study:
    """A CT whose slices lie so far apart."""
    study = ct_study(patient)
    for ds, z in zip(study.slices, np.cumsum([0.0, *steps]), strict=True):
        x, y, _ = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y, round(float(z), 4)]
    z_of = {z: ds.ImagePositionPatient[2] for z, ds in enumerate(study.slices)}
    contours = roi_contours()
    for k, points in zip(range(ROI[0].start, ROI[0].stop), contours, strict=True):
        points[:, 2] = z_of[k]
    study.mask = rtstruct_of(study.slices, [("GTV-1", contours)])
    return study


@case("ct")
def two_beds(patient: str) -> tuple[Study, Wanted]:
    steps = [3.27, 3.27, 3.27, 3.19, 3.27, 3.27, 3.27]
    study = uneven(patient, steps)
    tell(study, SliceThickness=3.26)
    step, first = np.polyfit(range(8), places := np.cumsum([0, *steps]), 1)
    off = np.abs(places - first - step * np.arange(8)).max()
    details = {"off_mm": round(off, 4), "step_mm": round(step, 4), "share_of_step": round(off / step, 5)}
    return study, Wanted(counted(body()), ("DICOM_OFF_GRID",), details=details)


@case("seg")
def two_beds_segmented(patient: str) -> tuple[Study, Wanted]:
    study = uneven(patient, [3.27, 3.27, 3.27, 3.19, 3.27, 3.27, 3.27])
    tell(study, SliceThickness=3.26)
    study.mask = seg_of(study.slices, {"GTV": roi_mask()})
    return study, Wanted(counted(body()), ("DICOM_OFF_GRID",))


@case("ct")
def two_beds_and_a_gap(patient: str) -> tuple[Study, Wanted]:
    study = uneven(patient, [3.27, 6.54, 3.27, 3.19, 3.27, 3.27, 3.27])
    return study, Wanted(code="DICOM_MISSING_SLICE", details={"slices_missing": 1})


@case("ct")
def steps_that_drift(patient: str) -> tuple[Study, Wanted]:
    """Each step is within 0.08 mm of the next, and the middle 0.16 mm off."""
    return uneven(patient, [3.19, 3.19, 3.23, 3.27, 3.31, 3.35, 3.35]), Wanted(code="DICOM_NONUNIFORM")


def other_series(study: Study, patient: str) -> list[Dataset]:
    """Another series of the patient, on the same grid."""
    found = series_of(patient, body(1), name="other")
    study.others |= {f"other{k:02d}.dcm": encode(ds) for k, ds in enumerate(found)}
    return found


@case("ct")
def contours_of_one_series(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    other_series(study, patient)
    return study, Wanted(counted(body()))


@case("seg")
def segmentation_of_one_series(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    study.mask = seg_of(study.slices, {"GTV": roi_mask()})
    other_series(study, patient)
    return study, Wanted(counted(body()))


@case("ct")
def contours_of_two_series(patient: str) -> tuple[Study, Wanted]:
    study = ct_study(patient)
    second = rtstruct_of(other_series(study, patient), [("GTV-1", roi_contours())])
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = uid(patient, "second")
    study.others["second.dcm"] = encode(second)
    return study, Wanted(code="SERIES_AMBIGUOUS", details={"series": 2})


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Wanted, dict[str, Any], list[dict[str, Any]]]]:
    """What is wanted of each case, its row of the region table, and its rows of quarantine and warnings."""
    root = tmp_path_factory.mktemp("values")
    wanted = {}
    for name, (kind, make) in CASES.items():
        study, wanted[name] = make(name)
        study.write(root / "files" / kind / name)
    cohort = corpus_of({kind for kind, _ in CASES.values()} & {"ct", "ct_regrid", "mr", "pt", "seg"}, "files")
    cohort["images"].append({**entry_of("ct"), "path": "ct_arbitrary", "unit": "arbitrary"})
    cohort["images"].append({**entry_of("mr"), "path": "dx", "modality": "DX"})
    catalog = write_catalog(root, **{COHORT: cohort})
    made = Store(root / "store")
    with Pool(Threads(workers=2)) as pool:
        refresh_cohort(COHORT, (*RECIPES.values(), FINE), catalog, made, pool)
    mart = Mart.open(made)
    region: dict[str, dict[str, Any]] = {}
    for table in ("region", "radiomics"):
        for row in mart.read(table, COHORT).to_pylist():
            region[row["patient"]] = region.get(row["patient"], {}) | row
    said = [row for table in ("quarantine", "warnings") for row in mart.read(table, COHORT).to_pylist()]
    key = load_key()
    names = {name: pseudonym(key, COHORT, name) for name in CASES}
    return {
        name: (wanted[name], region.get(word, {}), [row for row in said if word in row["case"]])
        for name, word in names.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_region_table_holds_what_headers_tell(name: str, rows: dict[str, Any]) -> None:
    wanted, row, said = rows[name]
    ours = [one for one in said if one["code"] != "IMAGE_COPY"]  # the cases are made of few images
    assert sorted(one["code"] for one in ours) == sorted([*wanted.warned, *([wanted.code] if wanted.code else [])])
    facts = {
        fact: [value for key, value in row.items() if key.endswith(f"__{fact}") and value is not None]
        for fact in ("voxels", "intensity_mean", "intensity_min", "intensity_max")
    }
    if wanted.values is None:
        assert facts["voxels"] == []
    else:
        found = [facts[fact][0] for fact in facts]
        values = wanted.values
        assert found == pytest.approx([len(values), values.mean(), values.min(), values.max()], rel=1e-6)
    if name in ("padding_in_and_beside_the_roi", "regridded_padding"):  # resampled, padding reached -1700 HU in tissue
        lowest = [value for key, value in row.items() if "ct_fine" in key and key.endswith("firstorder_Minimum")]
        assert len(lowest) == 1 and body()[ROI].min() - 50 < lowest[0] < 0
    for word in wanted.says:
        assert word in ours[0]["message"]
    assert {key: value for key, value in _details(ours).items() if key in wanted.details} == wanted.details
    assert name not in str(ours)


def _details(said: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in said:
        found |= yaml.safe_load(one["details"]) if isinstance(one["details"], str) else dict(one["details"] or {})
    return found
