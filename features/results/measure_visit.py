"""measure_visit: the files of a visit are read once; its scans are checked and measured by extractors of one region at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import groupby
from typing import NamedTuple, TypeVar

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.beside import Beside, Later
from features.core.storage.store import THUMBNAIL, Store
from features.images.reading import Reading
from features.images.region import read_region
from features.results.attempt import attempt
from features.results.check_scan import keep_check, note_of
from features.results.extract_scans import extract_region
from features.results.known_results import KnownResults
from features.results.label_maps import KeptLabelMaps
from features.results.pair_picture import keep_pair_picture
from features.results.picture import Drawer, Drawing
from features.results.registrations import KeptRegistrations
from features.results.samples import Preparing, keep_sample
from features.results.work import Extraction, Plan, Sample, Work

NO_SUCH_REGION = (
    "ROI_ABSENT"  # of a scan whose patient has no such region: others can be made of the image's other ROIs
)


Follows = TypeVar("Follows", bound=Extraction | Sample)


class Todo(NamedTuple):
    """What is to do for a scan: its check, None if that is kept, and its features and samples, in this order."""

    scan: Scan
    check: Work | None
    features: tuple[Extraction | Sample, ...] = ()

    def first(self) -> str:
        """The address of the first result that is to do."""
        return self.check.address if self.check else self.features[0].address

    def without_first(self) -> Todo | None:
        """What is to do if the first result cannot be had; None if that is nothing: no features without a check."""
        return None if self.check else self._replace(features=self.features[1:]).or_none()

    def without_kept(self, store: Store) -> Todo | None:
        """What is to do yet, by what the store holds; None if that is nothing."""
        check, features = self.check, self.features
        if check is not None and store.has(check.block, check.address):
            features = may_follow(features, store.rejection(check.block, check.address))
            check = None
        left = tuple(one for one in features if not store.has(one.block, one.address))
        return Todo(self.scan, check, left).or_none()

    def or_none(self) -> Todo | None:
        """What is to do if there is anything."""
        return self if self.check or self.features else None


class Job(NamedTuple):
    """What is to do for the scans of a visit, in the order of their images, and the pictures that these images are to have."""

    scans: tuple[Todo, ...]
    drawings: tuple[Drawing, ...] = ()

    def first(self) -> str:
        """The address of the first result that is to do."""
        return self.scans[0].first()

    def without_first(self) -> Job | None:
        """What is to do if the first result cannot be had; None if that is nothing. Pictures are nothing without results."""
        left = self._with((one.without_first() if i == 0 else one) for i, one in enumerate(self.scans))
        return left if left.scans else None

    def without_kept(self, store: Store) -> Job | None:
        """What is to do yet, by what the store holds; None if that is nothing."""
        drawings = tuple(one for one in self.drawings if not store.has(THUMBNAIL, one.address))
        left = self._with(one.without_kept(store) for one in self.scans)._replace(drawings=drawings)
        return left if left.scans or drawings else None

    def _with(self, scans: Iterable[Todo | None]) -> Job:
        return self._replace(scans=tuple(one for one in scans if one is not None))


def jobs_of(scans: Iterable[Todo], drawings: Iterable[Drawing] = ()) -> list[Job]:
    """A job for each visit, of its scans and pictures that are to do, in their order."""
    own: dict[tuple[str, str, str], list[Todo]] = {}
    pictures: dict[tuple[str, str, str], list[Drawing]] = {}
    for one in scans:
        own.setdefault(one.scan.visit, []).append(one)
    for drawing in drawings:
        pictures.setdefault(drawing.checks[0].scan.visit, []).append(drawing)
    return [Job(tuple(own.get(visit, ())), tuple(pictures.get(visit, ()))) for visit in {**own, **pictures}]


def may_follow(features: Sequence[Follows], rejected: Rejected | None) -> tuple[Follows, ...]:
    """The features that can be extracted after a check. Of a region that the patient has not, only what other ROIs make up."""
    if rejected is None:
        return tuple(features)
    return tuple(one for one in features if rejected.code == NO_SUCH_REGION and one.scan.terms)


def after_checks(plans: Iterable[Plan], known: KnownResults) -> list[Extraction]:
    """The features that can be extracted, of scans whose checks are done."""
    return [work for plan in plans for work in may_follow(plan.features, known.rejection(plan.check))]


def measure_visit(job: Job, store: Store) -> dict[str, Rejected]:
    """Do what is to do for a visit and keep each result, a rejection too; features only of a scan that passes its check.

    Returns, by address, the rejections that are not kept because they may pass.
    """
    return begin_visit(job, store).result()


def begin_visit(job: Job, store: Store) -> Later[dict[str, Rejected]]:
    """As `measure_visit`; what it returns waits for the results that are being written, beside which the next visit can begin."""
    todo = job.without_kept(store) or Job(())  # a worker may have been lost in the middle of it
    beside = Beside(store.root)
    reading, lost = _reading(store), dict[str, Rejected]()
    drawers = {one.image: Drawer(one) for one in todo.drawings}
    pairs: set[str] = set()
    for image, scans in groupby(todo.scans, lambda one: one.scan.key[:2]):
        drawer = drawers.pop(image, None)
        for one in scans:
            lost |= dict(_measure(one, reading, drawer, beside, pairs))
        if drawer:  # while the image is in memory
            drawer.keep(lambda scan: read_region(scan, reading), beside)
    for drawer in drawers.values():
        drawer.keep(lambda scan: read_region(scan, reading), beside)
    return beside.later(lost)


def draw_image(drawing: Drawing, store: Store) -> Rejected | None:
    """Read an image again for the picture that is not kept; what is returned is why there is none."""
    reading = _reading(store)
    return Drawer(drawing).keep(lambda scan: read_region(scan, reading), store)


def _reading(store: Store) -> Reading:
    """What a visit is read by: registrations that are kept, and what was noted of images when they were checked."""
    return Reading(KeptRegistrations(store), lambda scan: note_of(scan.counted, store), KeptLabelMaps(store))


def _measure(
    todo: Todo, reading: Reading, drawer: Drawer | None, store: Beside, pairs: set[str]
) -> Iterator[tuple[str, Rejected]]:
    """Do what is to do for a scan; yields the rejections that are not kept. pairs: registered images that were drawn."""
    last: dict[Scan, Region | Rejected] = {}

    def region_of(scan: Scan) -> Region | Rejected:
        if scan not in last:
            last.clear()
            last[scan] = attempt(lambda: read_region(scan, reading))
        return last[scan]

    features = todo.features
    if todo.check:
        if drawer:
            drawer.see(todo.scan, region_of(todo.scan))
        why = keep_check(todo.check, region_of(todo.scan), store)
        if why is not None and not store.has(todo.check.block, todo.check.address):
            yield todo.check.address, why
        elif why is None:
            pairs.add(keep_pair_picture(todo.check, reading, store, pairs))
        features = may_follow(features, why)
    preparing = Preparing(region_of, features)
    for work in features:
        if isinstance(work, Sample):
            rejected = keep_sample(work, preparing, store)
        else:
            store.wait()  # if a family ends this process, nothing before it is lost with it
            rejected = extract_region(work, preparing.of(work.scan, work.recipe), store)
        if rejected is not None:
            yield work.address, rejected


def load_libraries(recipes: Sequence[Recipe]) -> None:
    """Load what a worker needs to measure scans."""
    import_module("features.images.image_facts")
    for recipe in recipes:
        for extractor in recipe.extractors:
            if not extractor.batched:
                extractor.warm(recipe)
