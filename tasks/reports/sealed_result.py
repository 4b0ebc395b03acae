"""What a house sends back that asked a sealed model about a cohort of its own: scores and counts, and nothing of single cases.

Counts below a declared number are not told, nor anything that would tell them: totals less parts, scores that rest on such a
count, and scores of which it could be worked out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.results.scored import SCORED
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.result import Score
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.suppression import told_counts, told_rows
from tasks.reports.labels import metric_label
from tasks.reports.model_card import CardPart
from tasks.reports.number_format import DASH, decimal, interval
from tasks.reports.page import render_page

EVALUATED, NO_OUTCOME = "evaluated", "scored, its outcome not known or not usable"
PLACES = 3  # decimals of a score: with more, sums over few cases could be worked out
COUNT_DECISIONS = ("net_benefit", "quadratic_kappa")  # besides metrics that need decisions or groups
NOT_TOLD = "not told"


@dataclass(frozen=True, eq=False)
class SealedResult:
    """facts: as JSON. title, parts: the same for readers."""

    facts: Mapping[str, Any]
    title: str
    parts: tuple[CardPart, ...]

    def html(self) -> str:
        """The page, which loads nothing."""
        template = Path(__file__).with_name("model_card.html")
        return render_page(template, title=self.title, parts=self.parts, eyebrow="scores only")


def sealed_result(
    final: Final,
    predictions: pd.DataFrame,
    scores: Sequence[Score],
    remarks: Mapping[str, int],
    least: int,
    about: Mapping[str, Any],
) -> SealedResult:
    """predictions: of every case, as `score` writes them. scores: with those of each centre. remarks: what was done to the cases →
    how often. least: counts below it are not told. about: what is said of model, package, cohort and versions.
    """
    seen = predictions[predictions["evaluated"]]
    states = Counter(predictions["state"].astype(str))
    unknown = states.pop(SCORED, 0) - len(seen)
    cases = told_counts({EVALUATED: len(seen), NO_OUTCOME: unknown, **dict(sorted(states.items()))}, least, EVALUATED)
    cells = _cells(final, seen)
    is_open = len(seen) >= least and min(cells.values(), default=0) >= least
    decides = is_open and _decisions_are_told(final, seen, least)
    told = [_told(one, least, is_open=is_open, decides=decides) for one in scores if not one.centre]
    rows = {str(name): tuple(_cells(final, part).values()) for name, part in seen.groupby("centre", dropna=False)}
    named = told_rows(rows, least) if is_open and len(rows) > 1 else frozenset()
    centres = {
        name: {
            "outcomes": _cells(final, seen[seen["centre"] == name]),
            "scores": [_told(one, least, is_open=True, decides=False) for one in scores if one.centre == name],
        }
        for name in sorted(named)
    }
    facts = {
        **about,
        "suppressed below": least,
        "cases": {"total": cases.total, "by state": cases.parts},
        "outcomes": cells if is_open else None,
        "scores": told,
        "centres": centres,
        "centres not told": len(rows) > len(named) and len(rows) > 1,
        "remarks": _remarks(remarks, cases.total, least),
    }
    return SealedResult(facts, f"{about['model']} on {about['cohort']}", tuple(_parts(facts)))


def _cells(final: Final, seen: pd.DataFrame) -> dict[str, int]:
    """What was seen → cases: with and without the event, of each class, or with and without each label; of numbers the cases."""
    if final.endpoint.has_events:
        with_event = int(seen["event"].astype(bool).sum())
        return {"with the event": with_event, "without the event": len(seen) - with_event}
    if final.seen.code.ndim > 1:
        labels = [set(str(text).split(" + ")) for text in seen["level"]]
        yes = {level: sum(level in own for own in labels) for level in final.levels}
        return {**yes, **{f"no {level}": len(seen) - n for level, n in yes.items()}}
    if final.levels:
        return {level: int((seen["level"] == level).sum()) for level in final.levels}
    return {"cases": len(seen)}


def _decisions_are_told(final: Final, seen: pd.DataFrame, least: int) -> bool:
    """Whether every cell of decision × outcome has enough cases: sensitivity times the events would tell the smallest.

    Only where a case is of high risk or not; of several classes some cell is all but always too small.
    """
    if not final.endpoint.has_events or seen["high_risk"].isna().any():
        return False
    high, event = seen["high_risk"].astype(bool), seen["event"].astype(bool)
    return min(int((one & other).sum()) for one in (high, ~high) for other in (event, ~event)) >= least


def _told(score: Score, least: int, *, is_open: bool, decides: bool) -> dict[str, Any]:
    """A score as it may leave: rounded, with a reason that holds no number."""
    counts = METRICS.load(score.metric).needs in ("decision", "groups") or score.metric in COUNT_DECISIONS
    own = {"metric": score.metric, "within": score.within}
    if score.metric == "net_benefit":
        return {**own, **_hidden("it counts decisions at a threshold of its own")}
    if not is_open:
        return {**own, **_hidden(f"fewer than {least} cases of an outcome")}
    if counts and not decides:
        return {**own, **_hidden(f"decisions are counted, and of some there could be fewer than {least} cases")}
    reason = score.reason or score.interval_of
    return {
        **own,
        "value": _rounded(score.value),
        "low": _rounded(score.low),
        "high": _rounded(score.high),
        "n": score.n,
        "events": score.events,
        "of what": reason if not any(letter.isdigit() for letter in reason) else "",
    }


def _hidden(why: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "n": None, "events": None, "of what": f"{NOT_TOLD}: {why}"}


def _rounded(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(value, PLACES)


def _remarks(remarks: Mapping[str, int], total: int | None, least: int) -> dict[str, int | None]:
    """What was done → how often, where neither that nor the rest is a small number; texts with numbers of their own stay."""
    plain = {what: n for what, n in remarks.items() if not any(letter.isdigit() for letter in what)}
    return {what: n if total is not None and n >= least and total - n >= least else None for what, n in plain.items()}


def _parts(facts: Mapping[str, Any]) -> list[CardPart]:
    least = facts["suppressed below"]
    said = (
        f"Counts below {least} are {NOT_TOLD}, nor what would tell them: totals, rows and scores from which they follow.",
        "No case, no patient and no prediction of one is in here.",
        f"Radweave {facts['radweave']}; package {facts['package']}.",
    )
    cases = facts["cases"]
    counts = [("all cases", cases["total"]), *cases["by state"].items(), *(facts["outcomes"] or {}).items()]
    parts = [
        CardPart("What this is", said),
        CardPart("Cases", (), ("what", "cases"), tuple((what, _count(n)) for what, n in counts)),
        _score_part("Scores", facts["scores"]),
    ]
    for name, own in facts["centres"].items():
        told = ", ".join(f"{n} {what}" for what, n in own["outcomes"].items())
        parts.append(_score_part(f"Centre {name}", own["scores"], f"{told}."))
    if facts["centres not told"]:
        parts.append(
            CardPart("Further centres", (f"Those of too few cases, or that would tell these, are {NOT_TOLD}.",))
        )
    remarks = tuple((what, _count(n)) for what, n in facts["remarks"].items())
    return [*parts, CardPart("Beware", () if remarks else ("Nothing stood out.",), ("what", "how often"), remarks)]


def _score_part(title: str, scores: Sequence[Mapping[str, Any]], *said: str) -> CardPart:
    rows = tuple(
        (
            metric_label(one["metric"]) + (", within centres" if one["within"] else ""),
            DASH if one["value"] is None else decimal(one["value"], PLACES),
            interval(one["low"], one["high"], PLACES) or DASH,
            DASH if one["n"] is None else str(one["n"]),
            DASH if one["events"] is None else str(one["events"]),
            one["of what"],
        )
        for one in scores
    )
    none = () if rows else ("No outcome is known: there are no scores.",)
    return CardPart(title, (*said, *none), ("score", "value", "95 % interval", "n", "events", "of what"), rows)


def _count(n: int | None) -> str:
    return NOT_TOLD if n is None else str(n)
