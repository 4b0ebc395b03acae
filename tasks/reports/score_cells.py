"""Cells of a table of scores, and the sentences below it: what lacks and why, and of what the intervals are."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.modelling.evaluation.horizon_score import HorizonScore
from tasks.modelling.evaluation.result import Score
from tasks.reports.number_format import DASH, decimal, digits, interval, no_interval
from tasks.reports.plain_labels import capital


@dataclass(frozen=True)
class Cell:
    """A score. value: a dash where there is none. note: letter of the sentence below the table that says what lacks.

    repeats: lowest and highest value of the repeats, "" where there is one.
    """

    value: str
    interval: str
    note: str = ""
    repeats: str = ""


class Cells:
    """The cells of one table. Letters say what lacks and why, the same letter for the same reason."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._of: dict[str, dict[str, None]] = {}

    def cell(self, head: str, score: Score | HorizonScore | None, places: int = 2) -> Cell:
        """The cell of a score in the column of this head. places: decimals, -1 for three digits."""
        if score is None or score.value is None:
            return Cell(DASH, "", self._letter(f"No score: {(score and score.reason) or 'no fold was scored'}."))
        places = digits(score.value) if places < 0 else places
        value, repeats = decimal(score.value, places), interval(score.lowest, score.highest, places)
        if bounds := interval(score.low, score.high, places):
            self._of.setdefault(score.interval_of, {})[head] = None
            return Cell(value, bounds, repeats=repeats)
        note = self._letter(f"{capital(no_interval(score.reason))}.") if score.reason else ""
        return Cell(value, "no interval", note, repeats)

    def _letter(self, sentence: str) -> str:
        position = len(self._letters)
        return self._letters.setdefault(sentence, chr(ord("a") + position) if position < 26 else str(position))

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """Letter and sentence of what lacks."""
        return tuple((letter, sentence) for sentence, letter in self._letters.items())

    @property
    def said(self) -> tuple[str, ...]:
        """Of what the intervals are, each once."""
        return tuple(of for of in self._of if of)

    @property
    def intervals(self) -> tuple[str, ...]:
        """Of what the intervals are; with the heads of the columns where these differ."""
        said = {of: heads for of, heads in self._of.items() if of}
        if len(said) == 1:
            return tuple(f"Each interval is of {of}." for of in said)
        return tuple(f"{', '.join(heads)}: each interval is of {of}." for of, heads in said.items())
