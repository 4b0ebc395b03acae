"""index_cohort: every scan of a cohort with its files and digests, and a row for everything that cannot be used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.core.case import CaseId, FileSet, Scan
from features.core.catalog import Catalog, DicomSource, NiftiSource
from features.core.digest import digest_file, digest_files
from features.core.pseudonym import pseudonym
from features.core.quarantine import REASONS, Quarantined
from features.images.findings import Candidate, Findings, Refusal
from features.images.index_dicom import find_dicom
from features.images.index_nifti import find_nifti

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Index:
    """The scans of a cohort, sorted, and what was refused. `files`: how many were used, quarantined, of no use by type."""

    cohort: str
    scans: tuple[Scan, ...]
    quarantined: tuple[Quarantined, ...]
    files: Mapping[str, int]
    withdrawn: int = 0


def index_cohort(catalog: Catalog, name: str, key: bytes, progress: Progress | None = None) -> Index:
    """Walk the image folders of a cohort and sort what is there into scans; pixels are not looked at.

    Case ids hold pseudonyms; quarantine rows hold no names, paths or UIDs (a file whose case is unknown is told by the
    first 12 digits of its sha-256). `progress(what, done, total)` is called for headers and digests.

    A bad file is quarantined and never stops the index. Quarantine codes: UNREADABLE, DICOM_TRUNC, PATIENT_UNKNOWN,
    TIMEPOINT_UNKNOWN, IMAGE_MISSING, MASK_MISSING, MASK_AMBIGUOUS, SERIES_AMBIGUOUS, PATIENT_CONFLICT.
    Raises RadweaveError if the cohort or one of its folders does not exist.
    """
    tell: Progress = progress or (lambda _what, _done, _total: None)
    root = catalog.root(name)
    findings = _find(catalog, name, root, lambda done, total: tell("headers", done, total))
    candidates, conflicts = _without_conflicts(findings.candidates)
    refusals = findings.refusals + conflicts
    scans: list[Scan] = []
    used: set[Path] = set()
    for done, candidate in enumerate(candidates, start=1):
        case = CaseId(name, pseudonym(key, name, candidate.patient), candidate.timepoint, candidate.lesion)
        try:
            image = FileSet(candidate.image_format, candidate.image, digest_files(candidate.image))
            mask = FileSet(candidate.mask_format, candidate.mask, digest_files(candidate.mask))
        except OSError:
            refusals.append(_refused(candidate, "UNREADABLE", (*candidate.image, *candidate.mask)))
        else:
            modality, unit = candidate.modality, candidate.unit
            scans.append(Scan(case, candidate.centre, modality, unit, image, mask, candidate.roi))
            used.update(candidate.image, candidate.mask)
        tell("digests", done, len(candidates))
    quarantined = sorted((_row(refusal, name, key) for refusal in refusals), key=_order)
    lost = {file for refusal in refusals for file in refusal.files} - used
    files = {"used": len(used), "quarantined": len(lost), "ignored_type": len(findings.files - used - lost)}
    if sum(files.values()) != len(findings.files):
        raise AssertionError(f"{len(findings.files)} files were found, but {files} counted")
    return Index(name, tuple(sorted(scans, key=lambda scan: scan.sort_key)), tuple(quarantined), files)


def _find(catalog: Catalog, name: str, root: Path, progress: Callable[[int, int], None]) -> Findings:
    cohort = catalog.cohort(name)
    findings = Findings()
    folders: dict[tuple[str, str], list[DicomSource]] = defaultdict(list)
    for source in cohort.images:
        if isinstance(source, NiftiSource):
            findings.add(find_nifti(root, source, cohort.timepoints))
        else:
            folders[source.centre, source.path].append(source)
    for (_, path), sources in folders.items():
        findings.add(find_dicom(root, path, sources, next(iter(cohort.timepoints)), progress))
    findings.refusals = _unique(findings.refusals)
    return findings


def _unique(refusals: list[Refusal]) -> list[Refusal]:
    """One refusal for each file that cannot be read, however many sources look at it."""
    found: dict[object, Refusal] = {}
    for refusal in refusals:
        key = (refusal.code, refusal.files) if not refusal.patient else id(refusal)
        found.setdefault(key, refusal)
    return list(found.values())


def _without_conflicts(candidates: list[Candidate]) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates that are alone under their name: one centre for each patient, one image for each case and modality."""
    centres: dict[str, set[str]] = defaultdict(set)
    for one in candidates:
        centres[one.patient].add(one.centre)
    count = Counter((one.patient, one.timepoint, one.lesion, one.modality) for one in candidates)
    kept: list[Candidate] = []
    refusals: list[Refusal] = []
    for one in candidates:
        if len(centres[one.patient]) > 1:
            refusals.append(_refused(one, "PATIENT_CONFLICT", (*one.image, *one.mask)))
        elif count[one.patient, one.timepoint, one.lesion, one.modality] > 1:
            refusals.append(_refused(one, "SERIES_AMBIGUOUS", (*one.image, *one.mask)))
        else:
            kept.append(one)
    return kept, refusals


def _refused(one: Candidate, code: str, files: tuple[Path, ...]) -> Refusal:
    return Refusal(code, one.centre, one.modality, files, one.patient, one.timepoint, one.lesion)


def _row(refusal: Refusal, cohort: str, key: bytes) -> Quarantined:
    details = dict(refusal.details)
    if refusal.patient:
        case = str(CaseId(cohort, pseudonym(key, cohort, refusal.patient), refusal.timepoint, refusal.lesion))
        details["files"] = len(refusal.files)
    else:
        case = f"{cohort}:unknown"
        details["sha256"] = _short_digest(refusal.files[0])
    return Quarantined(
        cohort=cohort,
        centre=refusal.centre,
        case=case,
        modality=refusal.modality,
        stage="index",
        code=refusal.code,
        message=refusal.message or REASONS[refusal.code].means,
        details=details,
    )


def _short_digest(path: Path) -> str:
    """The first digits of a file's sha-256; empty for what must not or cannot be read."""
    try:
        return "" if path.is_symlink() or not path.is_file() else digest_file(path)[:12]
    except OSError:
        return ""


def _order(row: Quarantined) -> tuple[str, ...]:
    return row.case, row.modality, row.code, row.centre, str(sorted(row.details.items()))
