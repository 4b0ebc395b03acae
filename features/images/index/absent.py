"""tell_absent: which cases lack one of the images that their centre declares by words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from features.core.catalog.image_source import DicomSource, FileSource
from features.images.index.findings import Candidate, Findings, Refusal

Visit = tuple[str, str, str]  # centre, patient, time point


def tell_absent(findings: Findings, sources: Iterable[DicomSource | FileSource]) -> None:
    """Warn of every case without an image of a declared word (IMAGE_ABSENT), and take back what else says so.

    An image that was refused is there. Of a time point the words count that any patient of the centre has there, or none
    anywhere. A mask that serves other images of the case does not miss its own (IMAGE_MISSING).
    """
    declared: dict[str, dict[str, DicomSource | FileSource]] = defaultdict(dict)
    for source in sources:
        if source.image_name != source.modality:
            declared[source.centre].setdefault(source.image_name, source)
    seen: dict[Visit, set[str]] = defaultdict(set)
    at: dict[tuple[str, str], set[str]] = defaultdict(set)
    anywhere: dict[str, set[str]] = defaultdict(set)
    every: list[Candidate | Refusal] = [*findings.candidates, *findings.refusals]
    for one in every:
        if one.patient and one.timepoint and getattr(one, "code", "") != "IMAGE_MISSING":
            seen[one.centre, one.patient, one.timepoint].add(one.image_name)
            at[one.centre, one.timepoint].add(one.image_name)
            anywhere[one.centre].add(one.image_name)
    absent: set[tuple[str, ...]] = set()
    for (centre, patient, timepoint), there in sorted(seen.items()):
        for word, source in declared[centre].items():
            is_taken = word in at[centre, timepoint] or word not in anywhere[centre]
            if is_taken and word not in there:
                case = patient, timepoint
                doubt = Refusal("IMAGE_ABSENT", centre, source.modality, (), *case, image_name=word, roi_name="")
                findings.doubts.append(replace(doubt, message=f'the case has no image "{word}"'))
                absent.add((centre, *case, word))
    used = {file for one in findings.candidates for file in one.files}
    findings.refusals = [
        one
        for one in findings.refusals
        if one.code != "IMAGE_MISSING"
        or (one.centre, one.patient, one.timepoint, one.image_name) not in absent
        or not used.issuperset(one.files)
    ]
