"""Numbers as they are printed in a paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from features.core.wording import counted

if TYPE_CHECKING:
    from tasks.modelling.evaluation.result import Score

DASH = "—"


def decimal(value: float, places: int = 2) -> str:
    """Fixed decimals with a real minus sign; a dash for NaN.

    >>> decimal(-0.456), decimal(float("nan"))
    ('−0.46', '—')
    """
    if not math.isfinite(value):
        return DASH
    text = f"{value:.{places}f}"
    return text.replace("-", "−") if float(text) else text.removeprefix("-")


def digits(value: float, wanted: int = 3) -> int:
    """How many decimals show so many digits of a value; none of large ones.

    >>> digits(0.0421), digits(12.3), digits(5000.0), digits(0.0)
    (4, 1, 0, 2)
    """
    return max(0, wanted - 1 - math.floor(math.log10(abs(value)))) if value else wanted - 1


def interval(low: float | None, high: float | None, places: int = 2) -> str:
    """The bounds of an interval, "" if there is none.

    >>> interval(0.61, 0.8), interval(-0.12, 0.3)
    ('0.61–0.80', '−0.12 to 0.30')
    """
    if low is None or high is None:
        return ""
    return f"{decimal(low, places)}{' to ' if low < 0 else '–'}{decimal(high, places)}"


def share(count: int, total: int) -> str:
    """A count with its percentage.

    >>> share(3, 8)
    '3 (38 %)'
    """
    return f"{count} ({100 * count / total:.0f} %)" if total else str(count)


def p_value(p: float) -> str:
    """A p-value with its sign.

    >>> p_value(0.0004), p_value(0.034), p_value(0.4)
    ('p < 0.001', 'p = 0.034', 'p = 0.40')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def no_interval(reason: str) -> str:
    """Why there is no interval, in words.

    >>> no_interval("too few patients"), no_interval("")
    ('no interval: too few patients', 'no interval')
    """
    return f"no interval: {reason.removeprefix('no interval: ')}" if reason else "no interval"


def score_in_words(score: Score, metric: str, repeats: int = 0) -> str:
    """A score with its interval, n and events, or why there is none. repeats: how many its lowest and highest value are of."""
    if score.value is None:
        return f"{metric} not available ({score.reason or 'no reason was given'})"
    bounds = interval(score.low, score.high)
    spread = f"95\u00a0% CI {bounds}" if bounds else no_interval(score.reason)
    events = "" if score.events is None else f", events\u00a0=\u00a0{score.events}"
    ends = [decimal(end) for end in (score.lowest, score.highest) if end is not None]
    repeated = " to ".join(dict.fromkeys(ends))
    over = f"; over {counted(repeats, 'repeat')} {repeated}" if repeated and repeats else ""
    mark = "," if bounds or not score.reason else ";"
    return f"{metric} {decimal(score.value)} ({spread}{mark} n\u00a0=\u00a0{score.n}{events}{over})"
