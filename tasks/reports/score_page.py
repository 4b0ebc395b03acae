"""The page of what a saved model said of a cohort: who was scored, how well where that is known, and what to beware of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from features.core.wording import counted
from features.results.scored import SCORED
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.score_final import Told
from tasks.reports.labels import metric_word
from tasks.reports.model_card import CardPart, calibration_sentences, score_part
from tasks.reports.number_format import decimal, interval
from tasks.reports.page import render_page
from tasks.reports.plain_labels import model_label
from tasks.reports.risk_groups_part import risk_groups_part


@dataclass(frozen=True, eq=False)
class ScorePage:
    """headline: what was found, in a sentence."""

    title: str
    headline: str
    parts: tuple[CardPart, ...]

    def html(self) -> str:
        """The page, which loads nothing."""
        template = Path(__file__).with_name("model_card.html")
        return render_page(template, title=self.title, parts=self.parts, eyebrow="score")


def score_page(
    final: Final,
    model: str,
    cohort: str,
    told: Told,
    lacking: Mapping[str, int],
    *,
    seen: bool,
    before: int | None = None,
) -> ScorePage:
    """lacking: why patients have no outcome → how many. seen: whether the cohort trained the model. before: how many cases had a
    score before, where the page tells of the others alone.
    """
    states = told.predictions["state"].value_counts()
    counts = tuple((str(state), str(int(n))) for state, n in states.items())
    cases = counted(len(told.predictions), "case")
    scored = int(states.get(SCORED, 0))
    first = next((one for one in told.scores if one.metric == final.endpoint.metrics[0] and not one.within), None)
    value = "" if first is None or first.value is None else f"; {metric_word(first.metric)} {decimal(first.value)}"
    bounds = "" if first is None else interval(first.low, first.high)
    of_how_many = f" (95 % interval {bounds})" if bounds else ""
    no_validation = f" {cohort} trained this model: this is no validation." if seen else ""
    headline = f"{scored} of {cases} of {cohort} scored by {model}, {told.evaluated} evaluated{value}{of_how_many}.{no_validation}"
    parts = (
        CardPart("Beware", tuple(_cautions(cohort, told, seen=seen)) or ("Nothing stood out.",)),
        CardPart("Cases", (headline, *_kept(before)), ("state", "cases"), counts),
        score_part(
            "Scores", "Of the cases whose outcomes are known, by the model as it is.", told.scores, of_calibration=False
        ),
        *_by_centre(told),
        score_part("Calibration", *calibration_sentences(final), told.scores, of_calibration=True),
        risk_groups_part(final, told),
        CardPart(
            "Not evaluated",
            () if lacking or told.unseen else ("Every scored case was evaluated.",),
            ("why", "how many"),
            tuple((why, str(n)) for why, n in {**lacking, **told.unseen}.items()),
        ),
    )
    return ScorePage(f"{model_label(final.model)} of {final.study} on {cohort}", headline, parts)


def _kept(before: int | None) -> Iterator[str]:
    if before is not None:
        yield (
            f"These are new. {counted(before, 'case')} of the cohort had a score by this model before and "
            f"{'keeps' if before == 1 else 'keep'} it."
        )


def _by_centre(told: Told) -> Iterator[CardPart]:
    if told.of_centres:
        own = [replace(one, cohort=one.centre) for one in told.of_centres]
        yield score_part("Centres", "Of the cases of each centre by itself.", own, of_calibration=False)


def _cautions(cohort: str, told: Told, *, seen: bool) -> Iterator[str]:
    if seen:
        yield f"{cohort} trained this model: it has seen these cases, and its scores here say nothing of others."
    yield from (f"{number}: {what}" for what, number in told.remarks.items())
