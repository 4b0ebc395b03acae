"""find_files: images and masks whose paths fit a source's templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from features.core.catalog.image_source import FileSource
from features.core.quarantine import REASONS, Rejected
from features.images.formats.detached import read_header
from features.images.formats.pair import is_pair, pair_of
from features.images.index.dates import date_in, shifted_day, unnamed
from features.images.index.file_cache import FileCache
from features.images.index.files import MEMBER, ListFolder
from features.images.index.findings import Candidate, Findings, Pseudonyms, Refusal
from features.images.index.joined import rois_of
from features.images.index.near import near_names

Fields = Mapping[str, str]
FEW = 2  # so many images and masks without one pair are incomplete cases, more a fault of the templates
DETACHED = (".nhdr", ".mhd")  # headers whose voxels lie in files of their own
_WORD = "[A-Za-z0-9_-]+"


def find_files(
    list_folder: ListFolder,
    source: FileSource,
    timepoints: Mapping[str, int],
    names: Pseudonyms,
    cache: FileCache,
) -> Findings:
    """Candidates and refusals of one source. Image and mask belong together when the placeholders they share are equal.

    A template without {timepoint} is the cohort's first time point. A {lesion} holds letters, digits, - and _.
    Files that fit neither template are only counted; a template that no file fits is a doubt (SOURCE_UNMATCHED). Archives
    can give several files one path: equal ones are merged, of others each is an image or mask, so that the case is
    ambiguous. Raises RadweaveError if the folder is absent.
    """
    findings = Findings()
    images: list[tuple[Fields, Path]] = []
    masks: list[tuple[Fields, Path]] = []
    named: dict[str, dict[Path, None]] = defaultdict(dict)
    packed: set[Path] = set()
    for folder in {_fixed_part(path): None for path in source.templates}:
        files, refused = list_folder(folder)
        for file in files:
            named[file.name][file.path] = None
        packed |= {file.path for file in files if file.real.startswith(MEMBER)}
        findings.files.update(refused)
        findings.refusals += [Refusal("UNREADABLE", source.centre, source.modality, (entry,)) for entry in refused]
    findings.readable.update(path for paths in named.values() for path in paths)
    findings.files |= findings.readable
    templates = list(zip(source.templates, (images, masks), strict=False))
    templates.sort(key=lambda pair: -_literal(pair[0]))  # the template with more text of its own is the better fit
    codes, date_format = source.codes(timepoints), source.timepoint.date if source.timepoint else ""
    words = None if date_format else codes
    known = [(template, compile_template(template, words), found) for template, found in templates]
    others = [(path, compile_template(path, None)) for path in source.templates if "{timepoint}" in path]
    first_timepoint = next(iter(timepoints))
    fitting, elsewhere, astray = Counter[str](), Counter[str](), list[str]()
    for name, path in _each(named, findings, cache, packed):
        for template, pattern, found in known:
            fields = _fields(pattern, name, names, codes, date_format)
            fitting[template] += fields is not None
            if fields and fields["patient"] and fields.get("timepoint") == "":
                findings.refusals.append(_refusal("TIMEPOINT_UNKNOWN", source, fields, path, first_timepoint))
            elif fields and fields["patient"]:
                found.append((fields, path))
            elif fields:
                findings.refusals.append(_refusal("PATIENT_UNKNOWN", source, fields, path, first_timepoint))
            if fields:
                break
        else:
            for template, pattern in others:
                fields = _fields(pattern, name, names, codes)
                if fields:
                    elsewhere[template] += 1
                    unknown = {**fields, "timepoint": ""}
                    findings.refusals.append(_refusal("TIMEPOINT_UNKNOWN", source, unknown, path, first_timepoint))
                    break
            else:
                astray.append(name)
    for template in source.templates:
        if not fitting[template]:
            what = _why_none(template, elsewhere[template], astray, codes)
            findings.doubts.append(_doubt(source, what))
    _join(findings, source, images, masks, first_timepoint, packed)
    if findings.doubts:
        findings.refusals = [_pointing(one) for one in findings.refusals]
    for fields, _ in images if date_format else ():
        findings.see_day(fields["patient"], fields["timepoint"], shifted_day(fields["timepoint"]))
    findings.ignored = dict.fromkeys(findings.readable, "path")
    return findings


def _each(
    named: Mapping[str, Iterable[Path]], findings: Findings, cache: FileCache, packed: Container[Path]
) -> Iterator[tuple[str, Path]]:
    """Paths and their files, in order, without second copies: files that are equal with all that belongs to them."""
    for name, paths in sorted(named.items()):
        several, known = list(paths), set[tuple[str, ...]]()
        for path in several:
            if len(several) > 1:
                try:
                    files = _with_data(path, findings.readable, packed)
                except Rejected:
                    files = (path,)
                digests = tuple(one if isinstance(one, str) else str(path) for one in cache.digests(files))
                if digests in known:
                    findings.merged.update(files)
                    continue
                known.add(digests)
            yield name, path


def compile_template(template: str, timepoints: Collection[str] | None) -> re.Pattern[str]:
    """The pattern of a template: a group for each placeholder. Without time points any text stands for one.

    >>> compile_template("{patient}/{timepoint}.nii", {"baseline": 0}).fullmatch("P 1/baseline.nii").groupdict()
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
    return re.compile(pattern)


