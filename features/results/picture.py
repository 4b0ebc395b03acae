"""picture: the thumbnail of an image with the contours of all its ROIs, kept once for the image.

It is kept at the address of the check of the image's ROI; where there are several ROIs, at an address that all their checks
decide: a further ROI gives another picture, and no kept one ever changes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import THUMBNAIL, Store
from features.images.thumbnail import Sketch
from features.results.attempt import attempt
from features.results.work import Work, scan_facts


@dataclass(frozen=True)
class Picture:
    """A PNG in base64, and the words of the ROIs whose contours it has, in the order of their colours.

    rois: empty of a picture of one ROI, which does not tell its word.
    """

    png: str
    rois: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """The picture that an image is to have: the checks of all its ROIs, in the order of their words."""

    checks: tuple[Work, ...]

    @property
    def image(self) -> tuple[str, str]:
        """Case and image."""
        return self.checks[0].scan.key[:2]

    @property
    def address(self) -> str:
        """Where it is kept."""
        return picture_address([work.address for work in self.checks])


def drawings_of(checks: Iterable[Work]) -> list[Drawing]:
    """The pictures of the images that scans are of."""
    images: dict[tuple[str, str], list[Work]] = {}
    for work in sorted(checks, key=lambda work: work.scan.sort_key):
        images.setdefault(work.scan.key[:2], []).append(work)
    return [Drawing(tuple(own)) for own in images.values()]


def picture_address(checks: Sequence[str]) -> str:
    """Where the picture of an image is kept; checks: the addresses of the checks of all its ROIs."""
    return checks[0] if len(checks) == 1 else digest_json(["picture", *sorted(checks)])


class Drawer:
    """Draws a picture of the regions that it sees while they are in memory, and reads those that it has not seen."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._sketch = Sketch()
        self._seen: dict[str, Rejected | None] = {}
        self._may_show = True

    def see(self, scan: Scan, region: Region | Rejected) -> None:
        """Take note of a ROI, or that it cannot be read: it is then left out of the picture."""
        if isinstance(region, Rejected):
            self._seen[scan.roi_name] = region
            return
        self._may_show &= not any(warning.code.startswith("PHI_") for warning in region.warnings)
        self._seen[scan.roi_name] = attempt(lambda: self._sketch.add(scan.roi_name, region))

    def keep(self, read: Callable[[Scan], Region], store: Store) -> Rejected | None:
        """Draw the picture and keep it; what is returned is why there is none. No check depends on it.

        Where pixels may show who the patient is (a warning PHI_…), nothing is drawn.
        """
        scans = [work.scan for work in self._drawing.checks]
        for scan in scans:
            if scan.roi_name not in self._seen:
                self.see(scan, attempt(lambda scan=scan: read(scan)))  # type: ignore[misc]
        if not self._may_show:
            return None
        if not self._sketch.rois:
            return next(why for why in self._seen.values() if why is not None)
        png = attempt(lambda: self._sketch.draw(scans[0].modality))
        if isinstance(png, Rejected):
            return png
        values = {"png": base64.b64encode(png).decode()}
        if len(scans) > 1:
            values["rois"] = json.dumps(self._sketch.rois)
        store.save(THUMBNAIL, self._drawing.address, values, scan_facts(scans[0]))
        return None


def load_picture(store: Store, address: str) -> Picture | None:
    """The picture at an address, None if none is kept. Raises StoreError if it is damaged."""
    if not address or not store.has(THUMBNAIL, address):
        return None
    found = store.load(THUMBNAIL, address)
    if isinstance(found, Rejected):
        return None
    return Picture(str(found["png"]), tuple(json.loads(str(found.get("rois", "[]")))))
