"""Visits by their dates: which time point a date is, and on which day of the patient each visit was.

A date is known here as a number of days that is shifted by a secret of the patient: days between dates of one patient stay,
the dates are known to nobody without the key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from features.core.catalog.image_source import DicomSource
from features.images.index.conflicts import refused
from features.images.index.dates import MARK, shifted_day, unnamed
from features.images.index.findings import Candidate, Findings, Refusal
from features.images.index.header import DicomFile, HeaderReader

_MOST_WORDS = 12  # of a message
Place = tuple[str, str]  # patient, time point


def day_of(files: Iterable[DicomFile], keyword: str) -> int | None:
    """The first shifted day of files by one of their dates, None if none has it."""
    return min((file.header.dates[keyword] for file in files if keyword in file.header.dates), default=None)


def timepoint_of(
    source: DicomSource, files: Sequence[DicomFile], first_timepoint: str, reader: HeaderReader
) -> str | None:
    """The time point of an image: the cohort's first one if the source has no rule; by its date alone, what stands for it.

    None if a value is unknown or differs in the image, or there is no date.
    """
    if source.timepoint is None:
        return first_timepoint
    if source.timepoint.is_by_date:
        day = day_of(files, source.timepoint.date)
        return None if day is None else unnamed(day)
    codes = {reader.names.word(code): word for code, word in source.timepoint.codes.items()}  # values are keyed hashes
    values = {file.header.values[source.timepoint.tag] for file in files}
    return codes.get(values.pop()) if len(values) == 1 else None


def why_no_timepoint(source: DicomSource) -> str:
    """What `timepoint_of` did not find, in words; "" for what the code says itself."""
    told = source.timepoint
    return f"the image has no date in {told.date}" if told and told.is_by_date else ""


@dataclass(frozen=True)
class Plan:
    """How dates become time points. timepoints: in order; planned: planned days, of those that have one.

    Where all have planned days: the one that is nearest to the day, and at most `within_days` away; the patient's first date
    is the first time point. Else the first visit of a patient is the first time point, and so on; a visit lasts `within_days`.
    """

    timepoints: Mapping[str, int]
    planned: Mapping[str, int]
    within_days: int

    @property
    def is_planned(self) -> bool:
        """Whether all time points have planned days."""
        return {*self.timepoints} <= {*self.planned}

    def words(self, days: Collection[int]) -> dict[int, str]:
        """The time point of each shifted day of a patient, "" for a day that is none."""
        return self._nearest(days) if self.is_planned else self._in_order(days)

    def _nearest(self, days: Collection[int]) -> dict[int, str]:
        start, found = min(days) - min(self.planned.values()), dict[int, str]()
        for day in days:
            away = sorted((abs(day - start - at), word) for word, at in self.planned.items())
            is_one = len(away) == 1 or away[0][0] < away[1][0]
            found[day] = away[0][1] if is_one and away[0][0] <= self.within_days else ""
        return found

    def _in_order(self, days: Collection[int]) -> dict[int, str]:
        words, found, begins = [*self.timepoints], dict[int, str](), list[int]()
        for day in sorted(days):
            if not begins or day > begins[-1] + self.within_days:
                begins.append(day)
            found[day] = words[len(begins) - 1] if len(begins) <= len(words) else ""
        return found

    def why_none(self, since: int) -> str:
        """Why a day is no time point. since: days from the patient's first date."""
        some = [f"{word} (day {self.planned[word]})" if self.is_planned else word for word in self.timepoints]
        words = ", ".join(some[:_MOST_WORDS]) + (", …" if len(some) > _MOST_WORDS else "")
        if self.is_planned:
            day = since + min(self.planned.values())
            return f"the visit is on day {day}; allowed: at most {self.within_days} days from one of {words}"
        return f"the patient has more visits than there are time points; allowed: {len(some)} ({words})"


def name_visits(findings: Findings, plan: Plan) -> None:
    """Give what was found by date its time point, or refuse it: TIMEPOINT_UNKNOWN, or VISIT_ORDER where two dates of one
    image are one time point.
    """
    own: dict[str, set[int]] = defaultdict(set)
    for (patient, _), day in findings.days.items():
        own[patient].add(day)
    first = {patient: min(days) for patient, days in own.items()}
    words = {(patient, unnamed(day)): word for patient, days in own.items() for day, word in plan.words(days).items()}
    doubled = _doubled(findings.candidates, words)
    found, findings.candidates = findings.candidates, []
    findings.refusals = [
        replace(one, timepoint=words.get((one.patient, one.timepoint), "")) if one.timepoint.startswith(MARK) else one
        for one in findings.refusals
    ]
    for one in found:
        if not one.timepoint.startswith(MARK):
            findings.candidates.append(one)
            continue
        since, word = shifted_day(one.timepoint) - first[one.patient], words[one.patient, one.timepoint]
        named = replace(one, timepoint=word)
        twice = doubled.get(_image(one, word), []) if word else []
        if not word:
            findings.refusals.append(_refused(named, "TIMEPOINT_UNKNOWN", plan.why_none(since), since))
        elif twice:
            days = ", ".join(f"{day - first[one.patient]}" for day in twice)
            told = f"several dates of a patient's image are {word}, on days {days} from the first; allowed: one"
            findings.refusals.append(_refused(named, "VISIT_ORDER", told, since))
        else:
            findings.candidates.append(named)
    seen, findings.days = findings.days, {}
    for (patient, place), day in seen.items():
        if word := words[patient, place] if place.startswith(MARK) else place:
            findings.see_day(patient, word, day)


def days_since(
    shifted: Mapping[Place, int], timepoints: Mapping[str, int], planned: Mapping[str, int]
) -> dict[Place, int]:
    """Own days of patients. Each one's first time point that has a date is on its planned day, on day 0 where it has none."""
    order = {word: (day, i) for i, (word, day) in enumerate(timepoints.items())}
    first: dict[str, str] = {}
    for patient, word in shifted:
        if patient not in first or order[word] < order[first[patient]]:
            first[patient] = word
    return {
        (patient, word): day - shifted[patient, first[patient]] + planned.get(first[patient], 0)
        for (patient, word), day in shifted.items()
    }


def _refused(one: Candidate, code: str, message: str, day: int) -> Refusal:
    return replace(refused(one, code), message=message, details={"day": day})


def _image(one: Candidate, word: str) -> tuple[str, ...]:
    return one.patient, word, one.lesion, one.image_name or one.modality


def _doubled(candidates: Iterable[Candidate], words: Mapping[Place, str]) -> dict[tuple[str, ...], list[int]]:
    """Images of a patient that several dates have under one time point → these."""
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for one in candidates:
        if one.timepoint.startswith(MARK):
            found[_image(one, words[one.patient, one.timepoint])].add(shifted_day(one.timepoint))
    return {image: sorted(days) for image, days in found.items() if len(days) > 1}
