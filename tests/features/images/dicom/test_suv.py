"""to_unit: SUV of every vendor's headers as computed by hand, and a code for each header that does not tell it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.core.region import Region
from features.images.dicom.series import read_dicom_series
from features.images.dicom.suv import Converted, to_unit
from features.images.region import REGION_COLUMNS, check_region
from tests.support.scans import save_series

F18 = 6586.2  # half life in s
DOSE, KG, M = 370e6, 70.0, 1.75
ARRAY = np.random.default_rng(0).uniform(0, 20_000, (3, 4, 5)).astype(np.float32)


def _pet(**tags: Any) -> list[Dataset]:
    """Three slices of one PET: injected at 10:00, scanned from 11:00, two beds; `tags` replace, None deletes."""
    found = []
    for k in range(len(ARRAY)):
        item, ds = Dataset(), Dataset()
        isotope = Dataset()
        isotope.CodeValue = "C-111A1"
        item.RadionuclideCodeSequence = [isotope]
        item.RadionuclideTotalDose, item.RadionuclideHalfLife = DOSE, F18
        item.RadiopharmaceuticalStartTime = "100000.00"
        ds.Modality, ds.Units, ds.DecayCorrection = "PT", "BQML", "START"
        ds.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "NORM"]
        ds.SeriesDate = ds.AcquisitionDate = "20200303"
        ds.SeriesTime, ds.AcquisitionTime = "110000", "110000" if k < 2 else "112000"
        ds.PatientWeight, ds.PatientSize, ds.PatientSex = KG, M, "M"
        ds.RadiopharmaceuticalInformationSequence = [item]
        for keyword, value in tags.items():
            place = item if keyword.startswith("Radio") else ds
            if value is None:
                delattr(place, keyword)
            else:
                setattr(place, keyword, value[k] if isinstance(value, tuple) else value)
        found.append(ds)
    return found


def _philips(series: list[Dataset], factors: dict[int, Sequence[Any]]) -> list[Dataset]:
    for k, ds in enumerate(series):
        ds.private_block(0x7053, "Somebody else", create=True).add_new(0x00, "DS", "999")
        block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
        for element, values in factors.items():
            value = values[k]
            block.add_new(element, "UN" if isinstance(value, bytes) else "DS", value)
    return series


def _convert(series: list[Dataset], unit: str = "SUV") -> Converted:
    return to_unit(ARRAY, series, unit)  # type: ignore[arg-type]


def _factor(waited: float, dose: float = DOSE, body_g: float = KG * 1000) -> float:
    return body_g / (dose * 2 ** (-waited / F18))


@pytest.mark.parametrize(
    ("tags", "waited", "rule"),
    [
        ({}, 3600, "dose decayed to the series time"),
        ({"AcquisitionTime": None}, 3600, "dose decayed to the series time"),
        ({"SeriesTime": None}, 3600, "dose decayed to the earliest acquisition time"),
        ({"SeriesTime": "120000"}, 3600, "dose decayed to the earliest acquisition time"),  # made afterwards
        ({"SeriesTime": "120000", "AcquisitionDate": None}, 3600, "dose decayed to the earliest acquisition time"),
        ({"SeriesDate": "20200305", "SeriesTime": "090000"}, 3600, "dose decayed to the earliest acquisition time"),
        ({"DecayCorrection": "ADMIN"}, 0, "decay corrected to the injection"),
        ({"DecayCorrection": "ADMIN", "RadiopharmaceuticalStartTime": None}, 0, "decay corrected to the injection"),
        ({"RadiopharmaceuticalStartDateTime": "20200303094000.5"}, 4799.5, "dose decayed to the series time"),
        ({"RadiopharmaceuticalStartDateTime": "20200303094000+0100"}, 4800, "dose decayed to the series time"),
        (
            {"RadiopharmaceuticalStartDateTime": "20200303094000+0000", "TimezoneOffsetFromUTC": "+0100"},
            1200,
            "dose decayed to the series time",
        ),
        ({"RadiopharmaceuticalStartDateTime": "00010101100000+0100"}, 3600, "dose decayed to the series time"),
        (
            {"AcquisitionDateTime": "20200303105500", "SeriesTime": "1130"},
            3300,
            "dose decayed to the earliest acquisition time",
        ),
        ({"RadionuclideHalfLife": None}, 3600, "dose decayed to the series time"),
        ({"CorrectedImage": None}, 3600, "dose decayed to the series time"),
    ],
)
def test_body_weight_suv_equals_the_vendor_neutral_rule(tags: dict, waited: float, rule: str) -> None:
    found = _convert(_pet(**tags))
    np.testing.assert_allclose(found.array, ARRAY * _factor(waited), rtol=1e-6)
    assert found.facts["SuvRule"] == rule
    assert found.facts["SuvFactor"] == pytest.approx(_factor(waited), rel=1e-9)
    assert found.facts["DecaySeconds"] == waited
    assert found.facts["DoseBq"] == pytest.approx(DOSE * 2 ** (-waited / F18))


def test_start_and_admin_differ_by_the_decay_of_the_uptake_time() -> None:
    start, admin = (_convert(_pet(DecayCorrection=word)).array for word in ("START", "ADMIN"))
    np.testing.assert_allclose(start / admin, 1.461, rtol=1e-3)


def test_a_series_made_afterwards_on_ge_tells_its_own_scan_time() -> None:
    series = _pet(SeriesTime="150000", AcquisitionTime="113000")  # one bed of several
    for ds in series:
        ds.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20200303110000.00")
    found = _convert(series)
    np.testing.assert_allclose(found.array, ARRAY * _factor(3600), rtol=1e-6)
    assert found.facts["SuvRule"] == "dose decayed to the GE scan time"


@pytest.mark.parametrize(
    ("tags", "waited"),
    [
        ({"SeriesTime": "004000", "AcquisitionTime": "004000"}, 3600),
        ({"SeriesTime": "004000", "AcquisitionTime": "004000", "SeriesDate": None, "AcquisitionDate": None}, 3600),
        (
            {
                "RadiopharmaceuticalStartDateTime": "20200302234000",
                "SeriesTime": "004000",
                "AcquisitionTime": "004000",
            },
            3600,
        ),
        (
            {
                "SeriesTime": "235500",
                "AcquisitionTime": ("235500", "000500", "001500"),
                "SeriesDate": None,
                "AcquisitionDate": None,
            },
            900,
        ),
        (
            {
                "SeriesTime": "001500",
                "AcquisitionTime": ("235500", "000500", "001500"),
                "SeriesDate": None,
                "AcquisitionDate": None,
            },
            900,
        ),
    ],
    ids=["scan after midnight", "without dates", "with a date", "scan across midnight", "made after midnight"],
)
def test_midnight_lies_between_injection_and_scan(tags: dict, waited: float) -> None:
    found = _convert(_pet(**{"RadiopharmaceuticalStartTime": "234000", **tags}))
    assert found.facts["DecaySeconds"] == waited
    np.testing.assert_allclose(found.array, ARRAY * _factor(waited), rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "sex", "body"),
    [
        ("SUL", "M", 9270 * 70 / (6680 + 216 * 70 / 1.75**2) * 1000),
        ("SUL", "F", 9270 * 70 / (8780 + 244 * 70 / 1.75**2) * 1000),
        ("SUVbsa", "M", 0.007184 * 70**0.425 * 175**0.725 * 1e4),
        ("SUVbsa", "O", 0.007184 * 70**0.425 * 175**0.725 * 1e4),
    ],
)
def test_lean_body_mass_and_body_surface(unit: str, sex: str, body: float) -> None:
    found = _convert(_pet(PatientSex=sex), unit)
    np.testing.assert_allclose(found.array, ARRAY * _factor(3600, body_g=body), rtol=1e-6)


def test_philips_counts_become_suv_by_its_factor_slice_by_slice() -> None:
    factors = [0.0004, 0.0005, 0.0006]
    found = _convert(_philips(_pet(Units="CNTS", PatientWeight=None), {0x00: factors}))
    np.testing.assert_allclose(found.array, ARRAY * np.array(factors)[:, None, None], rtol=1e-6)
    assert found.facts == {"SuvRule": "Philips SUV factor", "SuvFactor": 0.0004}


@pytest.mark.parametrize("activity", [[1.5] * 3, [b"1.5 "] * 3])
def test_philips_counts_become_activity_where_there_is_no_suv_factor(activity: list) -> None:
    series = _philips(_pet(Units="CNTS"), {0x00: [0.0] * 3, 0x09: activity})
    found = _convert(series)
    np.testing.assert_allclose(found.array, ARRAY * 1.5 * _factor(3600), rtol=1e-6)
    assert found.facts["SuvRule"] == "Philips activity factor, dose decayed to the series time"
    np.testing.assert_allclose(_convert(series, "BQML").array, ARRAY * 1.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("units", "kind", "unit", "factor"),
    [
        ("GML", None, "SUV", 1.0),
        ("GML", "BW", "SUV", 1.0),
        ("GML", "LBMJANMA", "SUL", 1.0),
        ("CM2ML", "BSA", "SUVbsa", 1.0),
        ("GML", "BW", "SUL", 9270 / (6680 + 216 * 70 / 1.75**2)),
        ("CM2ML", None, "SUV", 70_000 / (0.007184 * 70**0.425 * 175**0.725 * 1e4)),
    ],
)
def test_stored_uptake_is_taken_as_it_is_or_normalised_otherwise(
    units: str, kind: str | None, unit: str, factor: float
) -> None:
    series = _pet(Units=units, **({"SUVType": kind} if kind else {}))
    found = to_unit(ARRAY / 1000, series, unit)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.array, ARRAY / 1000 * factor, rtol=1e-6)
    assert found.facts == {"SuvRule": "as stored", "SuvFactor": pytest.approx(factor)}


def test_activity_is_taken_as_it_is_without_weight_dose_or_times() -> None:
    found = _convert(_pet(PatientWeight=None, RadionuclideTotalDose=None, SeriesTime=None), "BQML")
    assert found.array is ARRAY
    assert found.facts == {"SuvRule": "as stored", "SuvFactor": 1.0}


@pytest.mark.parametrize("unit", ["arbitrary", "HU"])
def test_other_units_and_other_modalities_are_left_alone(unit: str) -> None:
    assert _convert(_pet(), unit) == (ARRAY, {}, ())
    assert _convert(_pet(Modality="MR")) == (ARRAY, {}, ())


@pytest.mark.parametrize(
    ("code", "unit", "tags"),
    [
        ("PET_UNITS", "SUV", {"Units": "CNTS"}),
        ("PET_UNITS", "SUV", {"Units": "PROPCPS"}),
        ("PET_UNITS", "SUV", {"Units": None}),
        ("PET_UNITS", "SUV", {"Units": ("BQML", "GML", "BQML")}),
        ("PET_UNITS", "SUL", {"Units": "GML", "SUVType": "LBM"}),  # James: another formula
        ("PET_UNITS", "BQML", {"Units": "GML"}),
        ("PET_DECAY", "SUV", {"DecayCorrection": "NONE"}),
        ("PET_DECAY", "SUV", {"DecayCorrection": None}),
        ("PET_NOT_CORRECTED", "SUV", {"CorrectedImage": ["DECY", "SCAT"]}),
        ("PET_NOT_CORRECTED", "SUV", {"CorrectedImage": ["ATTN"]}),
        ("PET_NO_WEIGHT", "SUV", {"PatientWeight": None}),
        ("PET_NO_WEIGHT", "SUV", {"PatientWeight": 0}),
        ("PET_NO_WEIGHT", "SUV", {"PatientWeight": 70_000}),
        ("PET_NO_WEIGHT", "SUL", {"PatientWeight": None}),
        ("PET_NO_SIZE", "SUL", {"PatientSize": None}),
        ("PET_NO_SIZE", "SUVbsa", {"PatientSize": 175}),
        ("PET_NO_SIZE", "SUL", {"PatientSex": "O"}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideTotalDose": None}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideTotalDose": 370}),
        ("PET_NO_DOSE", "SUV", {"RadiopharmaceuticalInformationSequence": []}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideHalfLife": None, "RadionuclideCodeSequence": None}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideHalfLife": 109.77}),  # minutes
        ("PET_NO_DOSE", "SUV", {"RadionuclideHalfLife": 109.77, "RadionuclideCodeSequence": None}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideHalfLife": 1.8295, "RadionuclideCodeSequence": None}),
        ("PET_NO_DOSE", "SUV", {"RadionuclideHalfLife": 12000.0 * 1.05, "RadionuclideCodeSequence": None}),
        (
            "PET_NO_DOSE",
            "SUV",
            {
                "RadionuclideHalfLife": 4062.6,
                "RadionuclideCodeSequence": None,
                "Radiopharmaceutical": "FDG -- fluorodeoxyglucose",
            },
        ),
        (
            "PET_NO_DOSE",
            "SUV",
            {"RadionuclideHalfLife": F18, "RadionuclideCodeSequence": None, "Radiopharmaceutical": "Ga-68 DOTATATE"},
        ),
        (
            "PET_TIME",
            "SUV",
            {"RadionuclideHalfLife": 122.2, "RadionuclideCodeSequence": None},
        ),  # 29 half lives in an hour
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartTime": None}),
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartTime": ""}),
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartTime": "030000"}),
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartTime": "110500"}),  # 23 h 55 min before
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartDateTime": "20200303110500"}),
        ("PET_TIME", "SUV", {"RadiopharmaceuticalStartDateTime": "20190303100000"}),
        ("PET_TIME", "SUV", {"SeriesTime": None, "AcquisitionTime": None}),
        ("PET_RANGE", "SUV", {"RadionuclideTotalDose": 1e6}),
    ],
)
def test_headers_that_do_not_tell_are_rejected(code: str, unit: str, tags: dict) -> None:
    if "RadiopharmaceuticalInformationSequence" in tags:
        series = _pet()
        for ds in series:
            ds.RadiopharmaceuticalInformationSequence = []
    else:
        series = _pet(**tags)
    with pytest.raises(Rejected) as caught:
        _convert(series, unit)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("half_life", "name"),
    [(F18, "FDG"), (6600, "18F-FDG"), (6586, "^18^F PSMA-1007"), (4080, "Ga-68 PSMA"), (1224, ""), (58320, "Br 76")],
)
def test_a_half_life_of_a_tracer_needs_no_code(half_life: float, name: str) -> None:
    series = _pet(RadionuclideHalfLife=half_life, RadionuclideCodeSequence=None, Radiopharmaceutical=name)
    for ds in series:
        ds.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = "20200303100000"
    assert _convert(series).facts["DoseBq"] == pytest.approx(DOSE * 2 ** (-3600 / half_life))


@pytest.mark.parametrize(
    ("tags", "names", "details"),
    [
        (
            {"RadiopharmaceuticalStartDateTime": "19000101100000"},
            ("RadiopharmaceuticalStartDateTime", "SeriesDate, SeriesTime", "120 years"),
            {"years_apart": 120, "longest_s": 21600.0},
        ),
        (
            {
                "RadiopharmaceuticalStartDateTime": "20200303100000",
                "SeriesDate": "19000101",
                "AcquisitionDate": "19000101",
            },
            ("RadiopharmaceuticalStartDateTime", "SeriesDate, SeriesTime", "later than the scan", "120 years"),
            {"years_apart": 120},
        ),
        (
            {"RadiopharmaceuticalStartDateTime": "20200113100000"},
            ("RadiopharmaceuticalStartDateTime", "are days apart"),
            {"years_apart": 0, "longest_s": 21600.0},
        ),
        (
            {"RadiopharmaceuticalStartTime": "030000", "SeriesTime": None},
            ("RadiopharmaceuticalStartTime", "AcquisitionDate, AcquisitionTime"),
            {"seconds": 28800.0, "longest_s": 21600.0},
        ),
    ],
)
def test_dates_that_disagree_are_named_by_their_attributes_and_never_told(
    tags: dict, names: tuple[str, ...], details: dict
) -> None:
    with pytest.raises(Rejected) as caught:
        _convert(_pet(**tags))
    assert (caught.value.code, caught.value.details) == ("PET_TIME", details)
    for name in names:
        assert name in caught.value.message
    assert not any(date in str(caught.value) for date in ("1900", "2020", "0303"))


def test_two_injections_are_one_too_many() -> None:
    series = _pet()
    series[0].RadiopharmaceuticalInformationSequence = list(series[0].RadiopharmaceuticalInformationSequence) * 2
    with pytest.raises(Rejected, match="several injections"):
        _convert(series)


@pytest.mark.parametrize(("code", "start", "fine"), [("C-168A4", "20200229100000", True), ("C-168A4", "", False)])
def test_a_tracer_of_days_needs_the_date_of_its_injection(code: str, start: str, fine: bool) -> None:
    series = _pet(RadionuclideHalfLife=282_276, RadiopharmaceuticalStartDateTime=start)
    for ds in series:
        ds.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0].CodeValue = code
    if fine:
        assert _convert(series).facts["DecaySeconds"] == 3 * 86_400 + 3600
    else:
        with pytest.raises(Rejected, match="PET_TIME"):
            _convert(series)


def test_a_hot_bladder_is_warned_of() -> None:
    array = ARRAY.repeat(20, axis=1)
    array[0, 0, 0] = 1e6
    (warning,) = to_unit(array, _pet(), "SUV").warnings
    assert (warning.code, warning.details) == ("PET_HIGH", {"highest": pytest.approx(1e6 * _factor(3600), abs=0.1)})


def test_damaged_voxels_are_for_the_check_of_the_region() -> None:
    array = ARRAY.copy()
    array[0, 0, :3] = np.nan, np.inf, -np.inf
    assert to_unit(array, _pet(), "SUV").warnings == ()
    assert to_unit(np.full_like(ARRAY, np.nan), _pet(), "SUV").warnings == ()


def test_a_series_of_files_is_read_in_suv_and_its_facts_hold_no_dates(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 20_000, (4, 12, 12))

    def edit(series: list[Dataset]) -> None:
        for k, ds in enumerate(series):
            for element in _pet()[0]:
                if element.keyword != "Modality":
                    ds[element.tag] = element
            ds.RescaleSlope = 0.5 + k  # GE's slopes vary by slice

    paths, _ = save_series(tmp_path / "pet", values, modality="PT", intercept=0.0, edit=edit)
    volume = read_dicom_series(paths, unit="SUV")
    slopes = np.arange(4)[:, None, None] + 0.5
    np.testing.assert_allclose(volume.array, values * slopes * _factor(3600), rtol=1e-6)
    assert not any("2020" in str(value) for value in volume.facts.values())
    mask = np.zeros(volume.array.shape, bool)
    mask[1:3, 2:8, 2:8] = True
    facts = check_region(Region(volume, mask)).facts
    assert list(facts) == [column.name for column in REGION_COLUMNS]
    assert (facts["suv_rule"], facts["decay_s"]) == ("dose decayed to the series time", 3600)
    assert facts["suv_factor"] == pytest.approx(_factor(3600))
