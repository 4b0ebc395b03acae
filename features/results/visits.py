"""Visits: on which day of each patient every visit was, and which visits are left out because they are out of order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from features.core.case import Scan
from features.core.catalog.catalog import Cohort
from features.core.catalog.visits import in_time
from features.core.digest import digest_json
from features.core.quarantine import Quarantined
from features.core.wording import counted
from features.images.index.index_cohort import Index
from features.results.patients import VISIT_ORDER, Tables, without
from features.tables.patient import PatientTable
from features.tables.visit_days import Place, TableDays

_MOST = 3  # other visits that a message names


class Disorder(NamedTuple):
    """Why a visit is left out."""

    message: str
    details: dict[str, float | int | str]


@dataclass(frozen=True)
class Visits:
    """timepoints: in the catalog's words, with what orders them; planned: planned days. days: the patient's own day of a visit;
    sources: table or dicom. out: visits that are left out. centres: of patients, as tables of visits tell them.
    """

    timepoints: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[Place, float] = field(default_factory=dict)
    sources: Mapping[Place, str] = field(default_factory=dict)
    out: Mapping[Place, Disorder] = field(default_factory=dict)
    centres: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What decides the days, "" where they are the planned ones of all time points."""
        own = sorted([*place, day, self.sources[place]] for place, day in self.days.items())
        bare = sorted({*self.timepoints} - {*self.planned})
        return digest_json([own, sorted(map(list, self.out)), bare]) if own or bare else ""

    def cases_out(self, cohort: str) -> list[str]:
        """Beginnings of the cases that are left out."""
        return [f"{cohort}:{patient}:{word}" for patient, word in sorted(self.out)]

    def rows(self, index: Index, tables: Mapping[str, PatientTable]) -> list[dict[str, Any]]:
        """Rows of the table of visits: one for each visit that images, tables of features or tables of visits have."""
        centres: dict[Place, str] = {place: self.centres.get(place[0], "") for place in self.days}
        for table in tables.values():
            if "timepoint" in table.table.schema.names:
                keys = table.table.select(["patient", "timepoint", "centre"]).to_pydict()
                for patient, word, centre in zip(*keys.values(), strict=True):
                    centres[patient, word] = centre
        for row in index.quarantined:
            parts = row.case.split(":")
            if len(parts) > 2 and (parts[2] in self.timepoints or not self.timepoints):
                centres[parts[1], parts[2]] = row.centre
        for scan in index.scans:
            centres[scan.case.patient, scan.case.timepoint] = scan.centre
        own: dict[str, dict[str, float]] = defaultdict(dict)
        for (patient, word), day in self.days.items():
            if (patient, word) not in self.out:
                own[patient][word] = day
        known = {patient: centre for (patient, _), centre in centres.items() if centre}
        return [
            self._row(index.cohort, place, centre or known.get(place[0], ""), own) for place, centre in centres.items()
        ]

    def _row(self, cohort: str, place: Place, centre: str, own: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
        patient, word = place
        day, source = self.days.get(place), self.sources.get(place, "")
        if day is None and word in self.planned and self._fits(word, own.get(patient, {})):
            day, source = float(self.planned[word]), "planned"
        state = VISIT_ORDER if place in self.out else "used"
        facts = {"patient": patient, "timepoint": word, "cohort": cohort, "centre": centre}
        return {**facts, "day": day, "source": source, "state": state}

    def _fits(self, word: str, own: Mapping[str, float]) -> bool:
        """Whether the planned day of a visit is between the own days of those before and after it."""
        planned, order = self.planned[word], self.timepoints
        before = all(day < planned for other, day in own.items() if order[other] < order[word])
        return before and all(day > planned for other, day in own.items() if order[other] > order[word])


def find_visits(cohort: Cohort, of_images: Mapping[Place, int], of_tables: TableDays) -> Visits:
    """Own days of patients, and who is left out: what does not stand in time (see `in_time`), and days that a table and
    images tell otherwise.

    A day of a table counts before one of images; where a patient has both, days of images are moved to the table's day 0.
    """
    days: dict[Place, float] = {}
    sources: dict[Place, str] = {}
    out: dict[Place, Disorder] = {}
    patients: dict[str, tuple[dict[str, float], dict[str, float]]] = defaultdict(lambda: ({}, {}))
    for (patient, word), day in of_tables.days.items():
        patients[patient][0][word] = day
    for (patient, word), shifted in of_images.items():
        patients[patient][1][word] = float(shifted)
    for patient, (told, seen) in patients.items():
        moved, unlike = _aligned(told, seen, cohort.timepoints, of_tables.tolerance_days)
        own = {**moved, **told}
        days |= {(patient, word): day for word, day in own.items()}
        sources |= {(patient, word): "table" if word in told else "dicom" for word in own}
        for word in unlike:
            message = (
                f"{word} is on day {told[word]:g} by the table, on day {moved[word]:g} by its images; allowed: "
                f"{counted(of_tables.tolerance_days, 'day')} between them (tolerance_days)"
            )
            out[patient, word] = Disorder(message, {"day": told[word], "of_images": moved[word]})
        rest = {word: day for word, day in own.items() if word not in unlike}
        for word in in_time(rest, cohort.timepoints)[1]:
            out[patient, word] = Disorder(_told(word, rest, cohort.timepoints), {"day": rest[word]})
    return Visits(cohort.timepoints, cohort.planned, days, sources, out, of_tables.centres)


def without_disorder(index: Index, tables: Tables, visits: Visits) -> tuple[Index, Tables]:
    """The index and the tables without the visits that are left out: a row of quarantine for each scan of them."""
    if not visits.out:
        return index, tables
    kept: list[Scan] = []
    rows: list[Quarantined] = []
    for scan in index.scans:
        why = visits.out.get((scan.case.patient, scan.case.timepoint))
        if why is None:
            kept.append(scan)
        else:
            rows.append(_quarantined(scan, why))
    used, lost = _files(kept), _files(scan for scan in index.scans if scan not in {*kept})
    files = dict(index.files)
    if lost:
        files["used"] -= len(lost - used)
        files["quarantined"] = files.get("quarantined", 0) + len(lost - used)
    every = sorted([*index.quarantined, *rows], key=lambda row: (row.case, row.modality, row.image, row.roi, row.code))
    gone = visits.cases_out(index.cohort)
    key = digest_json([tables.key, gone])
    return (
        replace(index, scans=tuple(kept), quarantined=tuple(every), files=files),
        replace(tables, key=key, load=lambda: without(tables.load(), gone)),
    )


def rows_without_scans(index: Index, visits: Visits) -> list[Quarantined]:
    """Rows of quarantine of visits that are left out and of which there is no image."""
    there = {tuple(row.case.split(":")[1:3]) for row in index.quarantined if row.code == VISIT_ORDER}
    return [
        Quarantined(
            cohort=index.cohort,
            centre=visits.centres.get(patient, ""),
            case=f"{index.cohort}:{patient}:{word}",
            modality="",
            stage="tables",
            code=VISIT_ORDER,
            message=why.message,
            details=why.details,
        )
        for (patient, word), why in sorted(visits.out.items())
        if (patient, word) not in there
    ]


def _aligned(
    told: Mapping[str, float], seen: Mapping[str, float], order: Mapping[str, int], tolerance: int
) -> tuple[dict[str, float], list[str]]:
    """Days of images on the table's scale, and the visits of which the two tell different days.

    The two agree on a set of visits if all their differences are the same up to the tolerance; what stays is in every
    largest set of this kind.
    """
    both = sorted(told.keys() & seen.keys(), key=lambda word: (order[word], word))
    if not both:
        return dict(seen), []
    away = {word: told[word] - seen[word] for word in both}
    sets = [frozenset(w for w in both if 0 <= away[w] - away[first] <= tolerance) for first in both]
    largest = max(map(len, sets))
    agreed = frozenset.intersection(*(one for one in sets if len(one) == largest))
    start = away[next((word for word in both if word in agreed), both[0])]
    return {word: day + start for word, day in seen.items()}, [word for word in both if word not in agreed]


def _told(word: str, days: Mapping[str, float], order: Mapping[str, int]) -> str:
    """Which visits a visit contradicts, and what is allowed."""
    against = [
        other
        for other in days
        if (order[other] < order[word] and days[other] >= days[word])
        or (order[other] > order[word] and days[other] <= days[word])
    ]
    against.sort(key=lambda other: (order[other], other))
    named = " and ".join(f"{other} on day {days[other]:g}" for other in against[:_MOST])
    more = f" and {len(against) - _MOST} more" if len(against) > _MOST else ""
    two = sorted([word, against[0]], key=lambda one: order[one])
    return f"{word} is on day {days[word]:g}, {named}{more}; allowed: a day of {two[1]} after that of {two[0]}"


def _quarantined(scan: Scan, why: Disorder) -> Quarantined:
    sets = scan.file_sets
    return Quarantined(
        cohort=scan.case.cohort,
        centre=scan.centre,
        case=str(scan.case),
        modality=scan.modality,
        image=scan.image_name,
        roi=scan.roi_name,
        stage="index",
        code=VISIT_ORDER,
        message=why.message,
        details=why.details,
        files=len({path for one in sets for path in one.paths}),
        bytes=sum({one.paths: one.bytes for one in sets}.values()),
        digests=tuple(dict.fromkeys(one.digest[:12] for one in sets)),
    )


def _files(scans: Iterable[Scan]) -> set[Any]:
    return {path for scan in scans for one in scan.file_sets for path in one.paths}
