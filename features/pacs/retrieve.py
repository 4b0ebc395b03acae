"""retrieve_source: the series of a source that are new or changed at its PACS, as files below the source's folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import quote

from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PacsSource
from features.core.digest import digest_json
from features.core.errors import RadweaveError, StoreError
from features.core.progress import tell
from features.core.quarantine import REASONS, Quarantined
from features.core.storage.lock import locked
from features.core.wording import counted
from features.images.index.findings import Pseudonyms
from features.pacs.multipart import PIECE, save_parts
from features.pacs.query import Series, Study, find_instances, find_series, find_studies
from features.pacs.received import Received, name_of
from features.pacs.server import PacsError, Server

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'  # as stored: nothing is encoded again


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came from a PACS: rows for series that did not, counts of new series and files, whether it answered at all."""

    centre: str
    rows: tuple[Quarantined, ...] = ()
    series: int = 0
    files: int = 0
    answered: bool = True

    def __str__(self) -> str:
        """One sentence for whoever watches; empty if nothing happened."""
        if not self.answered:
            return f"{self.rows[0].message}: the refresh of {self.centre} goes on with the files that are there"
        told = [f"{self.series} series with {counted(self.files, 'file')} retrieved"] if self.series else []
        for code, words in (("PACS_PARTIAL", "still arriving"), ("PACS_FAILED", "could not be retrieved")):
            count = sum(row.code == code for row in self.rows)
            told += [f"{count} {words}"] if count else []
        return f"PACS of {self.centre}: {', '.join(told)}" if told else ""


@dataclass(slots=True)
class _Job:
    """A series that is being retrieved, and the instances that it should have."""

    study: Study
    series: Series
    wanted: dict[str, str] = field(default_factory=dict, repr=False)  # names → UIDs
    failure: str = ""


def retrieve_source(
    server: Server,
    source: DicomSource,
    pacs: PacsSource,
    root: Path,
    names: Pseudonyms,
    *,
    today: date,
    withdrawn: frozenset[str] = frozenset(),
    again: bool = False,
) -> Retrieved:
    """Ask for the source's series, retrieve what is not there, and let what is complete be found by the index.

    A series is complete if the number of its files at the PACS is the same before it was retrieved and `settle_s` later, and
    all of them are here. Otherwise it stays hidden and has a row: PACS_PARTIAL (still arriving), PACS_FAILED (an error of
    the PACS). The next refresh takes what is missing. Series in which nothing changed are not asked for again, unless
    `again`. Files that came earlier stay when the PACS, the dates or the patients no longer name them.

    withdrawn: patients (`cohort:patient`) who are left out. Nothing that is given holds patient data; ids are pseudonyms.
    Raises RadweaveError if the PACS refuses the credentials, or the source's folder leads outside the root; StoreError if
    another process retrieves into the folder, or the disk is full.
    """
    folder = (root / source.path).resolve()
    if not folder.is_relative_to(root):
        raise RadweaveError(f'the image path "{source.path}" leads outside the folder of the cohort')
    received = Received(folder)
    with locked(received.lock, f'"{source.path}" is being retrieved'):
        return _Retrieval(server, source, pacs, received, names, again=again).run(root, today, withdrawn)


