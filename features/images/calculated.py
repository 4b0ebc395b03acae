"""read_calculated: an image that is calculated from the volumes of an acquisition, out of DICOM series or a NIfTI file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.core.case import FileSet, ReadRule, Unit
from features.core.kinds.calculation import Calculation
from features.core.memory import claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.formats.nifti import read_nifti_volumes
from features.images.unit_plausibility import check_unit

_OF_PARTS = ("DiffusionBValue",)  # facts of a volume that its image does not have


def read_calculated(
    image: FileSet, calculation: Calculation, *, unit: Unit, rule: ReadRule | None = None, per_voxel: int = 0
) -> Volume:
    """The image that a calculation makes of files: all slices of all b-values or phases, or a NIfTI file of four axes.

    Of NIfTI, b-values come from the .bval file beside it, else both they and times from the catalog. Array: float32, (z, y, x).
    padding: voxels where the image is undefined, or one of its volumes has padding; they are 0. facts: those of the first
    volume that it is made of. unit: of the image. per_voxel: bytes of memory for each voxel of the volumes that are claimed.

    Raises Rejected: CALCULATION (b-values or phases are missing, untold, or on different grids), NII_4D, and the codes of
    `read_dicom_series` and `read_nifti`. Warns as they do, and UNIT_DOUBTFUL.
    """
    own: Unit = "arbitrary" if calculation.gives else unit
    if image.format == "dicom":
        told, volumes = _of_dicom(image.paths, calculation, own, rule or ReadRule(), per_voxel)
    elif image.format == "nifti":
        told, volumes = _of_nifti(image.paths, calculation, per_voxel)
    else:
        raise Rejected("CALCULATION", "only DICOM and NIfTI hold the volumes of an acquisition", format=image.format)
    first = volumes[0]
    if any(not one.matches(first) for one in volumes[1:]):
        raise Rejected("CALCULATION", "the volumes lie on different grids", volumes=len(volumes))
    array = calculation.combine(told, (one.array for one in volumes))
    warnings = tuple(_once(warned for one in volumes for warned in one.warnings))
    if image.format != "dicom" or calculation.gives:
        warnings += check_unit(array, unit)
    facts = {name: value for name, value in first.facts.items() if name not in _OF_PARTS}
    return replace(_padded(array, volumes), facts=facts, warnings=warnings)


def _of_dicom(
    paths: Sequence[Path], calculation: Calculation, unit: Unit, rule: ReadRule, per_voxel: int
) -> tuple[list[float], list[Volume]]:
    from features.images.dicom.parts import b_value_parts, phase_parts  # pydicom takes a while to import
    from features.images.dicom.series import read_frames, volume_of

    frames = read_frames(paths)
    if calculation.parts == "b_values":
        parts = b_value_parts(frames)
        told = [part.told for part in parts]
    else:
        parts = phase_parts(frames, calculation.clock)
        told = list(calculation.declared or [part.told for part in parts])
        _check_count(told, len(parts))
    chosen = calculation.choose(told)
    claim_memory(per_voxel * sum(math.prod(frame.matrix) for n in chosen for frame in parts[n].frames))
    return [told[n] for n in chosen], [volume_of(parts[n].frames, unit=unit, rule=rule) for n in chosen]


def _of_nifti(paths: Sequence[Path], calculation: Calculation, per_voxel: int) -> tuple[list[float], list[Volume]]:
    beside = [path for path in paths if path.name.endswith(".bval")]
    told: list[float] = []
    if calculation.parts == "b_values" and beside:
        told = _b_values(beside[0])
    elif calculation.declared:
        told = list(calculation.declared)
    chosen: tuple[int, ...] = ()

    def choose(count: int) -> tuple[int, ...]:
        nonlocal chosen
        if not told:
            told.extend([np.nan] * count)
        _check_count(told, count)
        chosen = calculation.choose(told)
        return chosen

    volumes = read_nifti_volumes(paths[0], choose, per_voxel=per_voxel)
    return [told[n] for n in chosen], volumes


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
