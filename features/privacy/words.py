"""Words: names and descriptions with only those words left that tell of regions and techniques."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

# A word with its number (T1w, B30f), a number, what is between.
_PART = re.compile(r"[^\W\d_]+(?:[0-9]{1,2}(?:[^\W\d_](?![^\W\d_]))?)?|[0-9]+(?:\.[0-9]+)?|[\W_]+")
_ENDING = re.compile(r"[0-9]+[^\W\d_]?$")
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?|[0-9]{2}00")  # counts, sizes, doses in cGy; no dates and no ids
_DATE = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")
_BETWEEN = re.compile(r"[\s_.,:;/|+()&-]+")


@cache
def read_words(file: str) -> frozenset[str]:
    """The words of a text file of this room, whose comments begin with #."""
    lines = resources.files("features.privacy").joinpath(file).read_text("utf-8").splitlines()
    return frozenset(word for line in lines for word in line.split("#")[0].split())


def words_in(text: str) -> list[str]:
    """The words of a text in lower case, and each without the number at its end: "GTV2 John" has gtv2, gtv and john.

    >>> words_in("GTV-2 (left)")
    ['gtv', 'left']
    """
    found = [part.lower() for part in _PART.findall(text) if part[0].isalpha()]
    return list(dict.fromkeys(word for part in found for word in (part, _ENDING.sub("", part)) if word))


@dataclass(frozen=True)
class Vocabulary:
    """The words that may stay. `known` are more of them, as those in the catalog's patterns; `names` are no words at all.

    names: words of the names of persons in the same file; they go even where they are words of this room.
    """

    known: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def without(self, names: Iterable[str]) -> Vocabulary:
        """The vocabulary without the words of persons' names, those of one or two letters excepted."""
        found = {word for name in names for word in words_in(name) if len(word) > 2}
        return Vocabulary(self.known, frozenset(found - self.known))

    def clean(self, text: str) -> str:
        """What is left of a text: known words, short numbers, and single separators between them. It may be empty.

        A text all of whose words are known stays as it is.

        >>> Vocabulary().clean("GTV_2 Doe^John left")
        'GTV_2 left'
        """
        kept: list[str] = []
        between = ""
        for part in _PART.findall(_DATE.sub("^", text)):
            if self._stays(part):
                kept += [between if kept else "", part]
                between = ""
            elif not part[0].isalnum() and _BETWEEN.fullmatch(part) and not between:
                between = part
            else:
                between = between[:1] or " "
        if between and kept and between == text[-len(between) :] and "".join(kept) + between == text:
            return text
        return "".join(kept)

    def _stays(self, part: str) -> bool:
        if part[0].isdigit():
            return bool(_NUMBER.fullmatch(part))
        word = part.lower()
        bare = _ENDING.sub("", word)
        if not word[0].isalpha() or word in self.names or bare in self.names:
            return False
        return bool({word, bare} & (self.known | read_words("words.txt")))
