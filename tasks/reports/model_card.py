"""The card of a model: what it was fitted on, what it is for, how it was validated, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.core.kinds.endpoint import Timed
from features.core.kinds.recipe import Recipe
from features.core.wording import counted
from features.fusion.shown import shown_in_words
from features.results.scored import SCORED
from tasks.modelling.evaluation.choice import Choice
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.nomogram import Nomogram
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.study import Study
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.saved.saved_final import keeps_cases
from tasks.reports.labels import blocks_label, metric_label
from tasks.reports.number_format import DASH, decimal, interval
from tasks.reports.page import render_page
from tasks.reports.plain_labels import capital, held_out_label, model_label

if TYPE_CHECKING:
    from tasks.reports.figures import Plot

CALIBRATION = ("calibration", "observed_expected", "brier", "at_horizon")  # parts of names of metrics of probabilities
NOMOGRAM = "nomogram.csv"  # beside the card, where there is a nomogram
MOST_COLUMNS = 30  # that the card shows, of those with the highest weights


@dataclass(frozen=True)
class CardPart:
    """A part of the card: sentences, then a table, then figures, which the page alone shows."""

    title: str
    sentences: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    plots: tuple[Plot, ...] = ()


@dataclass(frozen=True, eq=False)
class ModelCard:
    """facts: the card for machines. parts: the same for readers."""

    title: str
    facts: dict[str, Any]
    parts: tuple[CardPart, ...]

    def markdown(self) -> str:
        """The card as Markdown; what stands in tables has no bars of its own."""
        lines = [f"# {self.title}", ""]
        for part in self.parts:
            lines += [f"## {part.title}", "", *(f"- {sentence}" for sentence in part.sentences)]
            if part.rows:
                lines += [
                    *([""] if part.sentences else []),
                    f"| {' | '.join(part.heads)} |",
                    f"|{' --- |' * len(part.heads)}",
                ]
                lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in part.rows]
            lines.append("")
        return "\n".join(lines)

    def html(self) -> str:
        """The card as a page that loads nothing."""
        return render_page(Path(__file__).with_name("model_card.html"), title=self.title, parts=self.parts)


def model_card(
    final: Final,
    choice: Choice,
    study: Study,
    scores: Sequence[Score],
    recipes: Sequence[Recipe],
    provenance: Mapping[str, str],
    digest: str,
    small: str,
    nomogram: Nomogram | str,
    *,
    inherited: Sequence[str] = (),
    moved: CardPart | None = None,
) -> ModelCard:
    """The card of a model of a study. scores: of the study, of which those of its combination are shown. small: a sentence where
    cases or events are few. nomogram: or why there is none. Of a model that was recalibrated: inherited: the limits of
    the model that it was made of; moved: what was changed, before and after. Equal inputs give equal text.
    """
    own = [one for one in scores if (one.blocks, one.model, one.centre) == (final.blocks, final.model, "")]
    used = set(final.columns.blocks.tolist())
    networks = [one.said for recipe in recipes for one in recipe.extractors if one.said and one.block in used]
    limits = tuple(inherited or _limits(final, choice, own, small))
    name = f"{model_label(final.model)} on {blocks_label(study, final.blocks)}"
    like = final.cohorts
    if final.recalibration is not None:
        like = (final.recalibration.cohort,)
        name += f", recalibrated on {like[0]}"
    endpoint = final.endpoint
    intended = (
        f"It predicts {study.endpoint} ({endpoint.title.lower()}{': ' + endpoint.description if endpoint.description else ''}) at "
        f"{study.predict_at}, of cases like those of {', '.join(like)} whose columns were made as its schema says.",
        *(f"It is shown {one}." for one in (shown_in_words(recipes) if final.of_images else ())),
        *([study.description.strip()] if study.description else []),
        "It is for research: it is no medical device, and no person may be treated by it alone.",
    )
    facts = {
        "title": name,
        "digest": digest,
        "study": study.name,
        "blocks": final.blocks,
        "model": final.model,
        "chosen by": choice.why,
        "settings": dict(final.chosen),
        "intended use": list(intended),
        "data": {
            "cohorts": list(final.cohorts),
            "cases": final.n,
            "patients": final.patients,
            "events": final.events,
            "counted": final.counted,
            "centres": dict(final.centres),
            "columns": len(final.columns),
            "used": len(final.selected),
        },
        "scores": [asdict(one) for one in own],
        "threshold": None if final.cut != final.cut else final.cut,
        "probability": None if final.line[1] != final.line[1] else {"intercept": final.line[0], "slope": final.line[1]},
        "nomogram": {"why there is none": nomogram} if isinstance(nomogram, str) else {"file": NOMOGRAM},
        "recalibration": None if final.recalibration is None else final.recalibration.facts,
        "limits": list(limits),
        "networks": networks,
        "warnings": dict(final.warnings),
        "remarks": dict(final.remarks),
        "versions": dict(provenance),
    }
    weights = sorted(final.selected.items(), key=lambda one: -abs(one[1]) if one[1] == one[1] else 0.0)[:MOST_COLUMNS]
    parts = (
        CardPart("Intended use", intended),
        CardPart("Limits", limits),
        CardPart("Data", (), ("what", "value"), tuple(_data(final))),
        *([] if moved is None else [moved]),
        CardPart("Choice", (choice.why, *(f"Inner folds chose {key}: {value}" for key, value in final.chosen.items()))),
        score_part(
            "Scores",
            "As the study validated this combination; this model itself saw all of these cases."
            if final.recalibration is None
            else "As the study validated the model before it was recalibrated.",
            own,
            of_calibration=False,
        ),
        score_part("Calibration", *calibration_sentences(final), own, of_calibration=True),
        _nomogram_part(nomogram, name),
        CardPart(
            "Columns",
            (
                f"{counted(len(final.columns), 'column is', 'columns are')} needed, and "
                f"{len(final.selected)} have a weight; all of them stand in schema.json.",
            ),
            ("column", "weight", "unit"),
            tuple((name, decimal(weight, 4), final.units.get(name) or DASH) for name, weight in weights),
        ),
        CardPart("Weights of networks and their licences", tuple(networks) or ("No network made its columns.",)),
        CardPart(
            "Warnings",
            tuple(f"{text} ({number})" for text, number in (final.warnings + final.remarks).items()) or ("None.",),
        ),
        CardPart("Versions", (f"Digest of the model: {digest}",), ("what", "value"), tuple(sorted(provenance.items()))),
    )
    return ModelCard(name, facts, parts)


def _nomogram_part(nomogram: Nomogram | str, name: str) -> CardPart:
    if isinstance(nomogram, str):
        return CardPart("Nomogram", (f"There is none: {nomogram}.",))
    from tasks.reports.nomogram_figure import nomogram_figure  # matplotlib, which pages of scores do without

    sentences = [
        f"Points of {counted(len(nomogram.axes), 'column')} add up to a total, which tells the {nomogram.predicted}; {NOMOGRAM} "
        "holds the points of each value, and between two values of a column they lie on a straight line.",
        "It takes values that are known: of a case that lacks one, ask the model itself, which imputes it (radweave score).",
    ]
    if nomogram.limited:
        cases = counted(nomogram.limited, "case has", "cases have")
        sentences.append(
            f"Of those it was drawn from, {cases} a value so far out that the model cuts it off; the nomogram does not."
        )
    return CardPart("Nomogram", tuple(sentences), plots=(nomogram_figure(nomogram, name),))


def _data(final: Final) -> Iterator[tuple[str, str]]:
    yield "cohorts", ", ".join(final.cohorts)
    yield "cases", f"{final.n} of {counted(final.patients, 'patient')}"
    yield "outcomes", final.counted
    yield "centres", ", ".join(f"{name} ({n})" for name, n in final.centres.items())


def _limits(final: Final, choice: Choice, own: Sequence[Score], small: str) -> Iterator[str]:
    if small:
        yield small
    if choice.by_scores:
        yield (
            "It was chosen for the highest of several scores: that score is optimistic, and its interval does not correct for that."
        )
    held_out = sorted({one.cohort for one in own if one.cohort})
    if not held_out:
        yield "It was validated on no other cohort: what it is worth elsewhere is not known."
    yield (
        f"It was fitted on {counted(len(final.centres), 'centre')}: of another scanner, protocol or population its scores and "
        "its probabilities may be wrong, and have to be checked there first (radweave score)."
    )
    for step in final.candidate.steps:
        if isinstance(step, Harmoniser):
            what = "are refused" if step.unseen == "refuse" else f"are taken as {step.unseen}"
            yield f"Its step {step.kind} evens out {step.by}s: rows of a {step.by} that trained nothing {what}."
    if keeps_cases(final.candidate, final.endpoint.kind):
        yield (
            "Its arrays hold values or outcomes of single training cases, without their ids: give it only to whom these may be "
            "given; a withdrawal removes it."
        )
    if final.endpoint.predicted == "risk" and not isinstance(final.endpoint, Timed) and final.line[1] != final.line[1]:
        yield "It gives an order of the cases and no probability: too few events for inner folds."


def calibration_sentences(final: Final) -> tuple[str]:
    """What makes a probability and a decision of a risk."""
    if final.endpoint.predicted == "risk" and not isinstance(final.endpoint, Timed) and final.line[1] == final.line[1]:
        a, b = (decimal(value, 4) for value in final.line)
        return (
            f"Its probability of yes has the log odds {a} + {b} × risk, learnt on training cases that models of inner folds "
            f"predicted; a risk above {decimal(final.cut, 4)} counts as yes."
            if final.recalibration is None or final.recalibration.way == "refit"
            else f"Its probability of yes has the log odds {a} + {b} × risk, recalibrated on {final.recalibration.cohort}; a risk "
            f"above {decimal(final.cut, 4)} counts as yes, as training cases taught.",
        )
    if isinstance(final.endpoint, Timed) and final.cut == final.cut:
        return (
            f"How far predicted incidences were those that were seen. A risk above {decimal(final.cut, 4)} counts as high, the "
            "median of training cases that models of inner folds predicted.",
        )
    return ("How far predicted probabilities were those that were seen.",)


def score_part(title: str, sentence: str, scores: Sequence[Score], *, of_calibration: bool) -> CardPart:
    """Scores as a table: those of probabilities, or the others."""
    rows = tuple(
        (
            (one.cohort if one.split == SCORED else held_out_label(one.split, one.cohort))
            + (", within centres" if one.within else ""),
            metric_label(one.metric),
            DASH if one.value is None else decimal(one.value),
            interval(one.low, one.high) or DASH,
            str(one.n),
            DASH if one.events is None else str(one.events),
            capital(one.reason or one.interval_of),
        )
        for one in scores
        if any(part in one.metric for part in CALIBRATION) == of_calibration
    )
    return CardPart(title, (sentence,), ("split", "score", "value", "95 % interval", "n", "events", "of what"), rows)
