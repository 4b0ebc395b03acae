"""find_copies: scans of different patients that have the same voxels in their ROI, so that one may be a copy of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Warned

ALIKE = ("voxels", "volume_ml", "intensity_min", "intensity_mean", "intensity_max", "intensity_sd")


def find_copies(scans: Iterable[Scan], table: pa.Table, prefix: str) -> Iterator[tuple[Scan, Warned]]:
    """IMAGE_COPY for each scan whose facts in the region block equal those of another patient's, bit for bit.

    `prefix`: of the columns of one modality. Flat ROIs are often alike and prove nothing. The other patients are not named,
    because they may be withdrawn: `alike` is the same word for all of them.
    """
    facts = table.select([prefix + name for name in ALIKE]).to_pydict()
    rows = dict(zip(table["case"].to_pylist(), zip(*facts.values(), strict=True), strict=True))
    groups: dict[Sequence[float], list[Scan]] = defaultdict(list)
    for scan in scans:
        if (row := rows[str(scan.case)])[-1]:
            groups[row].append(scan)
    for row, group in groups.items():
        patients = len({scan.case.patient for scan in group})
        if patients > 1:
            told = Warned("IMAGE_COPY", details={"patients": patients, "alike": digest_json(row)[:12]})
            yield from ((scan, told) for scan in group)
