"""stack_up: which images of a patient one source of the catalog can describe, and under which words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from features.core.case import Modality, Unit
from tasks.drafting.image_words import Named, differing, joined, name_images, sequence_in, slug_of
from tasks.drafting.pairs import Pair
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.templates import PATIENT, split_ending
from tasks.drafting.what_it_is import what_it_is

_PHASE = re.compile("arterial|venous|portal|native|delayed|late|early|phase[0-9]*|b[0-9]+|echo[0-9]+")


NO_MASK = "none"


@dataclass
class Image:
    """An image with its mask, what it is, and its word; "" where it is the only one of its modality.

    drawn_on: the image on whose grid its mask lies, if that is another one. rivals: other forms of it, such as one before
    preprocessing.
    """

    pair: Pair
    modality: Modality
    unit: Unit
    remark: Remark
    named: Named = field(default_factory=lambda: Named("", True))
    drawn_on: Image | None = None
    rivals: list[Image] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The word in the catalog."""
        return self.named.word

    @property
    def patients(self) -> set[str]:
        """Whose image there is."""
        return self.pair.image.template.patients

    @property
    def is_on_grid(self) -> bool:
        """Whether the masks that were looked at lie on the grid of the image."""
        return self.pair.same_grid == self.pair.looked > 0

    def name(self) -> None:
        """Give it the word of its modality, if it has none."""
        if not self.word:
            self.named = Named({"CT": "ct", "PT": "pet"}.get(self.modality, slug_of(self.modality)), True)


@dataclass
class Stack:
    """Images that one source describes: `path` with {image} if they are several; words: word → what stands in the path.

    mask_path: that of the masks, if each image has its own: with {image}, too.
    """

    images: list[Image]
    path: str
    words: dict[str, str] = field(default_factory=dict)
    mask_path: str = ""
    remarks: list[Remark] = field(default_factory=list)

    @property
    def first(self) -> Image:
        """The image that stands for all of them."""
        return self.images[0]


def stack_up(
    pairs: Sequence[Pair],
    taken: Mapping[Modality, Collection[str]],
    channels: Mapping[str, str],
    left: list[str],
) -> list[Stack]:
    """The images in sources. taken: whose images come from elsewhere, by modality; these are `left`, in a sentence.

    channels: what a file beside the images says of a word in their paths, such as `0000` → T1.
    """
    images = []
    for pair in pairs:
        modality, unit, remark = what_it_is(pair.image)
        image = Image(pair, modality, unit, remark)
        if image.patients & set(taken.get(modality, ())):
            left.append(f"{modality} in files left out: DICOM gives {modality} of the same patients")
        else:
            images.append(image)
    found: list[Stack] = []
    groups: list[dict[Modality, list[Image]]] = []
    for together in _of_the_same_patients(images):
        by_modality: dict[Modality, list[Image]] = defaultdict(list)
        for image in together:
            by_modality[image.modality].append(image)
        by_modality = {modality: _one_of_each(own, channels) for modality, own in by_modality.items()}
        for own in by_modality.values():
            _name(own, channels)
        groups.append(by_modality)
    named = {modality for one in groups for modality, own in one.items() if len(own) > 1}
    for by_modality in groups:
        for modality in named & by_modality.keys():
            _name_alone(by_modality[modality])
        _find_grids([image for own in by_modality.values() for image in own])
        for own in by_modality.values():
            found += _joined(own)
    return found


def _name_alone(images: Sequence[Image]) -> None:
    """Give the only image of a modality the word of its sequence: patients of other folders have several."""
    for image in images:
        word = sequence_in(image.pair.image.template.text.replace(PATIENT, ""))
        if not image.word and word:
            image.named = Named(word, True)


def _of_the_same_patients(images: Sequence[Image]) -> list[list[Image]]:
    """Groups of images of which no two share a patient."""
    groups: list[tuple[set[str], list[Image]]] = []
    for image in images:
        patients, own = set(image.patients), [image]
        for other in [one for one in groups if one[0] & patients]:
            groups.remove(other)
            patients |= other[0]
            own = [*other[1], *own]
        groups.append((patients, own))
    return [own for _, own in groups]


def _one_of_each(images: Sequence[Image], channels: Mapping[str, str]) -> list[Image]:
    """The images without other forms of one that is there: of those that names call alike, the one on the grid of its mask, of
    most patients.
    """
    found: list[Image] = []
    for image in sorted(images, key=_preference):
        own = _what(image, channels)
        other = next(
            (one for one in found if own and _what(one, channels) == own and one.patients & image.patients), None
        )
        if other is None:
            found.append(image)
        else:
            other.rivals.append(image)
    return sorted(found, key=lambda one: one.pair.image.template.text)


