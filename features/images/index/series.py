"""split_series: the images that the files of one DICOM series are, told by their headers alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from features.images.dicom.spacing import fit_steps
from features.images.index.header import PHASE, DicomFile

XRAY = ("CR", "DX")
SAME_PLACE_MM = 1e-2
SKEW = 0.1  # how far the length of a normal may be from 1; beyond, the orientation means nothing
OTHER_PLANE = 0.5  # cosine of the angle between normals below which slices lie in another plane

Files = list[DicomFile]


def split_series(files: Files) -> list[Files] | None:
    """The images of a series; None if slices repeat their positions and nothing in their headers separates them.

    A series whose positions do not repeat is one image: whether it is complete and regular the reader checks, and some
    scanners number acquisitions slice by slice. Where positions repeat, the series is split by the fewest of acquisition
    number, echo time, b-value, temporal position and image type that give regular stacks, if they give them in one way.
    Each file of an X-ray is an image.
    """
    if files[0].header.modality in XRAY:
        return [[file] for file in files]
    if not repeated(files):
        return [files]
    for count in range(1, len(PHASE) + 1):
        found: list[list[Files]] = []
        for tags in combinations(range(len(PHASE)), count):
            groups: dict[tuple[str, ...], Files] = defaultdict(list)
            for file in files:
                groups[tuple(file.header.phase[tag] for tag in tags)].append(file)
            parts = list(groups.values())
            if len(parts) > 1 and parts not in found and all(map(_is_stack, parts)):
                found.append(parts)
        if found:
            return found[0] if len(found) == 1 else None
    return None


def repeated(files: Files) -> list[Files]:
    """Files that lie at one position, position by position; none if a file does not tell its place."""
    if len(files) < 2 or not all(file.position_mm and file.header.orientation for file in files):
        return []
    if abs(float(np.linalg.norm(_normal(files[0].header.orientation))) - 1) > SKEW:
        return []
    found: list[Files] = []
    last = -np.inf
    here: Files = []
    depths = _along(files)
    for place in np.argsort(depths, kind="stable").tolist():
        if depths[place] - last > SAME_PLACE_MM:
            here = []
            found.append(here)
        here.append(files[place])
        last = depths[place]
    return [one for one in found if len(one) > 1]


def is_mixed(files: Files) -> bool:
    """Whether slices that repeat their positions look like several acquisitions, not like a slice that stands twice."""
    again = repeated(files)
    phases = any(len({file.header.phase for file in one}) > 1 for one in again)
    return phases or sum(map(len, again)) > len(files) / 2


def set_aside(files: Files) -> tuple[Files, Files]:
    """Slices of a series, and its localizers: images that say so, or that lie in another plane than most.

    Without a name only those count as localizers that leave a regular stack behind.
    """
    named = [file for file in files if file.header.kind == "localizer"]
    rest = [file for file in files if file.header.kind != "localizer"]
    planes = Counter(file.header.orientation for file in rest)
    if len(planes) > 1 and () not in planes:
        normal = _normal(planes.most_common(1)[0][0])
        other = {plane for plane in planes if abs(float(_normal(plane) @ normal)) < OTHER_PLANE}
        kept = [file for file in rest if file.header.orientation not in other]
        if len(kept) > len(rest) / 2 and len(kept) < len(rest) and _is_stack(kept):
            return kept, [*named, *(file for file in rest if file.header.orientation in other)]
    return rest, named


def is_gapless(files: Files) -> bool:
    """Whether the slices stack regularly: none is missing between the first and the last."""
    return len(files) == 1 or _is_stack(files)


def _is_stack(files: Files) -> bool:
    first = files[0].header
    if len(files) < 2 or not all(file.position_mm for file in files) or not first.orientation:
        return False
    for header in {id(file.header): file.header for file in files}.values():
        if header.grid != first.grid or not _close(header.orientation, first.orientation):
            return False
    depths = np.sort(_along(files))
    return bool(np.diff(depths).min() > SAME_PLACE_MM) and fit_steps(depths).is_whole


def _along(files: Files) -> NDArray[np.float64]:
    """Place of each slice along the normal of the first, mm."""
    positions: NDArray[np.float64] = np.array([file.position_mm for file in files])
    return positions @ _normal(files[0].header.orientation)


def _normal(orientation: Sequence[float]) -> NDArray[np.float64]:
    a, b, c, d, e, f = orientation
    return np.array([b * f - c * e, c * d - a * f, a * e - b * d])


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= 1e-3 for a, b in zip(one, other, strict=True))