def _fields(
    pattern: re.Pattern[str], name: str, names: Pseudonyms, codes: Mapping[str, str], date_format: str = ""
) -> Fields | None:
    """What the placeholders stand for in a path, the patient as a pseudonym; None if the path does not fit.

    date_format: of dates that stand for time points; they become shifted days.
    """
    match = pattern.fullmatch(name)
    if match is None:
        return None
    found = {**match.groupdict(), "patient": names.patient(match["patient"])}
    if "timepoint" not in found:
        return found
    if date_format:
        when = date_in(found["timepoint"], date_format)
        return {**found, "timepoint": unnamed(names.day(found["patient"], when)) if when else ""}
    return {**found, "timepoint": codes.get(found["timepoint"], "")}


def _fixed_part(template: str) -> str:
    """The folders before the first placeholder."""
    parts = template.split("/")[:-1]
    fixed = next((i for i, part in enumerate(parts) if "{" in part), len(parts))
    return "/".join(parts[:fixed])


def _literal(template: str) -> int:
    return len(re.sub(r"{.*?}", "", template))


def _join(
    findings: Findings,
    source: FileSource,
    images: list[tuple[Fields, Path]],
    masks: list[tuple[Fields, Path]],
    first_timepoint: str,
    packed: Container[Path],
) -> None:
    shared = _words(source.path) & _words(source.mask_path)
    partners: dict[frozenset[tuple[str, str]], list[tuple[Fields, Path]]] = defaultdict(list)
    for fields, path in masks:
        partners[_part(fields, shared)].append((fields, path))
    used: set[Path] = set()
    for fields, path in images:
        own = partners.get(_part(fields, shared), [])
        if not source.mask_path:
            _add(findings, source, fields, (path,), (), first_timepoint, packed)
            continue
        if not own:
            findings.refusals.append(_missing("MASK_MISSING", source, fields, path, first_timepoint))
        for other, mask in own:
            used.add(mask)
            _add(findings, source, {**other, **fields}, (path,), (mask,), first_timepoint, packed)
    for fields, path in masks:
        if path not in used:
            findings.refusals.append(_missing("IMAGE_MISSING", source, fields, path, first_timepoint))
    if min(len(images), len(masks)) > FEW and not used:
        what = (
            f'no file of "{source.path}" has its mask at "{source.mask_path}": the placeholders stand for other words'
        )
        findings.doubts.append(_doubt(source, what))


