"""find_files: images and masks whose paths fit a source's templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from features.core.catalog.image_source import FileSource
from features.core.quarantine import Rejected
from features.images.index.dates import date_in, shifted_day, unnamed
from features.images.index.file_cache import FileCache
from features.images.index.files import MEMBER, ListFolder
from features.images.index.findings import Fields, Findings, Pseudonyms, Refusal
from features.images.index.near import near_names
from features.images.index.paired import doubt_about, pair_files, refusal_of, with_data

_WORD = "[A-Za-z0-9_-]+"


def alike(sources: Iterable[FileSource]) -> list[tuple[FileSource, ...]]:
    """Sources that differ in their ROIs alone, together: their paths need to be looked at once."""
    found: dict[tuple[object, ...], list[FileSource]] = {}
    for one in sources:
        place = one.centre, one.modality, one.unit, one.format, one.image_name, one.volume, *one.templates
        others = one.atlas_image, str(one.timepoint), str(one.registration), str(one.calculate), one.stands_in
        found.setdefault((*place, *others), []).append(one)
    return [tuple(own) for own in found.values()]


def find_files(
    list_folder: ListFolder,
    sources: Sequence[FileSource],
    timepoints: Mapping[str, int],
    names: Pseudonyms,
    cache: FileCache,
) -> Findings:
    """Candidates and refusals of sources that are `alike`. Image and mask belong together when the placeholders they share
    are equal; a mask without any is that of all images.

    A template without {timepoint} is the cohort's first time point. A {lesion} holds letters, digits, - and _.
    Files that fit neither template are only counted; a template that no file fits is a doubt (SOURCE_UNMATCHED). Archives
    can give several files one path: equal ones are merged, of others each is an image or mask, so that the case is
    ambiguous. Raises RadweaveError if the folder is absent.
    """
    findings, source = Findings(), sources[0]
    images: list[tuple[Fields, Path]] = []
    masks: list[tuple[Fields, Path]] = []
    atlas_images: list[tuple[Fields, Path]] = []
    named: dict[str, dict[Path, None]] = defaultdict(dict)
    packed: set[Path] = set()
    whose = [(source.path, images), (source.mask_path, masks), (source.atlas_image, atlas_images)]
    templates = [(path, found) for path, found in whose if path]
    for folder in {_fixed_part(path): None for path, _ in templates}:
        files, refused = list_folder(folder)
        for file in files:
            named[file.name][file.path] = None
        packed |= {file.path for file in files if file.real.startswith(MEMBER)}
        findings.files.update(refused)
        findings.refusals += [Refusal("UNREADABLE", source.centre, source.modality, (entry,)) for entry in refused]
    findings.readable.update(path for paths in named.values() for path in paths)
    findings.files |= findings.readable
    templates.sort(key=lambda pair: -_literal(pair[0]))  # the template with more text of its own is the better fit
    codes, date_format = source.codes(timepoints), source.timepoint.date if source.timepoint else ""
    words = None if date_format else codes
    readers: tuple[str, ...] = getattr(source.mask, "readers", ())
    known = [(template, compile_template(template, words, readers), found) for template, found in templates]
    others = [(path, compile_template(path, None, readers)) for path in source.templates if "{timepoint}" in path]
    first_timepoint = next(iter(timepoints))
    fitting, elsewhere, astray = Counter[str](), Counter[str](), list[str]()
    for name, path in _each(named, findings, cache, packed):
        for template, pattern, found in known:
            fields = _fields(pattern, name, names, codes, date_format)
            if fields is None:
                continue
            fitting[template] += 1
            if fields.get("patient") == "":
                findings.refusals.append(refusal_of("PATIENT_UNKNOWN", source, fields, path, first_timepoint))
            elif fields.get("timepoint") == "":
                findings.refusals.append(refusal_of("TIMEPOINT_UNKNOWN", source, fields, path, first_timepoint))
            else:
                found.append((fields, path))
            break
        else:
            for template, pattern in others:
                fields = _fields(pattern, name, names, codes)
                if fields:
                    elsewhere[template] += 1
                    unknown = {**fields, "timepoint": ""}
                    findings.refusals.append(refusal_of("TIMEPOINT_UNKNOWN", source, unknown, path, first_timepoint))
                    break
            else:
                astray.append(name)
    for template in (path for path, _ in whose if path):
        if not fitting[template]:
            what = _why_none(template, elsewhere[template], astray, codes)
            findings.doubts.append(doubt_about(source, what))
    pair_files(findings, sources, images, masks, [path for _, path in atlas_images], first_timepoint, packed)
    if any(doubt.code == "SOURCE_UNMATCHED" for doubt in findings.doubts):
        findings.refusals = [_pointing(one) for one in findings.refusals]
    for fields, _ in [*images, *masks] if date_format else ():
        if "patient" in fields and "timepoint" in fields:
            findings.see_day(fields["patient"], fields["timepoint"], shifted_day(fields["timepoint"]))
    findings.ignored = dict.fromkeys(findings.readable, "path")
    shared = [path for fields, path in [*masks, *atlas_images] if "patient" not in fields]
    findings.ignored |= dict.fromkeys(shared, "mask")
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
                    files = with_data(path, findings.readable, packed)
                except Rejected:
                    files = (path,)
                digests = tuple(one if isinstance(one, str) else str(path) for one in cache.digests(files))
                if digests in known:
                    findings.merged.update(files)
                    continue
                known.add(digests)
            yield name, path


def compile_template(
    template: str, timepoints: Collection[str] | None, readers: Collection[str] = ()
) -> re.Pattern[str]:
    """The pattern of a template: a group for each placeholder. Without time points any text stands for one.

    >>> compile_template("{patient}/{timepoint}.nii", {"baseline": 0}).fullmatch("P 1/baseline.nii").groupdict()
    {'patient': 'P 1', 'timepoint': 'baseline'}
    """
    known = sorted(timepoints or (), key=len, reverse=True)
    words = {
        "patient": "[^/]+",
        "timepoint": "|".join(re.escape(word) for word in known) if timepoints is not None else "[^/]+",
        "lesion": _WORD,
        "reader": "|".join(map(re.escape, sorted(readers, key=len, reverse=True))),
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
    found = match.groupdict()
    if "patient" in found:
        found["patient"] = names.patient(found["patient"])
    if "timepoint" not in found:
        return found
    if date_format:
        when = date_in(found["timepoint"], date_format)
        return {**found, "timepoint": unnamed(names.day(found.get("patient", ""), when)) if when else ""}
    return {**found, "timepoint": codes.get(found["timepoint"], "")}


def _fixed_part(template: str) -> str:
    """The folders before the first placeholder."""
    parts = template.split("/")[:-1]
    fixed = next((i for i, part in enumerate(parts) if "{" in part), len(parts))
    return "/".join(parts[:fixed])


def _literal(template: str) -> int:
    return len(re.sub(r"{.*?}", "", template))


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
