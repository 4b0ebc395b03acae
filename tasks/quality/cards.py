"""Cards: a picture of every image of every visit, with the contours of all its ROIs and what is to be said of them."""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from features.core.case import ROI, WHOLE_IMAGE
from features.core.errors import StoreError
from features.core.storage.store import Store
from features.images.thumbnail import CONTOURS, OTHERS, recoloured
from features.results.picture import Picture, load_picture
from features.results.prefixes import RESULT
from features.results.scan_name import ABSENT
from tasks.quality.distribution import number
from tasks.quality.outliers import Outlier
from tasks.quality.scan_facts import ScanFacts

NO_SUCH_IMAGE = "IMAGE_ABSENT"  # a case has no image of a word that the catalog declares
MOST_ROIS = 6  # that a card lists; of more, those with something to say
MOST_NAMED = 3  # ROIs that a mark names
_THREADS = 16
Colour = tuple[int, int, int]
Marks = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """A ROI on a card. colour: of its contour, as CSS, "" if it has none there. size: its volume in words."""

    roi: str
    colour: str
    size: str

    @property
    def name(self) -> str:
        """Its word, "" if it has none."""
        return "" if self.roi == ROI else self.roi


@dataclass(frozen=True)
class Card:
    """An image of a visit with its thumbnail (PNG in base64, "" if there is none). marks: what is to be said, with its kind.

    result: the address of the picture. left: ROIs that are not among the parts. there: whether the visit has the image at all.
    """

    id: str
    case: str
    centre: str
    image: str
    parts: tuple[Part, ...] = ()
    marks: Marks = ()
    png: str = ""
    result: str = ""
    left: int = 0
    there: bool = True

    @property
    def name(self) -> str:
        """The case id without the cohort, which all share."""
        return self.case.split(":", 1)[1]

    @property
    def patient(self) -> str:
        """The pseudonym."""
        return self.case.split(":")[1]

    @property
    def when(self) -> str:
        """Time point and lesion."""
        return " ".join(self.case.split(":")[2:])

    @property
    def volume(self) -> str:
        """The volume of the only ROI, where it has no name."""
        return next((part.size for part in self.parts if not part.name), "")

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        drawn = [part for part in self.parts if part.colour]
        if any(part.name for part in self.parts) or self.left:
            words = [f"{part.name} {part.size}".strip() for part in drawn] + [f"{self.left} more"] * (self.left > 0)
            return (
                f"{self.image} of {self.name}: the slice with most of its ROIs, with their contours: {', '.join(words)}"
            )
        size = f", ROI of {self.volume}" if self.volume else ""
        return f"{self.image} of {self.name}: the slice where the ROI is largest, with its contour{size}"


@dataclass(frozen=True)
class Visit:
    """The cards of a case, one for each image that its centre has of any case, or should have."""

    cards: tuple[Card, ...]

    @property
    def first(self) -> Card:
        """The first card, whose case, centre and names are those of all."""
        return self.cards[0]

    @property
    def is_marked(self) -> bool:
        """Whether there is anything to say."""
        return any(card.marks for card in self.cards)

    @property
    def pictures(self) -> int:
        """How many images it has."""
        return sum(card.there for card in self.cards)


def contour_colours(rois: Iterable[str]) -> dict[str, Colour]:
    """The colour of each ROI's contour, the same on all pictures of a cohort; many share the last one."""
    words = sorted(rois, key=lambda roi: (roi == WHOLE_IMAGE, roi))
    return {roi: CONTOURS[i] if i < len(CONTOURS) else OTHERS for i, roi in enumerate(words)}


def css(colour: Colour) -> str:
    """A colour as style sheets write it.

    >>> css((255, 106, 0))
    '#ff6a00'
    """
    return "#" + bytes(colour).hex()


