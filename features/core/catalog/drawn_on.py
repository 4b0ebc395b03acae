"""drawn_on_faults: what a catalog says wrongly of images that take their ROIs from another image, and of registrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from features.core.catalog.image_source import DicomSource, FileSource
from features.core.errors import Fault, did_you_mean
from features.core.registration import TEMPLATE
from features.core.yaml import Document, Loc

Source = DicomSource | FileSource


def drawn_on_faults(document: Document, cohort: str, images: Sequence[Source]) -> Iterator[Fault]:
    """Faults of a cohort's entries under `images`, each once, with its line.

    An image takes ROIs from another image of its centre, whose ROIs were drawn on that one: no chains, no circles. A
    registration is to the image that the ROIs were drawn on.
    """
    sources = [one for declared in images for one in declared.each()]
    told: set[str] = set()
    for i, declared in enumerate(images):
        for source in declared.each():
            own = [one for one in sources if one.centre == source.centre]
            for place, what, found, allowed, hint in _faults(source, own):
                where = document.where(("cohorts", cohort, "images", i, *place))
                fault = Fault(where, what, found, allowed, hint)
                if str(fault) not in told:
                    told.add(str(fault))
                    yield fault


def _faults(source: Source, own: Sequence[Source]) -> Iterator[tuple[Loc, str, str, str, str]]:
    """Place below the source, what is wrong, what was found, what is allowed, a hint. own: all sources of the centre."""
    word, drawn, registration = source.image_name, str(getattr(source.mask, "image", "")), source.registration
    others = list(dict.fromkeys(one.image_name for one in own if not _is(one, word)))
    if drawn:
        yield from _of_faults(source, drawn, own, others)
    if registration is None:
        return
    place: Loc = ("registration", "to")
    template = str(getattr(source.mask, "template", ""))
    wanted = drawn or (TEMPLATE if template else "")
    if _same(registration.to, word):
        what = f'the image "{word}" would be registered to itself'
        yield place, what, "", wanted or ", ".join(others), ""
    elif not wanted:
        hint = f"take it out, or say mask: {{format: of, image: {registration.to}}}"
        yield ("registration",), f'the ROIs of "{word}" are its own, so that nothing is brought over', "", "", hint
    elif wanted == TEMPLATE and registration.to != TEMPLATE:
        what = "the ROIs were drawn on the template of the atlas, so that the registration is to it"
        yield place, what, f'"{registration.to}"', TEMPLATE, ""
    elif registration.to != TEMPLATE and not any(_is(one, registration.to) for one in own):
        hint = did_you_mean(registration.to, others)
        yield place, f'centre {source.centre} has no other image "{registration.to}"', "", ", ".join(others), hint
    elif drawn and not _same(registration.to, drawn):
        yield place, "the registration is not to the image that the ROIs are of", f'"{registration.to}"', drawn, ""


def _of_faults(
    source: Source, drawn: str, own: Sequence[Source], others: Sequence[str]
) -> Iterator[tuple[Loc, str, str, str, str]]:
    """Faults of the image whose ROIs are taken over."""
    word, place = source.image_name, ("mask", "image")
    if _same(drawn, word):
        yield place, f'the image "{word}" would take its ROIs from itself', "", ", ".join(others), ""
        return
    there = [one for one in own if _is(one, drawn)]
    if not there:
        hint = did_you_mean(drawn, others)
        yield place, f'centre {source.centre} has no other image "{drawn}"', "", ", ".join(others), hint
        return
    drawn_there = [one for one in there if one.steps or not getattr(one.mask, "image", "")]
    if not drawn_there:
        chain = _chain(word, own)
        allowed = list(dict.fromkeys(one.image_name for one in own if one.steps or not getattr(one.mask, "image", "")))
        if len(chain) > 1 and _same(chain[-1], word):
            yield place, "images take their ROIs from each other in a circle", " → ".join(chain), ", ".join(allowed), ""
        else:
            what = f'no ROI was drawn on the image "{drawn}": it takes its own from another one'
            yield place, what, " → ".join(chain), ", ".join(allowed), "name the image that they were drawn on"
        return
    known = list(dict.fromkeys(one.roi_name for one in drawn_there))
    for roi in getattr(source.mask, "rois", ()):
        if roi not in known:
            what = f'the image "{drawn}" has no ROI "{roi}"'
            yield ("mask", "rois"), what, "", ", ".join(known), did_you_mean(roi, known)


def _chain(word: str, own: Sequence[Source]) -> list[str]:
    """The words of the images that an image's ROIs come through, up to one whose ROIs are its own, or that was there before."""
    found, at = [word], word
    while True:
        masks = [one.mask for one in own if _is(one, at)]
        following = next((str(mask.image) for mask in masks if getattr(mask, "image", "")), "")  # type: ignore[attr-defined]
        if not following:
            return found
        found.append(following)
        if any(_same(following, one) for one in found[:-1]):
            return found
        at = following


def _is(source: Source, word: str) -> bool:
    return _same(source.image_name, word)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
