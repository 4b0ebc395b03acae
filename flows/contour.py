"""contour: a network that draws a ROI, trained on a cohort's contoured cases, with how well it draws those that it has not seen."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from prefect import flow

from features.core.case import Scan
from features.core.catalog.catalog import load_catalog
from features.core.errors import DataError, RadweaveError, hint_sentence
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.deep.contouring.settings import Contouring
from features.deep.contouring.unet import About
from features.deep.needed import check_installed, check_torch
from features.images.index.file_cache import FileCache
from features.results.known_results import KnownResults
from features.results.withdraw import withdrawn_cases
from features.results.work import plan_scans
from flows.commands.keys import store_key
from flows.refresh import tell_spoilt
from flows.serving.engine import gpu_slot, run_body, run_step
from flows.serving.parameters import Choice, checked, titled
from tasks.contour import show_scans, train_contours, write_contours
from tasks.contouring.written import Contoured
from tasks.index import index_scans
from tasks.measure import measure_scans
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner

BY_PEOPLE = ("given", "manual")  # how the ROIs were made that a network learns from


@flow(name="contour", flow_run_name="contours of {cohort}", persist_result=False, validate_parameters=False)
@checked
def contour(
    cohort: Annotated[str, titled("Cohort")],
    out: Annotated[str, titled("Folder of the network")],
    image: Annotated[str, titled("Image")] = "",
    roi: Annotated[str, titled("ROI")] = "roi",
    settings: Annotated[Contouring, titled("Settings of the network")] = Contouring(),  # noqa: B008 - the default of the form
    folds: Annotated[int, titled("Folds")] = 5,
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Contoured:
    """Train a 3D U-Net on what people drew, tell by folds of patients how well it draws, and write it as a mask source.

    Args:
        cohort: cohort of the catalog
        out: folder that the network, the table of cases and the page of pictures are written to
        image: word of the image, or its modality; none means the only one that has the ROI
        roi: word of the ROI
        settings: how the network is shown images, how large it is, and how long it is trained; none means all defaults
        folds: parts of the patients, each drawn by a network that was trained on the others
        runner: where images are prepared: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda _: _contour(cohort, Path(out), image, roi, settings, folds, Path(catalog), store, runner))


def _contour(
    cohort: str,
    out: Path,
    image: str,
    roi: str,
    settings: Contouring,
    folds: int,
    catalog: Path,
    place: str,
    runner: Runner,
) -> Contoured:
    declared, store = load_catalog(catalog), Store(open_place(place))
    declared.root(cohort)  # an unknown cohort or a missing folder is said before anything is computed
    check_torch()
    check_installed("monai", "safetensors")
    if folds < 2:
        raise RadweaveError(f"contour: folds is {folds}; allowed: 2 and more")
    key = store_key(store, catalog)
    with Pool(runner) as pool, store.writing(cohort):
        known, cache = KnownResults(store, cohort), FileCache.load(store.files(cohort), key)
        index = run_step(index_scans, catalog, cohort, cache, withdrawn=withdrawn_cases(store))
        usable = run_step(measure_scans, plan_scans(index.scans, ()), known, pool, cohort)
        scans = chosen_scans([plan.scan for plan in usable], cohort, image, roi)
        shown, left_out = run_step(show_scans, scans, settings, store, pool, cohort)
        tell_spoilt(known)
    with gpu_slot():
        about = About(scans[0].modality, scans[0].unit, scans[0].image_name, roi)
        found, pictures = run_step(train_contours, shown, settings, folds, store, out, cohort, about)
    found = replace(found, left_out=left_out)
    run_step(write_contours, out, found, pictures)
    return found


def chosen_scans(scans: list[Scan], cohort: str, image: str, roi: str) -> list[Scan]:
    """The scans of one image with a ROI that people drew. Raises RadweaveError for unknown words, DataError if there is none."""
    own = [one for one in scans if one.roi_name == roi and image.lower() in ("", one.image_name.lower())]
    if not own:
        there = sorted({f"{one.image_name} {one.roi_name}" for one in scans})
        hint = hint_sentence(f"{image} {roi}".strip(), there)
        raise RadweaveError(
            f'cohort "{cohort}" has no scan of {image or "an image"} with the ROI "{roi}" that can be used; it has '
            f"{', '.join(there) or 'none'}. {hint}".strip()
        )
    words = sorted({one.image_name for one in own})
    if len(words) > 1:
        raise RadweaveError(f'several images have the ROI "{roi}": {", ".join(words)}; name one by --image')
    drawn = [one for one in own if one.segmentation in BY_PEOPLE]
    if not drawn:
        raise DataError(
            f'cohort "{cohort}": a program made every ROI "{roi}" of {words[0]}; a network learns from people'
        )
    if any(one.case.lesion for one in drawn):
        what = "the masks have a case for each lesion, and a network draws all of them together"
        raise DataError(f'cohort "{cohort}": {what}; declare one ROI of all numbers in a catalog for it')
    return drawn