def make_visits(
    store: Store, found: ScanFacts, outliers: Sequence[Outlier], warnings: Iterable[Mapping[str, Any]], most: int
) -> list[Visit]:
    """The visits of a cohort with their cards, those with something to say first; up to `most` pictures, more to end a visit."""
    apart = {(one.case, image) for one in outliers for image in one.images}
    said: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    images: dict[str, set[str]] = defaultdict(set)  # that a centre has, or lacks though the catalog declares them
    for row in warnings:
        said[row["case"], row["image"]].append((row["code"], row["roi"]))
        if row["code"] == NO_SUCH_IMAGE:
            images[row["centre"]].add(row["image"])
    visits: dict[str, list[Card]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for (case, image), part in found.scans.groupby(["case", "image"], sort=True):
        scans = [{str(name): value for name, value in row.items()} for row in part.to_dict("records")]
        key, centre = (str(case), str(image)), str(scans[0]["centre"])
        marks = [*_marks(scans, said.get(key, ())), *([("outlier", "note")] if key in apart else [])]
        card = Card(f"scan-{part.index[0]}", key[0], centre, key[1], marks=tuple(marks))
        visits.setdefault(key[0], []).append(card)
        rows[card.id] = scans
        images[centre].add(key[1])
    whole = [Visit(tuple(_with_lacking(cards, sorted(images[cards[0].centre]), said))) for cards in visits.values()]
    shown: list[Visit] = []
    for visit in sorted(whole, key=lambda visit: not visit.is_marked):
        if sum(one.pictures for one in shown) >= most:
            break
        shown.append(visit)
    colours = contour_colours(found.rois)
    there = [card for visit in shown for card in visit.cards if card.there]
    with ThreadPoolExecutor(_THREADS) as pool:
        drawn = pool.map(partial(_drawn, store, rows, colours), there)
    cards = {card.id: card for card in drawn}
    return [Visit(tuple(cards.get(card.id, card) for card in visit.cards)) for visit in shown]


def _marks(scans: Sequence[Mapping[str, Any]], warnings: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What is to be said of an image: codes with the ROIs that they are about, unless those are all."""
    told: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for row in scans:
        if row["state"] not in ("used", ABSENT):  # a warning tells what is absent
            told[row["state"], "error"][row["roi"]] = None
    for code, roi in warnings:
        told[code, "warning"][roi] = None
    every = {row["roi"] for row in scans}
    for (code, kind), rois in told.items():
        words = [roi for roi in rois if roi not in ("", ROI)]
        more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
        about = f": {', '.join(words[:MOST_NAMED])}{more}" if words and set(rois) != every else ""
        yield f"{code}{about}", kind


def _with_lacking(
    cards: Sequence[Card], images: Sequence[str], said: Mapping[tuple[str, str], Sequence[tuple[str, str]]]
) -> Iterator[Card]:
    """Cards in the order of the images; an image that the case lacks has a card that says so."""
    own = {card.image: card for card in cards}
    first = cards[0]
    for image in images:
        marks = tuple(dict.fromkeys((code, "warning") for code, _ in said.get((first.case, image), ())))
        lacking = Card(f"{first.id}-{image}", first.case, first.centre, image, marks=marks, there=False)
        yield own.get(image, lacking)


def _drawn(
    store: Store, rows: Mapping[str, Sequence[Mapping[str, Any]]], colours: Mapping[str, Colour], card: Card
) -> Card:
    """The card with its picture and its ROIs; one without if it is damaged: `quality --draw` draws it again."""
    scans = rows[card.id]
    owner = {row[RESULT]: row["roi"] for row in scans}
    picture, address = None, ""
    try:
        for address in dict.fromkeys([*(row["picture"] for row in scans), *owner]):
            picture = load_picture(store, address)
            if picture is not None:
                break
    except StoreError:
        card = replace(card, marks=(*card.marks, ("picture damaged", "warning")))
    drawn = (picture.rois or (owner.get(address, ROI),)) if picture else ()
    listed = scans
    if len(scans) > MOST_ROIS:
        listed = [row for row in scans if row["state"] != "used"][:MOST_ROIS]
    parts = tuple(
        Part(
            row["roi"],
            css(colours[row["roi"]]) if row["roi"] in drawn and row["roi"] != WHOLE_IMAGE else "",
            _size(row),
        )
        for row in listed
    )
    png = _coloured(picture, [colours.get(roi, OTHERS) for roi in drawn]) if picture else ""
    return replace(card, parts=parts, left=len(scans) - len(listed), png=png, result=address if picture else "")


def _coloured(picture: Picture, colours: Sequence[Colour]) -> str:
    return base64.b64encode(recoloured(base64.b64decode(picture.png), colours)).decode()


def _size(row: Mapping[str, Any]) -> str:
    if row["state"] == ABSENT:
        return ABSENT
    volume = float(row.get("volume_ml") or "nan")
    return f"{number(volume)} ml" if math.isfinite(volume) else ""