def _add(
    findings: Findings,
    source: FileSource,
    fields: Fields,
    image: tuple[Path, ...],
    mask: tuple[Path, ...],
    first_timepoint: str,
    packed: Container[Path],
) -> None:
    """Add an image with its mask, if it has one of its own, as a candidate, or say why it is none."""
    try:
        image_files, mask_files = (
            tuple(file for path in one for file in _with_data(path, findings.readable, packed)) for one in (image, mask)
        )
    except Rejected as error:
        refusal = _refusal(error.code, source, fields, image[0], first_timepoint)
        findings.refusals.append(replace(refusal, files=(*image, *mask), message=error.message))
        return
    findings.candidates.append(
        Candidate(
            patient=fields["patient"],
            timepoint=fields.get("timepoint", first_timepoint),
            lesion=fields.get("lesion", ""),
            centre=source.centre,
            modality=source.modality,
            unit=source.unit,
            image_format=source.format,
            image=image_files,
            mask_format=source.mask.kind,
            mask=mask_files,
            roi=source.mask.pattern,
            rule=source.rule,
            lesions=getattr(source.mask, "lesions", None),
            image_name=source.image_name,
            roi_name=source.mask.roi_name,
            of=rois_of(source.mask),
            registration=source.registration,
        )
    )


def _with_data(path: Path, readable: Container[Path], packed: Container[Path]) -> tuple[Path, ...]:
    """A file, and those that belong to it: the other half of a pair, the voxels that a header names.

    Of a header that is damaged, it alone: its reader says why. Raises Rejected(UNREADABLE) if half of a pair is absent or
    may not be read, or a header in an archive names files: there they have lost their names.
    """
    if is_pair(path):
        others = tuple(file for file in pair_of(path) if file != path)
        if any(file not in readable for file in others):
            raise Rejected("UNREADABLE", "one half of a pair of .hdr and .img may not be read")
        return (path, *others)
    if path.suffix.lower() not in DETACHED:
        return (path,)
    try:
        named = read_header(path).data_files
    except Rejected:
        return (path,)
    if named and path in packed:
        raise Rejected(
            "UNREADABLE", "a header in an archive has its voxels in other files; unpack the archive yourself"
        )
    return (path, *(file for file in named if file in readable))


def _words(template: str) -> set[str]:
    return set(re.findall(r"{(.*?)}", template))


def _part(fields: Fields, words: set[str]) -> frozenset[tuple[str, str]]:
    return frozenset((word, fields[word]) for word in words)


def _missing(code: str, source: FileSource, fields: Fields, path: Path, first_timepoint: str) -> Refusal:
    """An image without its mask, or a mask without its image, and where that would be."""
    template = source.mask_path if code == "MASK_MISSING" else source.path
    message = f'{REASONS[code].means}: there is no file "{template}" for it'
    return replace(_refusal(code, source, fields, path, first_timepoint), message=message)


def _pointing(one: Refusal) -> Refusal:
    """Of a source with a doubtful template, what is missing with a word of the doubt: it is hardly a fault of each case."""
    if one.code not in ("IMAGE_MISSING", "MASK_MISSING"):
        return one
    return replace(one, message=f"{one.message}; SOURCE_UNMATCHED tells what is wrong with the paths in the catalog")


def _why_none(template: str, elsewhere: int, astray: Iterable[str], timepoints: Iterable[str]) -> str:
    """That no file fits a template, and what there is in its place."""
    if elsewhere:
        words = ", ".join(timepoints)
        return f'no file fits the path "{template}" with a time point of the catalog ({words}); {elsewhere} have another word'
    near = near_names(template, astray)
    return f'no file fits the path "{template}"; ' + (f"there are {near}" if near else "there is no other file")


def _doubt(source: FileSource, what: str) -> Refusal:
    return Refusal(
        "SOURCE_UNMATCHED",
        source.centre,
        source.modality,
        (),
        message=what,
        image_name=source.image_name,
        roi_name=source.mask.roi_name,
    )


def _refusal(code: str, source: FileSource, fields: Fields, path: Path, first_timepoint: str) -> Refusal:
    timepoint = fields.get("timepoint", first_timepoint)
    patient, lesion = fields["patient"], fields.get("lesion", "")
    message = "" if patient else "a file's path names no patient"
    return Refusal(
        code,
        source.centre,
        source.modality,
        (path,),
        patient,
        timepoint,
        lesion,
        message,
        image_name=source.image_name,
        roi_name=source.mask.roi_name,
    )
