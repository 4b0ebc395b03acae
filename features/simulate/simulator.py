"""Simulator: a kind of cohort that is made up, with a planted truth, written as the files that sites would send."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from features.core.errors import RadweaveError, StoreError
from features.core.kinds.registry import Kind, Registry

Progress = Callable[[str, int, int], None]


class Simulator(Kind):
    """Settings of a simulated cohort. Equal settings give equal bytes. The first sentence of a kind's file tells what it is."""

    seed: int = Field(0, ge=0, description="equal seeds give equal bytes")
    patients_per_centre: int = Field(40, ge=1, le=9999, description="patients of each centre")

    @abstractmethod
    def write(self, folder: Path, progress: Progress | None) -> Path:
        """Write the cohort into an empty folder; the path of its catalog. progress(what, done, total): once a patient."""


SIMULATORS: Registry[Simulator] = Registry(Simulator, "features.simulate.kinds", default="lung")


def simulate(settings: Simulator, folder: Path, progress: Progress | None = None) -> Path:
    """Path of the data_catalog.yaml of a simulated cohort, written below `folder`, which is made.

    Raises RadweaveError if the folder holds anything, StoreError if it cannot be made.
    """
    empty_folder(folder)
    return settings.write(folder, progress)


def empty_folder(folder: Path) -> None:
    """Make the folder. Raises RadweaveError if it holds anything, StoreError if it cannot be made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RadweaveError(f"simulate: {folder} is not an empty folder; give a new one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"simulate: {folder} cannot be made: {error.strerror or error}") from error
