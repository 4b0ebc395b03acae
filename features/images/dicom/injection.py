"""injection: how much of a PET's tracer was left at the moment that its activity refers to."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from features.core.quarantine import Rejected
from features.images.dicom.dataset import numbers, quiet, text
from features.images.dicom.half_life import half_life_of

LEAST_DOSE_BQ = 1e6  # a smaller number is a dose in MBq or kBq
UPTAKE_TIME = timedelta(hours=6)  # the longest for short-lived tracers; else three half lives
MOST_HALF_LIVES = 10  # from injection to scan: a thousandth is left of the dose, and no image can be made of it
DAY = timedelta(days=1)
YEAR = timedelta(days=365.25)
_OFFSET = re.compile(r"[+-]\d{4}")  # from UTC


@dataclass(frozen=True, slots=True)
class Injection:
    """The dose at the moment that the activity refers to, seconds from the injection to it, and how it was found."""

    at_reference_bq: float
    decay_s: float
    rule: str


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment; without a date, that of an arbitrary day. told_by: the attributes that it comes from."""

    at: datetime
    dated: bool
    told_by: str = ""

    def on(self, day: datetime) -> datetime:
        return self.at.replace(year=day.year, month=day.month, day=day.day)


def injection(datasets: Sequence[Dataset], *, decayed: bool) -> Injection:
    """From the headers of all slices. decayed: the activity refers to the start of the scan, else to the injection.

    The scan starts with the series, unless SeriesTime is later than an AcquisitionTime (the series was made afterwards):
    then at GE's own scan time, or at the earliest acquisition. An injection that is known by its time of day alone and is
    later than the scan was the day before.

    Raises Rejected: PET_NO_DOSE (dose absent or under 1 MBq, half life absent, of no tracer, or not that of the isotope;
    several injections), PET_TIME (a time is absent, the injection is later than the scan or too long before it). Its
    message names the attributes, never their values.
    """
    item = _item(datasets[0])
    dose = numbers(item, "RadionuclideTotalDose", 1)
    if dose is None or dose[0] < LEAST_DOSE_BQ:
        raise Rejected("PET_NO_DOSE")
    if not decayed:
        return Injection(dose[0], 0.0, "decay corrected to the injection")
    half_life = half_life_of(item)
    scan, rule = _scan_start(datasets)
    start = _instant(datasets[0], text(item, "RadiopharmaceuticalStartDateTime"), "RadiopharmaceuticalStartDateTime")
    start = start or _moment("", text(item, "RadiopharmaceuticalStartTime"), "RadiopharmaceuticalStartTime")
    waited = _waited(start, scan, half_life).total_seconds()
    return Injection(dose[0] * 2.0 ** (-waited / half_life), waited, f"dose decayed to the {rule}")


def private_text(dataset: Dataset, group: int, creator: str, element: int) -> str:
    """A private element in the block that `creator` has reserved, as text; empty if there is none."""
    try:
        with quiet():
            value = dataset.private_block(group, creator)[element].value
    except Exception:  # absent, or a damaged value, whose conversion can raise anything
        return ""
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)).strip("\0 ")


def _item(dataset: Dataset) -> Dataset:
    with quiet():
        items = dataset.get("RadiopharmaceuticalInformationSequence")
    if not isinstance(items, Items) or len(items) == 0:
        raise Rejected("PET_NO_DOSE", "there is no RadiopharmaceuticalInformationSequence")
    if len(items) > 1:
        raise Rejected("PET_NO_DOSE", "there are several injections; which one counts is not known", items=len(items))
    return items[0]


def _scan_start(datasets: Sequence[Dataset]) -> tuple[_Moment, str]:
    """When the scan began, and which attribute tells it."""
    first = datasets[0]
    series = _moment(text(first, "SeriesDate"), text(first, "SeriesTime"), "SeriesDate, SeriesTime")
    found = [
        _instant(dataset, text(dataset, "AcquisitionDateTime"), "AcquisitionDateTime")
        or _moment(
            text(dataset, "AcquisitionDate"), text(dataset, "AcquisitionTime"), "AcquisitionDate, AcquisitionTime"
        )
        for dataset in datasets
    ]
    taken = [moment for moment in found if moment is not None]
    if series is None and not taken:
        raise Rejected("PET_TIME", "SeriesTime and AcquisitionTime are absent")
    if not taken:
        assert series is not None
        return series, "series time"
    if not all(moment.dated for moment in taken):
        taken = [replace(moment, at=moment.on(datetime.min), dated=False) for moment in taken]
        latest = max(
            moment.at for moment in taken
        )  # a scan past midnight: what looks half a day early is of the next day
        taken = [replace(m, at=m.at + DAY) if latest - m.at > DAY / 2 else m for m in taken]
    earliest = min(taken, key=lambda moment: moment.at)
    if series is not None and _between(series, earliest) >= timedelta():
        return series, "series time"
    special = _instant(first, private_text(first, 0x0009, "GEMS_PETD_01", 0x0D), "the scan time of GE (0009,xx0D)")
    return (special, "GE scan time") if special is not None else (earliest, "earliest acquisition time")