def _what(image: Image, channels: Mapping[str, str]) -> tuple[str, ...]:
    """What the names say that an image is: the sequence, and words for phases and b-values; nothing if they do not tell."""
    text = split_ending(image.pair.image.template.text.replace(PATIENT, ""))[0]
    words = re.findall("[a-z0-9]+", text.lower())
    known = [channels[word] for word in words if word in channels]
    sequence = sequence_in(" ".join(known) or text)
    return (sequence, *sorted({word for word in words if _PHASE.fullmatch(word)})) if sequence else ()


def _preference(image: Image) -> tuple[bool, int, str]:
    return not image.is_on_grid, -image.pair.patients, image.pair.image.template.text


def _name(images: list[Image], channels: Mapping[str, str]) -> None:
    """Give images of one modality words, if they are several."""
    if len(images) < 2:
        return
    texts = differing([split_ending(one.pair.image.template.text)[0] for one in images])
    for image, named in zip(images, name_images([channels.get(text, text) for text in texts]), strict=True):
        image.named = named


def _find_grids(images: Sequence[Image]) -> None:
    """Tell, for images that are not on the grid of their mask, which image is; both then need words."""
    for image in images:
        if image.is_on_grid:
            continue
        mask = image.pair.mask.template.text
        other = next((one for one in images if one.is_on_grid and one.pair.mask.template.text == mask), None)
        if other is not None and image.pair.looked:
            image.drawn_on = other
            image.name()
            other.name()


def _joined(images: list[Image]) -> list[Stack]:
    """Sources of images of one modality: those that differ in one word of their paths, and in nothing else, are one."""
    groups: dict[object, list[Image]] = defaultdict(list)
    for image in images:
        drawn = image.drawn_on.word if image.drawn_on else ""
        ending = split_ending(image.pair.image.template.text)[1]
        own_mask = image.pair.mask.template.text if not image.pair.others and image.pair.looked else ""
        with_word = own_mask and image.word and _is_of_one(image, images)
        of_it = (image.pair.mask, *image.pair.others) if image.pair.looked else ()
        masks = "" if with_word else frozenset(one.template.text for one in of_it) or NO_MASK
        groups[image.unit, ending, drawn, image.is_on_grid, masks].append(image)
    found = []
    for masks, own in ((key[-1], own) for key, own in groups.items() if isinstance(key, tuple)):
        paths = [one.pair.image.template.text for one in own]
        whole = joined(paths)
        of_masks = joined([one.pair.mask.template.text for one in own]) if not masks else None
        if whole is not None and (masks or (of_masks is not None and of_masks[1] == whole[1])):
            words = dict(zip((one.word for one in own), whole[1], strict=True))
            found.append(Stack(own, whole[0], words, of_masks[0] if of_masks else ""))
        else:
            found += [Stack([one], path) for one, path in zip(own, paths, strict=True)]
    for stack in found:
        stack.remarks = _remarks(stack)
    return found


def _is_of_one(image: Image, images: Sequence[Image]) -> bool:
    """Whether no other image has the mask of this one."""
    mask = image.pair.mask.template.text
    return not any(one.pair.mask.template.text == mask for one in images if one is not image)


def _remarks(stack: Stack) -> list[Remark]:
    """What is said of the words of a stack."""
    modality = stack.first.modality
    found: list[Remark] = []
    if rivals := [one for image in stack.images for one in image.rivals]:
        named = ", ".join(one.word or modality for one in stack.images if one.rivals)
        text = f"other files of {named} have masks, too: which is meant?"
        answers = (f"path: '{one.pair.image.template.text}'" for one in rivals)
        found.append(question(f"which {modality}", text, *answers))
    if not stack.first.word:
        return found
    unsure = [one.word for one in stack.images if not one.named.is_sure]
    if unsure:
        shown = ", ".join(stack.words.get(word, word) for word in unsure)
        example = f"image: {{t1: {next(iter(stack.words.values()), 'T1')}}}   # word: what stands in the path"
        text = f"what is {shown}? Written are words made of the paths"
        return [*found, question(f"images of {modality}", text, example)]
    told = ", ".join(f"{word} for {text}" for word, text in stack.words.items() if word != text)
    text = f"{several(len(stack.images), 'image')} of a patient, named by their paths{': ' if told else ''}{told}"
    if not stack.words:
        text = f"{stack.first.word}, by its path"
    return [*found, guess(f"images of {modality}", text)]
