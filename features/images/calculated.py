"""calculate: an image that is calculated from the volumes of an acquisition, out of DICOM series or a NIfTI file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.case import FileSet, ReadRule, Unit
from features.core.kinds.calculation import Calculation
from features.core.memory import claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.formats.nifti import NiftiVolumes, read_nifti_volumes
from features.images.unit_plausibility import check_unit

if TYPE_CHECKING:
    from features.images.dicom.frames import Frame

_OF_PARTS = ("DiffusionBValue",)  # facts of a volume that its image does not have


@dataclass(frozen=True, slots=True, eq=False)
class Acquisition:
    """The files of an acquisition, each of them opened, from which several images may be calculated.

    slices: of DICOM; volumes: of NIfTI. b_values: of NIfTI volumes, from the .bval file beside it; none if there is none.
    bytes: size of the files.
    """

    slices: Sequence[Frame] = ()
    volumes: NiftiVolumes | None = None
    b_values: Sequence[float] = ()
    bytes: int = 0


def open_acquisition(image: FileSet) -> Acquisition:
    """The files of an image that is calculated; pixels are not decoded yet.

    Raises Rejected: CALCULATION (of another format, or a .bval file that holds something else), and the codes of `read_frames`
    and `read_nifti`; TooLarge above the memory limit of this thread.
    """
    try:
        size = sum(path.stat().st_size for path in image.paths)
    except OSError as error:
        raise Rejected("UNREADABLE", "a file cannot be opened") from error
    claim_memory(size)
    if image.format == "dicom":
        from features.images.dicom.series import read_frames  # pydicom takes a while to import

        return Acquisition(read_frames(image.paths), bytes=size)
    if image.format != "nifti":
        raise Rejected("CALCULATION", "only DICOM and NIfTI hold the volumes of an acquisition", format=image.format)
    beside = [path for path in image.paths if path.name.endswith(".bval")]
    told = _b_values(beside[0]) if beside else ()
    return Acquisition(volumes=read_nifti_volumes(image.paths[0]), b_values=told, bytes=size)


def calculate(
    opened: Acquisition,
    calculation: Calculation,
    *,
    unit: Unit,
    rule: ReadRule | None = None,
    per_voxel: int = 0,
) -> Volume:
    """The image that a calculation makes of an acquisition: of all slices of its b-values or phases, or of NIfTI volumes.

    Of NIfTI, b-values come from the .bval file beside it, else both they and times from the catalog. Array: float32, (z, y, x).
    padding: voxels where the image is undefined, or one of its volumes has padding; they are 0. facts: those of the first
    volume that it is made of. unit: of the image. per_voxel: bytes of memory for each voxel of the volumes that are claimed.

    Raises Rejected: CALCULATION (b-values or phases are missing, untold, or on different grids), NII_4D, and the codes of
    `volume_of` and `read_nifti`; TooLarge as `claim_memory`. Warns as they do, and UNIT_DOUBTFUL.
    """
    own: Unit = "arbitrary" if calculation.gives else unit
    if opened.volumes is None:
        told, volumes = _of_slices(opened, calculation, own, rule or ReadRule(), per_voxel)
    else:
        told, volumes = _of_volumes(opened, opened.volumes, calculation, per_voxel)
    first = volumes[0]
    if any(not one.matches(first) for one in volumes[1:]):
        raise Rejected("CALCULATION", "the volumes lie on different grids", volumes=len(volumes))
    array = calculation.combine(told, (one.array for one in volumes))
    warnings = tuple(_once(warned for one in volumes for warned in one.warnings))
    if opened.volumes is not None or calculation.gives:
        warnings += check_unit(array, unit)
    facts = {name: value for name, value in first.facts.items() if name not in _OF_PARTS}
    return replace(_padded(array, volumes), facts=facts, warnings=warnings)


def _of_slices(
    opened: Acquisition, calculation: Calculation, unit: Unit, rule: ReadRule, per_voxel: int
) -> tuple[list[float], list[Volume]]:
    from features.images.dicom.parts import b_value_parts, check_scale, phase_parts  # pydicom takes a while to import
    from features.images.dicom.series import volume_of

    if calculation.parts == "b_values":
        parts = b_value_parts(opened.slices)
        told = [part.told for part in parts]
    else:
        parts = phase_parts(opened.slices, calculation.clock)
        told = list(calculation.declared or [part.told for part in parts])
        _check_count(told, len(parts))
    chosen = calculation.choose(told)
    if len(chosen) > 1:
        check_scale([frame for n in chosen for frame in parts[n].frames])
    voxels = sum(math.prod(frame.matrix) for n in chosen for frame in parts[n].frames)
    claim_memory(opened.bytes + per_voxel * voxels)
    return [told[n] for n in chosen], [volume_of(parts[n].frames, unit=unit, rule=rule) for n in chosen]


def _of_volumes(
    opened: Acquisition, volumes: NiftiVolumes, calculation: Calculation, per_voxel: int
) -> tuple[list[float], list[Volume]]:
    told = list(opened.b_values if calculation.parts == "b_values" else ())
    told = told or list(calculation.declared or [math.nan] * volumes.count)
    _check_count(told, volumes.count)
    chosen = calculation.choose(told)
    claim_memory(len(volumes.raw) + per_voxel * len(chosen) * volumes.voxels)
    return [told[n] for n in chosen], [volumes.volume(n) for n in chosen]


def _check_count(told: Sequence[float], count: int) -> None:
    if len(told) != count:
        raise Rejected(
            "CALCULATION",
            "there are not as many volumes as b-values or times that are told for them",
            volumes=count,
            told=len(told),
        )


def _b_values(path: Path) -> list[float]:
    """The numbers of a .bval file, as FSL writes it."""
    try:
        found = [float(word) for word in path.read_text("ascii").split()]
    except OSError as error:
        raise Rejected("UNREADABLE", "a file cannot be opened") from error
    except ValueError as error:
        raise Rejected("CALCULATION", "the .bval file holds something else than numbers") from error
    if not np.isfinite(found).all() or min(found, default=0) < 0:
        raise Rejected("CALCULATION", "the .bval file holds numbers that are no b-values")
    return found


def _padded(array: NDArray[np.float32], volumes: Sequence[Volume]) -> Volume:
    """The image with its undefined voxels, and those of padding, marked as padding."""
    padding = ~np.isfinite(array)
    for one in volumes:
        if one.padding is not None:
            padding |= one.padding
    if not padding.any():
        return replace(volumes[0], array=array, padding=None)
    return replace(volumes[0], array=np.where(padding, np.float32(0), array), padding=padding)


def _once(warnings: Iterator[Warned]) -> Iterator[Warned]:
    known: list[Warned] = []
    for one in warnings:
        if one not in known:
            known.append(one)
            yield one
