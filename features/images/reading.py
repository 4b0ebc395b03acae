"""Reading: what has been opened of a visit. Each file is read once, whatever the number of ROIs and recipes that want it."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from features.core.box import bounding_box
from features.core.case import DrawnOn, Scan
from features.core.kinds.mask import MASKS, LabelArray, Mask
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Box, Volume
from features.images.calculated import Acquisition, calculate, open_acquisition
from features.images.dicom.again import read_again
from features.images.dicom.series import read_dicom_series
from features.images.formats.volume import read_volume
from features.images.masks.agreement import agreement_facts
from features.images.masks.carried import carry_mask, centre_of_mask
from features.images.masks.combined import combine_masks
from features.images.masks.computed_kept import InMemory as LabelMapsInMemory
from features.images.masks.computed_kept import LabelMaps, image_facts_of
from features.images.masks.consensus import LEAST_READERS, find_consensus
from features.images.masks.label_voxels import LabelVoxels, read_label_voxels
from features.images.masks.mask import read_mask
from features.images.masks.overlap import find_overlaps
from features.images.registration.facts import registration_facts
from features.images.registration.kept import InMemory, Registrations, pair_address, pair_facts
from features.images.registration.register import register
from features.images.registration.registered import Registered
from features.images.unit_plausibility import check_unit

BYTES_PER_VOXEL = 16  # of a whole image while it is read and prepared; measured: 13 (int16) to 15 (float32)
IMAGES = 3  # in memory at once: the image that is measured, the one that its masks belong to, a template
LABEL_MAPS, DATASETS = 16, 4  # label maps are cut to what is not 0
ABSENT = frozenset(
    {"LABEL_ABSENT", "MASK_EMPTY", "ROI_MISSING", "ROI_EMPTY"}
)  # what an absent ROI looks like to readers

T = TypeVar("T")


class Kept(Generic[T]):
    """The results that were asked for last; an error is a result, too."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._found: dict[Hashable, T | Rejected] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made before under a key, or is made now. Raises the Rejected that it was made with."""
        if key in self._found:
            found = self._found.pop(key)
        else:
            while len(self._found) >= self.most:
                del self._found[next(iter(self._found))]
            try:
                found = make()
            except Rejected as rejected:
                found = rejected
        self._found[key] = found
        if isinstance(found, Rejected):
            raise found
        return found


class Pair(NamedTuple):
    """Two images that were registered: moving is that which is measured; mask: the ROI as it was drawn on the fixed one."""

    moving: Volume
    fixed: Volume
    mask: Mask
    registered: Registered


