"""run_command: a program that makes masks, run on one image. Nothing of what it prints is kept: it may hold anything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from features.core.errors import MachineError
from features.core.kinds.mask import LabelArray
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.core.storage.lock import locked
from features.images.masks.grid import difference
from features.images.masks.label_voxels import LabelVoxels, read_label_voxels

CASE = "case"  # what the one image is called, as nnU-Net wants it: case_0000.nii.gz
OURS = ("RADWEAVE_", "PREFECT_", "DASK_")  # beginnings of environment variables that are no business of the program
VERSION_S, MOST_CHARACTERS = 120, 2000  # of what a program says of its version


@dataclass(frozen=True, slots=True)
class Run:
    """What is run: arguments with placeholders, and what the program said of its version where the work was planned."""

    kind: str
    command: Sequence[str]
    version: Sequence[str]
    version_told: str
    sha256: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    weights: str = ""
    time_limit_s: int = 3600


def run_command(run: Run, image: Volume) -> LabelArray:
    """The label map (z, y, x) that the program makes of an image, on its grid; it may hold no label.

    One run at a time on a machine: such programs take all processors, or the GPU. Raises Rejected: TIMEOUT (it took longer than
    its limit), COMMAND_FAILED (it ended with an error, or wrote no mask, several, one on another grid, or labels above 65535).
    Raises MachineError if it is not installed, or is of another version here.
    """
    said = version_of(tuple(run.version))
    if said != run.version_told:
        raise MachineError(
            f'mask: command: {run.command[0]} says "{said}" here and "{run.version_told}" where the refresh was planned; '
            "install one version on all machines"
        )
    with tempfile.TemporaryDirectory(prefix="radweave-") as name:
        folder = Path(name)
        given, made = folder / "image", folder / "mask"
        given.mkdir()
        made.mkdir()
        _write(image, given / f"{CASE}_0000.nii.gz")
        places = {
            "{image}": str(given / f"{CASE}_0000.nii.gz"),
            "{image_folder}": str(given),
            "{mask}": str(made / f"{CASE}.nii.gz"),
            "{mask_folder}": str(made),
            "{weights}": run.weights,
        }
        arguments = [_filled(one, places) for one in run.command]
        added = {name: _filled(value, places) for name, value in run.environment.items()}
        with locked(Path(tempfile.gettempdir()) / f"radweave-commands-{os.getuid()}" / "one", "", wait=True):
            status = _call(arguments, _environment() | added, folder, run.time_limit_s)
        if status is None:
            raise Rejected("TIMEOUT", f"the command took longer than {run.time_limit_s} s", limit_s=run.time_limit_s)
        if status != 0:
            raise Rejected("COMMAND_FAILED", f"the command ended with the status {status}", status=status)
        return _read(made, image)


@lru_cache(maxsize=64)
def version_of(arguments: tuple[str, ...]) -> str:
    """What a program says of its version, on one line. Raises MachineError if it is not installed, or says nothing."""
    _installed(arguments[0])
    try:
        done = subprocess.run(
            list(arguments),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=VERSION_S,
            env=_environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(
            f"mask: command: {arguments[0]} does not say its version ({type(error).__name__})"
        ) from error
    text = " ".join((done.stdout or done.stderr).decode("utf-8", "replace").split())[:MOST_CHARACTERS]
    if done.returncode != 0 or not text:
        raise MachineError(
            f"mask: command: {' '.join(arguments)} ends with the status {done.returncode} and says no version; correct version:"
        )
    return text


def _installed(program: str) -> None:
    if shutil.which(program) is None:
        raise MachineError(
            f'mask: command: there is no program "{program}" on this machine; install it, or correct its name'
        )


def _environment() -> dict[str, str]:
    """The environment of the program: ours without what concerns radweave, its key and its stores."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def _filled(text: str, places: Mapping[str, str]) -> str:
    for placeholder, place in places.items():
        text = text.replace(placeholder, place)
    return text


def _call(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, limit_s: int) -> int | None:
    """The exit status of a program; None if it was ended at its time limit, with all that it had started."""
    _installed(arguments[0])
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise MachineError(f"mask: command: {arguments[0]} cannot be run: {error.strerror or error}") from error
    try:
        return process.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _write(image: Volume, path: Path) -> None:
    """The image as NIfTI, with nothing but its voxels and its place."""
    import SimpleITK as sitk

    array = (
        image.array
        if image.array.dtype.kind in "iu" and image.array.dtype.itemsize <= 4
        else image.array.astype(np.float32)
    )
    written = sitk.GetImageFromArray(np.ascontiguousarray(array))
    written.SetSpacing(image.spacing_mm)
    written.SetOrigin(image.origin_mm)
    written.SetDirection(image.direction)
    sitk.WriteImage(written, str(path))


def _read(made: Path, image: Volume) -> LabelArray:
    files = sorted(one for one in made.rglob("*") if one.name.endswith((".nii", ".nii.gz")))
    if len(files) != 1:
        raise Rejected(
            "COMMAND_FAILED", f"the command wrote {len(files)} NIfTI files, and one is needed", files=len(files)
        )
    try:
        found = read_label_voxels(files[0])
    except Rejected as rejected:
        raise Rejected("COMMAND_FAILED", f"what the command wrote is no label map: {rejected.message}") from rejected
    if not found.grid.matches(replace(image, plane="")):
        what = f"the command wrote a mask on another grid: {difference(found.grid, image)}"
        raise Rejected("COMMAND_FAILED", what)
    return _whole(found)


def _whole(found: LabelVoxels) -> LabelArray:
    array = np.zeros(found.grid.array.shape, np.uint16)
    for layer in found.layers:
        if layer.voxels.size and not 0 <= int(layer.voxels.min()) <= int(layer.voxels.max()) < 2**16:
            raise Rejected("COMMAND_FAILED", "the command wrote labels below 0 or above 65535")
        z, y, x = (slice(at, at + length) for at, length in zip(layer.start, layer.voxels.shape, strict=True))
        array[z, y, x] = layer.voxels
    return array
