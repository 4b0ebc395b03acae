"""Faults of the units of PET. Each function spoils a PET in Bq/ml, which the catalog declares as SUV."""

from __future__ import annotations

from functools import partial

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import HALF_LIFE_S, UPTAKE_S, Study

pt = partial(fault, "PET/MR units", "pt")


def dose_item(study: Study) -> list:  # type: ignore[type-arg]
    """What each slice tells of the tracer."""
    return [ds.RadiopharmaceuticalInformationSequence[0] for ds in study.slices]


@pt(refused("PET_NO_WEIGHT"))
def pet_no_weight(study: Study) -> None:
    """The weight of the patient is absent."""
    for ds in study.slices:
        del ds.PatientWeight


@pt(refused("PET_NO_WEIGHT"))
def pet_no_weight__grams(study: Study) -> None:
    """The weight is told in grams."""
    for ds in study.slices:
        ds.PatientWeight = 70000


@pt(refused("PET_NO_DOSE"))
def pet_no_dose(study: Study) -> None:
    """The injected dose is absent."""
    for item in dose_item(study):
        del item.RadionuclideTotalDose


@pt(refused("PET_NO_DOSE"))
def pet_no_dose__megabecquerel(study: Study) -> None:
    """The dose is told in MBq."""
    for item in dose_item(study):
        item.RadionuclideTotalDose = 370


@pt(refused("PET_NO_DOSE"))
def pet_no_dose__minutes(study: Study) -> None:
    """The half life is told in minutes, without the code of an isotope."""
    for item in dose_item(study):
        item.RadionuclideHalfLife = 109.8


@pt(refused("PET_TIME"))
def pet_time(study: Study) -> None:
    """The date of the injection was replaced by a dummy, and that of the scan was not."""
    for item in dose_item(study):
        item.RadiopharmaceuticalStartDateTime = "19000101120000"


@pt(recovered(twin="close"))
def pet_decay__admin(study: Study) -> None:
    """Values are corrected for decay since the injection, not since the start of the series."""
    for ds in study.slices:
        ds.DecayCorrection = "ADMIN"
        ds.RescaleSlope = f"{float(ds.RescaleSlope) * 2 ** (UPTAKE_S / HALF_LIFE_S):.11g}"


@pt(refused("PET_DECAY"))
def pet_decay__none(study: Study) -> None:
    """Values are not corrected for decay."""
    for ds in study.slices:
        ds.DecayCorrection = "NONE"


@pt(recovered())
def pet_seriestime(study: Study) -> None:
    """SeriesTime is an hour after the acquisition: the images were made anew."""
    for ds in study.slices:
        ds.SeriesTime = "140000"


@pt(recovered(twin="close"))
def pet_midnight(study: Study) -> None:
    """The tracer was injected before midnight, and only times of day are told."""
    for ds, item in zip(study.slices, dose_item(study), strict=True):
        del item.RadiopharmaceuticalStartDateTime
        item.RadiopharmaceuticalStartTime = "234000"
        ds.SeriesTime = ds.AcquisitionTime = "004000"


@pt(refused("PET_UNITS"))
def pet_units(study: Study) -> None:
    """Values are counts, without the factor that makes them SUV."""
    for ds in study.slices:
        ds.Units = "CNTS"


@pt(recovered(twin="close"))
def pet_units__philips(study: Study) -> None:
    """Values are counts, and Philips' private factor makes them SUV."""
    factor = 70_000 / (370e6 * 2 ** (-UPTAKE_S / HALF_LIFE_S))
    for ds in study.slices:
        ds.Units, ds.Manufacturer = "CNTS", "Philips Medical Systems"
        block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", f"{factor:.11g}")


@pt(refused("PET_UNITS"))
def pet_units__other(study: Study) -> None:
    """Values are in a unit that cannot become SUV."""
    for ds in study.slices:
        ds.Units = "PROPCPS"
