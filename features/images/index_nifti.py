"""find_nifti: images and masks whose paths fit a source's templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from features.core.catalog import NiftiSource
from features.core.pseudonym import canonical_id
from features.images.files import image_folder, list_files
from features.images.findings import Candidate, Findings, Refusal

Fields = dict[str, str]
_WORD = "[A-Za-z0-9_-]+"


def find_nifti(root: Path, source: NiftiSource, timepoints: Mapping[str, int]) -> Findings:
    """Candidates and refusals of one source. Image and mask belong together when the placeholders they share are equal.

    A template without {timepoint} is the cohort's first time point. A {lesion} holds letters, digits, - and _.
    Files that fit neither template are only counted. Raises RadweaveError if the folder is absent.
    """
    findings = Findings()
    images: list[tuple[Fields, Path]] = []
    masks: list[tuple[Fields, Path]] = []
    readable: set[Path] = set()
    for folder in {image_folder(root, _fixed_part(path)) for path in (source.path, source.mask.path)}:
        files, refused = list_files(folder, root)
        readable.update(files)
        findings.files.update(files, refused)
        findings.refusals += [Refusal("UNREADABLE", source.centre, source.modality, (entry,)) for entry in refused]
    by_length = sorted(((source.path, images), (source.mask.path, masks)), key=lambda pair: -_literal(pair[0]))
    for path in sorted(readable):
        name = path.relative_to(root).as_posix()
        for template, found in by_length:  # the template with more text of its own is the better fit
            fields = match_template(template, name, timepoints)
            if fields is not None:
                found.append((fields, path))
                break
        else:
            _find_unknown_timepoint(findings, source, path, name)
    _join(findings, source, images, masks, next(iter(timepoints)))
    return findings


def match_template(template: str, name: str, timepoints: Mapping[str, int] | None) -> Fields | None:
    """What the placeholders of a template stand for in a path, or None if it does not fit. None: any time point fits.

    >>> match_template("{patient}/{timepoint}.nii", "P 1/baseline.nii", {"baseline": 0})
    {'patient': 'P 1', 'timepoint': 'baseline'}
    """
    known = sorted(timepoints or (), key=len, reverse=True)
    words = {
        "patient": "[^/]+",
        "timepoint": "|".join(re.escape(word) for word in known) if timepoints is not None else "[^/]+",
        "lesion": _WORD,
    }
    pattern, seen = "", set[str]()
    for part in re.split(r"({.*?})", template):
        word = part.strip("{}")
        if not part.startswith("{"):
            pattern += re.escape(part)
        elif word in seen:
            pattern += f"(?P={word})"
        else:
            pattern += f"(?P<{word}>{words[word]})"
            seen.add(word)
    match = re.fullmatch(pattern, name)
    return match.groupdict() if match else None


def _fixed_part(template: str) -> str:
    """The folders before the first placeholder."""
    parts = template.split("/")[:-1]
    fixed = next((i for i, part in enumerate(parts) if "{" in part), len(parts))
    return "/".join(parts[:fixed])


def _literal(template: str) -> int:
    return len(re.sub(r"{.*?}", "", template))


def _find_unknown_timepoint(findings: Findings, source: NiftiSource, path: Path, name: str) -> None:
    for template in (source.path, source.mask.path):
        fields = match_template(template, name, None) if "{timepoint}" in template else None
        if fields is not None:
            patient, lesion = canonical_id(fields["patient"]), fields.get("lesion", "")
            findings.refusals.append(
                Refusal("TIMEPOINT_UNKNOWN", source.centre, source.modality, (path,), patient, "", lesion)
            )
            return


def _join(
    findings: Findings,
    source: NiftiSource,
    images: list[tuple[Fields, Path]],
    masks: list[tuple[Fields, Path]],
    first_timepoint: str,
) -> None:
    by_patient: dict[str, list[tuple[Fields, Path]]] = {}
    for fields, path in masks:
        by_patient.setdefault(fields["patient"], []).append((fields, path))
    used: set[Path] = set()
    for fields, path in images:
        own = [
            (other, mask)
            for other, mask in by_patient.get(fields["patient"], [])
            if all(other.get(word, value) == value for word, value in fields.items())
        ]
        if not own:
            findings.refusals.append(_refusal("MASK_MISSING", source, fields, path, first_timepoint))
        for other, mask in own:
            both = other | fields
            used.add(mask)
            findings.candidates.append(
                Candidate(
                    patient=canonical_id(both["patient"]),
                    timepoint=both.get("timepoint", first_timepoint),
                    lesion=both.get("lesion", ""),
                    centre=source.centre,
                    modality=source.modality,
                    unit=source.unit,
                    image_format="nifti",
                    image=(path,),
                    mask_format="nifti",
                    mask=(mask,),
                    roi=str(source.mask.label),
                )
            )
    for fields, path in masks:
        if path not in used:
            findings.refusals.append(_refusal("IMAGE_MISSING", source, fields, path, first_timepoint))


def _refusal(code: str, source: NiftiSource, fields: Fields, path: Path, first_timepoint: str) -> Refusal:
    timepoint = fields.get("timepoint", first_timepoint)
    patient, lesion = canonical_id(fields["patient"]), fields.get("lesion", "")
    return Refusal(code, source.centre, source.modality, (path,), patient, timepoint, lesion)