def _between(earlier: _Moment, later: _Moment) -> timedelta:
    """From one moment to another; without dates the way over midnight is taken if it is shorter."""
    if earlier.dated and later.dated:
        return later.at - earlier.at
    gap = later.on(datetime.min) - earlier.on(datetime.min)
    return gap - DAY if gap > DAY / 2 else gap + DAY if gap <= -DAY / 2 else gap


def _waited(start: _Moment | None, scan: _Moment, half_life: float) -> timedelta:
    """From the injection to the start of the scan."""
    short = min(UPTAKE_TIME, timedelta(seconds=MOST_HALF_LIVES * half_life))
    longest = max(short, timedelta(seconds=3 * half_life))
    if start is None:
        raise Rejected("PET_TIME", "the time of the injection is absent")
    if start.dated and scan.dated:
        waited = scan.at - start.at
    elif longest > UPTAKE_TIME:
        raise Rejected("PET_TIME", "with so long a half life the date of the injection is needed")
    else:
        waited = scan.on(datetime.min) - start.on(datetime.min)
        waited += DAY if waited < timedelta() else timedelta()
    if waited < timedelta():
        raise _apart(start, scan, waited, "the injection is later than the scan")
    if waited > longest:
        why = "the injection is too long before the scan for the tracer"
        raise _apart(start, scan, waited, why, longest_s=longest.total_seconds())
    return waited


def _apart(one: _Moment, other: _Moment, gap: timedelta, why: str, **details: float) -> Rejected:
    """PET_TIME for two moments that do not fit, by the names of their attributes.

    How far they are apart is told to the second within two days, else in whole years: if one date is a dummy of
    de-identification, the difference would give the other one away.
    """
    if abs(gap) <= 2 * DAY:
        return Rejected("PET_TIME", f"{why}: {one.told_by}; {other.told_by}", seconds=gap.total_seconds(), **details)
    years = math.floor(abs(gap) / YEAR)
    far = f"{years} years" if years > 1 else "a year" if years else "days"
    why = f"{why}: {one.told_by} and {other.told_by} are {far} apart; one may have been changed by de-identification"
    return Rejected("PET_TIME", why, years_apart=years, **details)


def _instant(dataset: Dataset, value: str, told_by: str) -> _Moment | None:
    """A moment of DICOM's DT in the file's own time zone, if it names one; else the scanner's clock, whatever its zone."""
    local, zone = value[:-5], value[-5:]
    if not _OFFSET.fullmatch(zone):
        local, zone = value, ""
    found = _moment(local[:8], local[8:], told_by)
    own = text(dataset, "TimezoneOffsetFromUTC")
    if found is None or not found.dated:
        return None
    if not zone or not _OFFSET.fullmatch(own):
        return found
    return replace(found, at=found.at + _offset(own) - _offset(zone))


def _offset(zone: str) -> timedelta:
    return (-1 if zone[0] == "-" else 1) * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))


def _moment(date: str, time: str, told_by: str) -> _Moment | None:
    """A moment of DICOM's DA and TM; None without a time."""
    time = time.replace(":", "")
    found = re.fullmatch(r"(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,6}))?", time)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    day = re.fullmatch(r"((?:19|20)\d\d)[.]?(\d\d)[.]?(\d\d)", date)
    try:
        when = datetime(int(day[1]), int(day[2]), int(day[3])) if day else datetime.min
        when = when.replace(hour=hour, minute=minute, second=min(second, 59))
    except ValueError:
        return None
    return _Moment(when.replace(microsecond=int((found[4] or "0").ljust(6, "0"))), day is not None, told_by)