class _Retrieval:
    def __init__(
        self,
        server: Server,
        source: DicomSource,
        pacs: PacsSource,
        received: Received,
        names: Pseudonyms,
        *,
        again: bool,
    ) -> None:
        self.server, self.source, self.pacs, self.received, self.names = server, source, pacs, received, names
        self.notes = received.load_notes()
        self.again = again
        self.rows: list[Quarantined] = []
        self.new_files = 0

    def run(self, root: Path, today: date, withdrawn: frozenset[str]) -> Retrieved:
        try:
            studies = find_studies(self.server, self.source, self.pacs, root, today)
        except PacsError as error:
            self._reject("PACS_FAILED", "", str(error))
            return Retrieved(self.source.centre, tuple(self.rows), answered=False)
        studies = [study for study in studies if self._case(study.patient) not in withdrawn]
        jobs = [job for study in studies if not self._is_known(study) for job in self._plan(study)]
        looked_s = self.server.clock.now()
        expected = sum(max(0, job.series.files - len(self._here(job))) for job in jobs)
        for job in jobs:
            self._fetch(job, expected)
        self._settle(jobs, looked_s)
        done = self._close(jobs)
        unfinished = {row.details.get("study") for row in self.rows}
        for study in studies:
            if self._word(study.uid) not in unfinished:
                self.notes[self._note(study)] = self._counts(study)
        self.received.save_notes(self.notes)
        return Retrieved(self.source.centre, tuple(self.rows), done, self.new_files)

    def _note(self, study: Study) -> str:
        """Under what the counts of a study are kept: another wish makes another note."""
        wish = [self.source.modality, self.source.mask.kind, self.pacs.description]
        return f"{name_of(study.uid)}.{digest_json(wish)[:8]}"

    def _counts(self, study: Study) -> list[int]:
        return [study.series, study.files, self.received.files(study)]

    def _is_known(self, study: Study) -> bool:
        """Whether nothing changed since all that is wanted of a study was retrieved, as far as its counts tell."""
        known = self.notes.get(self._note(study))
        return bool(study.files) and not self.again and known == self._counts(study)

    def _plan(self, study: Study) -> list[_Job]:
        """The series of a study that are not here as the PACS has them."""
        try:
            found = find_series(self.server, study, self.source, self.pacs)
        except PacsError as error:
            self._reject("PACS_FAILED", study.patient, str(error), study=self._word(study.uid))
            return []
        jobs = []
        for series in found:
            there = self.received.complete(series)
            if self.again or not series.files or len(there) != series.files:
                jobs.append(_Job(study, series))
        return jobs

    def _fetch(self, job: _Job, expected: int) -> None:
        """Retrieve what is missing: in one answer if that is more than half of the series, else one by one."""
        series, server = job.series, self.server
        if series.files and len(self.received.complete(series)) != series.files:
            self.received.open(series)  # whatever comes of it: what is there is not the whole series
        try:
            job.wanted = {name_of(uid): uid for uid in find_instances(server, series)}
            if self.received.complete(series) == job.wanted.keys():
                return
            folder, place = self.received.open(series), f"studies/{quote(series.study)}/series/{quote(series.uid)}"

            def missing() -> list[str]:
                there = self.received.arrived(series)
                return [uid for name, uid in job.wanted.items() if name not in there]

            def take(path: str) -> None:
                with server.get(path, ACCEPT) as answer:
                    kind = answer.headers.get("Content-Type", "")
                    for part in save_parts(kind, answer.iter_content(PIECE), folder):
                        self.new_files += self.received.keep(part, series)
                        tell("retrieve", min(self.new_files, expected), expected)

            def take_all() -> None:
                if 2 * len(missing()) > len(job.wanted):
                    take(place)

            server.attempt(take_all)
            for uid in missing():
                server.attempt(partial(take, f"{place}/instances/{quote(uid)}"))
        except PacsError as error:
            job.failure = str(error)
        except OSError as error:
            raise StoreError(f"{self.source.path}: cannot be written: {error.strerror or 'unknown'}") from None

    def _settle(self, jobs: Iterable[_Job], looked_s: float) -> None:
        """Wait until the second look at what was retrieved tells something."""
        left_s = looked_s + self.pacs.settle_s - self.server.clock.now()
        if left_s > 0 and any(not job.failure for job in jobs):
            self.server.clock.sleep(left_s)

    def _close(self, jobs: Iterable[_Job]) -> int:
        """Show the series that are complete; rows for the others. How many are complete."""
        by_study: dict[str, list[_Job]] = defaultdict(list)
        for job in jobs:
            by_study[job.study.uid].append(job)
        done = 0
        for found in by_study.values():
            counts = self._second_look(found)
            for job in found:
                series, here = job.series, self._here(job)
                facts: dict[str, str | int] = {"study": self._word(series.study), "series": self._word(series.uid)}
                facts |= {"expected": counts.get(series.uid, series.files), "received": len(here)}
                if job.failure:
                    self._reject("PACS_FAILED", series.patient, job.failure, **facts)
                elif {series.files or len(job.wanted), counts.get(series.uid)} != {len(job.wanted)} or not (
                    job.wanted and job.wanted.keys() <= here
                ):
                    self._reject("PACS_PARTIAL", series.patient, "", **facts)
                elif self.received.complete(series) != job.wanted.keys():
                    self.received.close(series, job.wanted)
                    done += 1
        return done

    def _here(self, job: _Job) -> set[str]:
        return self.received.arrived(job.series) | self.received.complete(job.series)

    def _second_look(self, jobs: list[_Job]) -> dict[str, int]:
        """How many instances each series of one study has now; jobs whose series cannot be looked at fail."""
        study = replace(jobs[0].study, series=0)
        try:
            counts = {one.uid: one.files for one in find_series(self.server, study, self.source, self.pacs)}
            for job in jobs:
                if counts.get(job.series.uid) == 0:
                    counts[job.series.uid] = len(find_instances(self.server, job.series))
        except PacsError as error:
            for job in jobs:
                job.failure = job.failure or str(error)
            return {}
        return counts

    def _case(self, patient: str) -> str:
        return f"{self.names.cohort}:{self.names.patient(patient) or 'unknown'}"

    def _word(self, uid: str) -> str:
        return self.names.word(uid)[:12]

    def _reject(self, code: str, patient: str, message: str = "", **details: str | int) -> None:
        self.rows.append(
            Quarantined(
                cohort=self.names.cohort,
                centre=self.source.centre,
                case=self._case(patient),
                modality=self.source.modality,
                stage="index",
                code=code,
                message=message or REASONS[code].means,
                details={**details},
            )
        )
