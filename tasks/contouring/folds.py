"""patient_folds: which cases a network draws that was trained on the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from features.core.case import Scan
from features.core.errors import DataError

LEAST = 4  # patients: two folds of two


def patient_folds(scans: Sequence[Scan], folds: int, seed: int) -> list[int]:
    """The fold of each scan: patients stay together, each centre is spread over all folds; equal images are of one patient.

    The order follows from the bytes of the images, and not from the key of the pseudonyms. Folds are cut to half of the patients.
    Raises DataError for fewer than four patients.
    """
    owner: dict[str, str] = {}
    digests: dict[str, str] = {}
    for scan in sorted(scans, key=lambda one: one.image.digest):
        first = owner.setdefault(scan.image.digest, scan.case.patient)
        digests[scan.case.patient] = min(scan.image.digest, digests.get(scan.case.patient, scan.image.digest))
        if first != scan.case.patient:  # a copy: it goes where the other one goes
            digests[scan.case.patient] = digests[first]
    groups = sorted(set(digests.values()))
    if len(groups) < LEAST:
        raise DataError(f"a contouring network needs {LEAST} patients with a mask; there are {len(groups)}")
    many = min(folds, len(groups) // 2)
    centres: dict[str, list[str]] = defaultdict(list)
    for scan in scans:
        if digests[scan.case.patient] not in centres[scan.centre]:
            centres[scan.centre].append(digests[scan.case.patient])
    rng = np.random.default_rng(seed)
    dealt: dict[str, int] = {}
    for centre in sorted(centres):
        for digest in rng.permutation(sorted(centres[centre])):
            dealt.setdefault(str(digest), len(dealt) % many)
    return [dealt[digests[scan.case.patient]] for scan in scans]