class Reading:
    """The images, label maps and masks of a visit, each read when it is first asked for.

    Three images and a few label maps are in memory at once, every mask, cut to its box, and the files that an image was
    calculated from last.
    """

    def __init__(
        self,
        registrations: Registrations | None = None,
        note_of: Callable[[Scan], str] | None = None,
        label_maps: LabelMaps | None = None,
    ) -> None:
        """note_of: what was noted of the image of a scan when it passed its check (`Volume.note`), "" if nothing.

        label_maps: what keeps those that commands and networks make.
        """
        self._label_maps: LabelMaps = label_maps or LabelMapsInMemory()
        self._note_of = note_of or (lambda _: "")
        self._registrations: Registrations = registrations or InMemory()
        self._images: Kept[Volume] = Kept(IMAGES)
        self._labels: Kept[LabelVoxels] = Kept(LABEL_MAPS)
        self._datasets: Kept[Any] = Kept(DATASETS)
        self._acquisitions: Kept[Acquisition] = Kept(1)
        self._facts: dict[Hashable, Mapping[str, float | str]] = {}
        self._masks: Kept[tuple[Mask, Box, Sequence[Warned]]] = Kept(1000)

    def image(self, scan: Scan) -> Volume:
        """The image of a scan in the unit that the catalog declares.

        A DICOM PET is brought into that unit; other files are taken to be in it if they can be (`check_unit`). Raises Rejected
        with the readers' codes, HU_RANGE and PET_RANGE. Warns as the readers, and UNIT_DOUBTFUL.
        Raises TooLarge, before pixels are read, above the memory limit of this thread.
        """
        return self._images.get(_image_key(scan), lambda: self._image(scan))

    def _image(self, scan: Scan) -> Volume:
        if scan.calculation is None:
            return _read_image(scan, self._note_of(scan))
        opened = self._acquisitions.get(scan.image, lambda: open_acquisition(scan.image))
        return calculate(opened, scan.calculation, unit=scan.unit, rule=scan.rule, per_voxel=BYTES_PER_VOXEL)

    def labels(self, path: Path) -> LabelVoxels:
        """A label map, and where each label lies. Raises Rejected as `read_label_voxels`."""
        return self._labels.get(path, lambda: read_label_voxels(path))

    def dataset(self, path: Path) -> Any:
        """A DICOM file that holds contours or segments. Raises Rejected as `read_dataset`."""
        from features.images.dicom.dataset import read_dataset

        return self._datasets.get(path, lambda: read_dataset(path))

    def computed(self, scan: Scan, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        """The label map that a program makes of the image of a scan, kept under what decides it. Raises as `make`."""
        return self._label_maps.get({**image_facts_of(scan), **decided_by}, make)

    def mask(self, scan: Scan, image: Volume) -> tuple[Mask, Sequence[Warned]]:
        """The mask of a scan, bool (z, y, x) on the grid of its image, and what is to be said about it. It may be empty.

        Raises Rejected with the codes of the readers; ROI_ABSENT where the catalog allows that the patient has no such region;
        FRAME_OF_REFERENCE, where it was drawn on an image of another frame that nothing registers; MASK_EMPTY where nothing
        remains of ROIs that are taken away from each other.
        """
        part, box, warnings = self._masks.get(_mask_key(scan), lambda: _cut(*self._mask(scan, image)))
        mask = np.zeros(image.array.shape, np.bool_)
        mask[box] = part
        return mask, warnings

    def facts(self, scan: Scan) -> Mapping[str, float | str]:
        """How the mask of a scan was made, where that needs words; of a scan whose mask was asked for."""
        return self._facts.get(_mask_key(scan), {})

    def _mask(self, scan: Scan, image: Volume) -> tuple[Mask, Sequence[Warned]]:
        if scan.terms:
            return self._combined(scan, image)
        if scan.drawn_on is not None:
            return self._carried(scan, image, scan.drawn_on)
        if scan.readers:
            return self._agreed(scan, image)
        try:
            found = read_mask(scan, image, self)
        except Rejected as rejected:
            if scan.rule.absent == "ignore" and rejected.code in ABSENT:
                raise Rejected("ROI_ABSENT") from rejected
            raise
        mask = np.asarray(found.array, np.bool_)
        alone = replace(scan, apart=(), apart_masks=())
        for word, roi in scan.apart:
            self._check_apart(scan, mask, replace(alone, roi_name=word, roi=roi), image)
        for word, roi, files, rule in scan.apart_masks:
            self._check_apart(scan, mask, replace(alone, roi_name=word, roi=roi, mask=files, rule=rule), image)
        return mask, found.warnings

    def _check_apart(self, scan: Scan, mask: Mask, other: Scan, image: Volume) -> None:
        """Raises Rejected(ROI_OVERLAP) if a ROI shares voxels with another one; one that cannot be read shares none."""
        try:
            beside, _ = self.mask(other, image)
        except Rejected:
            return
        if found := find_overlaps({scan.roi_name: mask, other.roi_name: beside}):
            raise found[scan.roi_name]

    def _agreed(self, scan: Scan, image: Volume) -> tuple[Mask, Sequence[Warned]]:
        """The consensus of the readers whose masks can be used; whose own file lacks the region has a vote, too."""
        masks: dict[str, Mask] = {}
        warnings: list[Warned] = []
        for one in scan.readers:
            try:
                masks[one.reader], told = self.mask(one, image)
                warnings += told
            except Rejected as rejected:
                if rejected.code in TRANSIENT:
                    raise
                if rejected.code == "ROI_ABSENT" and MASKS.load(one.mask.format).files == "path":
                    masks[one.reader] = np.zeros(image.array.shape, np.bool_)
        counts: dict[str, float | int | str] = {"readers": len(masks), "of": len(scan.declared_readers)}
        if len(masks) < LEAST_READERS:
            raise Rejected("READERS_FEW", "", **counts)
        found = find_consensus(list(masks.values()), "staple" if scan.consensus == "staple" else "majority")
        if not found.any() and scan.rule.absent == "ignore":
            raise Rejected("ROI_ABSENT", "the readers agree that there is no such region", **counts)
        if len(masks) < len(scan.declared_readers):
            warnings.append(Warned("READERS_FEWER", "", counts))
        self._facts[_mask_key(scan)] = agreement_facts(masks, image.spacing_mm)
        return found, [one for i, one in enumerate(warnings) if one not in warnings[:i]]

    def _combined(self, scan: Scan, image: Volume) -> tuple[Mask, Sequence[Warned]]:
        masks: list[tuple[Any, Mask | None]] = []
        warnings: list[Warned] = []
        for term in scan.terms:
            try:
                mask, told = self.mask(term.scan, image)
            except Rejected as rejected:
                if rejected.code != "ROI_ABSENT":
                    what = f'of "{scan.roi}" the ROI "{term.scan.roi_name}": {rejected.message}'
                    raise Rejected(rejected.code, what, **rejected.details) from rejected
                mask, told = None, ()
            masks.append((term.sign, mask))
            warnings += told
        return combine_masks(masks, scan.roi), [one for i, one in enumerate(warnings) if one not in warnings[:i]]

    def pair(self, scan: Scan) -> Pair | None:
        """The images that were registered for the ROI of a scan, None if none were. Raises as `mask`."""
        if scan.drawn_on is None or scan.drawn_on.registration is None:
            return None
        image, there = self.image(scan), self._there(scan, scan.drawn_on)
        other = self.image(there)
        return Pair(image, other, self.mask(there, other)[0], self._registered(scan, scan.drawn_on, image, other))

    def _carried(self, scan: Scan, image: Volume, drawn: DrawnOn) -> tuple[Mask, Sequence[Warned]]:
        """The mask that was drawn on another image, on the grid of this one."""
        there = self._there(scan, drawn)
        other = self.image(there)
        if drawn.registration is None and len({image.frame, other.frame} - {""}) > 1:
            what = f"the ROI was drawn on {drawn.image_name}, which has another frame of reference"
            raise Rejected("FRAME_OF_REFERENCE", what)
        mask, warnings = self.mask(there, other)
        self._facts[_mask_key(scan)] = self.facts(there)
        if drawn.registration is None:
            return (mask if other.matches(image) else carry_mask(mask, other, image)), warnings
        if not mask.any():
            return np.zeros(image.array.shape, np.bool_), warnings
        found = self._registered(scan, drawn, image, other)
        middle = centre_of_mask(mask, other)
        facts = registration_facts(found, drawn.image_name, middle, pair_address(scan, drawn))
        self._facts[_mask_key(scan)] = {**self.facts(there), **facts}
        carried = carry_mask(mask, other, image, found.transform)
        return carried, (*warnings, *found.warnings(drawn.registration))

    def _there(self, scan: Scan, drawn: DrawnOn) -> Scan:
        """The ROI of a scan on the image that it was drawn on."""
        own = scan.rule
        rule = replace(
            drawn.rule,
            mask_grid=own.mask_grid,
            threshold=own.threshold,
            several=own.several,
            absent=own.absent,
            overlap=own.overlap,
        )
        return replace(
            scan,
            image=drawn.image,
            unit=drawn.unit,
            rule=rule,
            drawn_on=drawn.drawn_on,
            calculation=drawn.calculation,
        )

    def _registered(self, scan: Scan, drawn: DrawnOn, image: Volume, other: Volume) -> Registered:
        """Where the image of a scan lies in the one that its mask was drawn on."""
        settings = drawn.registration
        if settings is None:
            raise AssertionError(f"{scan.key}: nothing to register")
        address, facts = pair_address(scan, drawn), pair_facts(scan, drawn)
        return self._registrations.get(address, facts, lambda: register(image, other, settings))


def _image_key(scan: Scan) -> Hashable:
    return scan.image, scan.unit, scan.rule.regrid, scan.rule.volume, scan.calculation


def _mask_key(scan: Scan) -> Hashable:
    made_of = scan.terms, scan.readers, scan.consensus, scan.apart, scan.apart_masks, scan.settings, scan.inside
    return _image_key(scan), scan.mask, scan.roi, scan.rule, scan.drawn_on, *made_of


def _read_image(scan: Scan, note: str) -> Volume:
    """note: of files that were read and checked before, what was noted of them; of the unit of voxels, what is doubtful."""
    paths = scan.image.paths
    if scan.image.format == "dicom":
        known = read_again(paths, note, per_voxel=BYTES_PER_VOXEL) if note else None
        return known or read_dicom_series(paths, unit=scan.unit, rule=scan.rule, per_voxel=BYTES_PER_VOXEL)
    image = read_volume(paths[0], volume=scan.rule.volume, per_voxel=BYTES_PER_VOXEL)
    doubts = [Warned(**one) for one in json.loads(note)] if note else check_unit(image.array, scan.unit)
    noted = json.dumps([asdict(one) for one in doubts])
    return replace(image, warnings=(*image.warnings, *doubts), note=noted)


def _cut(mask: Mask, warnings: Sequence[Warned]) -> tuple[Mask, Box, Sequence[Warned]]:
    """A mask cut to its box, so that many of them fit into memory."""
    box: Box = bounding_box(mask) if mask.any() else (slice(0), slice(0), slice(0))
    return mask[box].copy(), box, warnings
