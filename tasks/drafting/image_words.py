"""name_images: a word for each of several images of a patient, from what their paths or headers say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# What is written for a sequence → the words that name it; the first that fits counts.
_NAMED: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (word, frozenset(names.split()))
    for word, names in (
        ("adc", "adc"),
        ("flair", "flair t2f fl t2flair"),
        ("dce", "dce twist vibe_dce"),
        ("dwi", "dwi diffusion trace ep2d_diff"),
        ("swi", "swi"),
        ("pd", "pd pdw"),
        ("t1c", "t1c t1ce t1gd t1km t1wce t1cw t1post t1gad"),
        ("t1", "t1 t1n t1w t1wi t1pre mprage mpr spgr"),
        ("t2", "t2 t2w t2wi"),
        ("pet", "pet pt suv fdg"),
        ("ct", "ct ldct ncct cect"),
    )
)
_CONTRAST = frozenset("c ce cm gd gad gado gadolinium km post contrast postcontrast enhanced".split())  # noqa: SIM905
_PRE = frozenset(("pre", "without", "native", "non"))
_DARK_FLUID = re.compile(r"dark[ _-]?fluid")  # what some scanners call FLAIR
_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PARTS = re.compile(r"([/_.\- ])")
_MIDDLE = re.compile(r"[A-Za-z0-9]+([_.\- ][A-Za-z0-9]+)*")
IMAGE_HOLE = "{image}"


@dataclass(frozen=True)
class Named:
    """The word of an image; is_sure: that its path or header names what it is."""

    word: str
    is_sure: bool


def sequence_in(text: str) -> str:
    """The sequence or modality that a text names, as radweave's word for it; "" if it names none.

    >>> sequence_in("T1ce"), sequence_in("sub ce-gadolinium T1w"), sequence_in("AX T2 FLAIR"), sequence_in("0001")
    ('t1c', 't1c', 'flair', '')
    """
    words = set(re.findall(r"[a-z0-9]+", _DARK_FLUID.sub("flair", text.lower())))
    found = next((word for word, names in _NAMED if names & words), "")
    return "t1c" if found == "t1" and words & _CONTRAST and not words & _PRE else found


def name_images(texts: Sequence[str]) -> list[Named]:
    """A word for each image, all different: the sequence that its text names, else the text's own words.

    texts: what tells the images of a patient apart, such as the part of a path in which they differ.

    >>> [one.word for one in name_images(["t1ce", "T1", "b0800", "0003"])]
    ['t1c', 't1', 'b0800', 'image_0003']
    """
    own = [sequence_in(text) for text in texts]
    often = Counter(own)
    plain = [slug_of(text) for text in texts]
    found = [
        Named(word, True) if word and often[word] == 1 else Named(other, bool(word))
        for word, other in zip(own, plain, strict=True)
    ]
    taken = Counter(one.word for one in found)
    return [
        one if taken[one.word] == 1 else Named(f"image_{number}", False) for number, one in enumerate(found, start=1)
    ]


def slug_of(text: str) -> str:
    """A text as a word of the catalog: small letters, digits, single underscores, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if _WORD.fullmatch(plain) else f"image_{plain}" if plain else "image"


def differing(texts: Sequence[str]) -> list[str]:
    """What sets each of several paths apart from the others: its words that not all of them have, in order."""
    words = [re.findall(r"\{\w+\}|[A-Za-z0-9]+", text) for text in texts]
    shared = set.intersection(*(set(one) for one in words)) if words else set()
    return [" ".join(dict.fromkeys(word for word in one if word not in shared)) for one in words]


def joined(texts: Collection[str], hole: str = IMAGE_HOLE) -> tuple[str, list[str]] | None:
    """Paths that differ in one word alone, as one with a hole there, and the word of each; None if they differ in more.

    The word may stand at several places; it may have parts if it stands at one.

    >>> joined(["{patient}/{patient}_t1.nii", "{patient}/{patient}_t1_gd.nii"])
    ('{patient}/{patient}_{image}.nii', ['t1', 't1_gd'])
    """
    parts = [_PARTS.split(text) for text in texts]
    if len(set(texts)) < 2:
        return None
    return _at_places(parts, hole) or _in_the_middle(parts, hole)


def _at_places(parts: Sequence[list[str]], hole: str) -> tuple[str, list[str]] | None:
    """One word each, wherever it stands."""
    if len({len(one) for one in parts}) > 1:
        return None
    places = [place for place, words in enumerate(zip(*parts, strict=True)) if len(set(words)) > 1]
    words = [{one[place] for place in places} for one in parts]
    if any(len(one) > 1 for one in words) or not all("".join(one).isalnum() for one in words):
        return None
    own = ["".join(one) for one in words]
    return (
        ("".join(hole if place in places else part for place, part in enumerate(parts[0])), own)
        if _differ(own)
        else None
    )


def _in_the_middle(parts: Sequence[list[str]], hole: str) -> tuple[str, list[str]] | None:
    """What is left of each path between the beginning and the end that all have."""
    shortest = min(map(len, parts))
    start = next((i for i in range(shortest) if len({one[i] for one in parts}) > 1), shortest)
    end = next((i for i in range(shortest - start) if len({one[-1 - i] for one in parts}) > 1), shortest - start)
    for begin in (start, start - 1):  # a word that all of them begin with belongs to it: t1 and t1_gd
        own = ["".join(one[begin : len(one) - end]) for one in parts]
        if begin >= 0 and _differ(own) and all(_MIDDLE.fullmatch(word) for word in own):
            first = parts[0]
            return "".join([*first[:begin], hole, *first[len(first) - end :]]), own
    return None


def _differ(words: Sequence[str]) -> bool:
    return len(set(words)) == len(words)
