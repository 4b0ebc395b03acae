"""RoiExpression: which regions of an image make up a ROI, such as `tumour - necrosis`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Sign = Literal["+", "-"]
WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SAID: dict[Sign, str] = {"+": "plus", "-": "minus"}
JOINED = re.compile(r"_(plus|minus|by)_")  # what stands between the words of a name that is made of several
FORM = "words of regions with + or - between them, such as tumour - necrosis"


@dataclass(frozen=True, slots=True)
class RoiExpression:
    """Regions that are added to each other or taken away, from left to right; the first one's sign is +.

    >>> found = RoiExpression.parse("tumour + oedema - necrosis")
    >>> found.words, found.name
    (('tumour', 'oedema', 'necrosis'), 'tumour_plus_oedema_minus_necrosis')
    """

    terms: tuple[tuple[Sign, str], ...]

    @classmethod
    def parse(cls, text: str) -> RoiExpression:
        """The expression of a text; a word alone is one, too.

        Raises ValueError, which says what is wrong with the text and what is allowed.
        """
        if not text.strip():
            raise ValueError(f"a ROI is empty; allowed: {FORM}")
        if "(" in text or ")" in text:
            raise ValueError(f'the ROI "{text}" has brackets; it is read from left to right; allowed: {FORM}')
        parts = [part for part in re.split(r"\s*([+-])\s*", text.strip()) if part]
        terms: list[tuple[Sign, str]] = []
        sign: Sign | None = "+"
        for part in parts:
            if part == "+" or part == "-":
                if sign is not None:
                    where = "begins with" if not terms else "has two signs in a row:"
                    raise ValueError(f'the ROI "{text}" {where} {part}; allowed: {FORM}')
                sign = "+" if part == "+" else "-"
            elif not WORD.fullmatch(part):
                allowed = "a letter, then letters and digits, words joined by one underscore, all small"
                raise ValueError(f'the ROI "{text}": "{part}" is no word of a region; allowed: {allowed}')
            else:
                terms.append((sign or "+", part))
                sign = None
        if sign is not None:
            raise ValueError(f'the ROI "{text}" ends with {sign}; allowed: {FORM}')
        words = [word for _, word in terms]
        if twice := [word for word in dict.fromkeys(words) if words.count(word) > 1]:
            raise ValueError(f'the ROI "{text}" names "{twice[0]}" twice; name each region once')
        return cls(tuple(terms))

    @property
    def words(self) -> tuple[str, ...]:
        """The regions that are needed, in the order of the text."""
        return tuple(word for _, word in self.terms)

    @property
    def name(self) -> str:
        """The word by which tables call the ROI."""
        first, *others = self.terms
        return "_".join([first[1], *(f"{SAID[sign]}_{word}" for sign, word in others)])

    @property
    def is_combined(self) -> bool:
        """Whether it is made of several regions."""
        return len(self.terms) > 1

    def __str__(self) -> str:
        first, *others = self.terms
        return " ".join([first[1], *(f"{sign} {word}" for sign, word in others)])

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        """The regions that are needed and not among `words`."""
        known = set(words)
        return tuple(word for word in self.words if word not in known)


def check_region_word(word: str) -> str:
    """A word that may be declared for a region. Raises ValueError if it could be that of an expression or of a reader's mask."""
    if not WORD.fullmatch(word):
        allowed = "a letter, then letters and digits, words joined by one underscore, all small"
        raise ValueError(f'"{word}" is no word of a region; allowed: {allowed}')
    if found := JOINED.search(word):
        raise ValueError(
            f'the word "{word}" holds "{found[0]}", which radweave writes into names of combined regions and readers; '
            "choose another word"
        )
    return word
