"""agree_readers: the consensus of readers whose masks were found, as a candidate beside theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from features.core.catalog.image_source import DicomSource, FileSource
from features.images.index.conflicts import refused
from features.images.index.findings import Candidate, Findings
from features.images.masks.consensus import LEAST_READERS

READERS = "readers"  # the format of the mask of a consensus, which is in no file


def agree_readers(findings: Findings, sources: Iterable[DicomSource]) -> None:
    """Add the consensus of each image that two readers or more drew. sources: those of consensuses.

    Refusal: READERS_FEW, where one reader alone drew it. Whom nobody drew has the refusals of the readers.
    """
    for source in sources:
        word, declared = source.mask.roi_name, source.mask.declared_readers
        names = {f"{word}_by_{reader}" for reader in declared}
        drawn: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
        for one in findings.candidates:
            if (one.centre, one.image_name) == (source.centre, source.image_name) and one.roi_name in names:
                drawn[one.patient, one.timepoint, one.image].append(one)
        for several in drawn.values():
            if len(several) < LEAST_READERS:
                few = replace(refused(several[0], "READERS_FEW"), roi_name=word)
                findings.refusals.append(replace(few, details={"readers": len(several), "of": len(declared)}))
            else:
                findings.candidates.append(consensus_of(source, several))


def split_consensus(sources: Iterable[DicomSource]) -> tuple[list[DicomSource], list[DicomSource]]:
    """Sources of consensuses, and all others."""
    found: tuple[list[DicomSource], list[DicomSource]] = [], []
    for one in sources:
        found[not one.mask.declared_readers].append(one)
    return found


def consensus_of(source: DicomSource | FileSource, drawn: Sequence[Candidate]) -> Candidate:
    """The consensus of what readers drew on one image, in the order in which the catalog names them."""
    declared = source.mask.declared_readers
    readers = tuple(sorted(drawn, key=lambda one: declared.index(one.reader)))
    return replace(
        readers[0],
        mask_format=READERS,
        mask=(),
        roi=source.mask.pattern,
        rule=source.rule,
        roi_name=source.mask.roi_name,
        reader="",
        readers=readers,
        consensus=source.mask.agreed_by,
        declared_readers=declared,
    )
