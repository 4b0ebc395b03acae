"""Contour: what a network is shown, the networks of the folds and of all cases, and what they draw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.errors import DataError
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.deep.contouring.draw import draw
from features.deep.contouring.settings import Contouring
from features.deep.contouring.train import train_unet
from features.deep.contouring.unet import About, save_network
from features.images.thumbnail import draw_thumbnail
from features.results.attempt import attempt
from features.results.registrations import read_kept
from tasks.contouring.agreed import Drawn, drawn_case
from tasks.contouring.folds import patient_folds
from tasks.contouring.shown import Showing, open_showing, show_scan, showing_of
from tasks.contouring.written import Contoured, write_contoured
from tasks.running.pool import Pool

if TYPE_CHECKING:
    import torch

KEPT = ".training"  # folder of half-trained networks beside the network; it is gone when all is done


@task(name="show contoured images", cache_policy=NO_CACHE, persist_result=False)
def show_scans(
    scans: Sequence[Scan], settings: Contouring, store: Store, pool: Pool, cohort: str
) -> tuple[list[Showing], Mapping[str, int]]:
    """What can be shown of the scans, made where it is missing; code → scans of which there is nothing."""
    every = [showing_of(scan, settings) for scan in scans]
    told = pool.map(partial(show_scan, settings=settings, store=store), every, f"{cohort}: what the network is shown")
    shown = [one for one, why in zip(every, told, strict=True) if why is None]
    return shown, Counter(one.code for one in told if isinstance(one, Rejected))


@task(name="train contours", cache_policy=NO_CACHE, persist_result=False)
def train_contours(
    shown: Sequence[Showing], settings: Contouring, folds: int, store: Store, folder: Path, cohort: str, about: About
) -> tuple[Contoured, Mapping[str, bytes]]:
    """Train a network for each fold and one on all cases, let those of the folds draw, and keep that of all.

    A run that was killed goes on after the last epoch that it finished. Raises
    DataError for fewer than four patients.
    """
    places = patient_folds([one.scan for one in shown], folds, settings.seed)
    many = max(places) + 1
    rows: list[Drawn] = []
    pictures: dict[str, bytes] = {}
    for fold in range(many):
        own = [one for one, place in zip(shown, places, strict=True) if place != fold]
        network = _train(own, settings, store, folder, f"fold {fold + 1} of {many}")
        for one in (one for one, place in zip(shown, places, strict=True) if place == fold):
            region = read_kept(one.scan, store)
            found = attempt(partial(draw, network, region.volume, settings))
            if isinstance(found, Rejected):
                raise DataError(
                    f"{one.scan.case}: it was shown to the network before, and cannot be now: {found.message}"
                )
            names = str(one.scan.case), one.scan.case.patient, one.scan.centre
            rows.append(drawn_case(names, fold + 1, region.shape_mask, found, region.volume.spacing_mm))
            if png := _picture(one.scan, region, found):
                pictures[str(one.scan.case)] = png
    network = _train(shown, settings, store, folder, "all cases")
    sha256 = save_network(folder / "network.safetensors", network, settings, about)
    return Contoured(cohort, about.image, about.roi, settings, many, tuple(rows), {}, sha256), pictures


@task(name="write contours", cache_policy=NO_CACHE, persist_result=False)
def write_contours(folder: Path, found: Contoured, pictures: Mapping[str, bytes]) -> None:
    """Write table, summary and page; half-trained networks are not needed any more."""
    write_contoured(folder, found, pictures)
    for path in sorted((folder / KEPT).glob("*.pt")):
        path.unlink()
    if (folder / KEPT).is_dir():
        (folder / KEPT).rmdir()


def _train(shown: Sequence[Showing], settings: Contouring, store: Store, folder: Path, what: str) -> "torch.nn.Module":
    cases = [partial(open_showing, one, store) for one in shown]
    decided_by = digest_json([settings.model_dump(mode="json"), [one.address for one in shown]])
    kept = folder / KEPT / f"{decided_by[:32]}.pt"
    return train_unet(cases, settings, kept=kept, decided_by=decided_by, what=f"contours, {what}")


def _picture(scan: Scan, region: Region, found: NDArray[np.bool_]) -> bytes | None:
    """What people drew in the first colour, and the network in the second; nothing where a picture may show who it is."""
    if any(one.code.startswith("PHI_") for one in region.warnings):
        return None
    both = [Region(region.volume, region.shape_mask), *([Region(region.volume, found)] if found.any() else [])]
    png = attempt(partial(draw_thumbnail, both, scan.modality))
    return None if isinstance(png, Rejected) else png
