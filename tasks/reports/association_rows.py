"""Associations in the words of a report."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.modelling.association.result import Association
from tasks.reports.association_section import AssociationFindings
from tasks.reports.number_format import DASH, decimal, interval, p_value
from tasks.reports.plain_labels import feature_label

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
CORRECTIONS = {"bh": "Benjamini and Hochberg", "holm": "Holm"}


@dataclass(frozen=True)
class AssociationRow:
    """A line of the table. name: the column, where its label is another."""

    label: str
    name: str
    variable: str
    effect: str
    value: str
    bounds: str
    p: str
    corrected: str
    n: str
    i2: str
    why: str
    discovery: bool


def exact_p(p: float) -> str:
    """A p-value with its sign; small ones with their power of ten, since many tests are told apart by it.

    >>> exact_p(0.034), exact_p(2.1e-8), exact_p(0.0)
    ('p = 0.034', 'p = 2.1 × 10⁻⁸', 'p < 10⁻³⁰⁰')
    """
    if p >= 0.001:
        return p_value(p)
    if p < 1e-300:
        return "p < 10⁻³⁰⁰"
    digits, power = f"{p:.1e}".split("e-")
    return f"p = {digits} × 10⁻{power.lstrip('0').translate(_RAISED)}"


def row_in_words(found: AssociationFindings, row: Association) -> AssociationRow:
    """A test as it is printed."""
    label = feature_label(row.column, found.facts.variables)
    left = row.cases - row.n
    events = "" if row.events is None else f", {row.events} events"
    events = f", {row.patients} patients" if row.patients != row.n else events
    return AssociationRow(
        label=label,
        name=row.column if label != row.column else "",
        variable=found.variable(row.variable),
        effect=effect_label(found, row.effect),
        value=DASH if row.value is None else decimal(row.value),
        bounds=interval(row.low, row.high),
        p=DASH if row.p is None else exact_p(row.p).removeprefix("p = "),
        corrected=DASH if row.p_corrected is None else exact_p(row.p_corrected).removeprefix("p = "),
        n=f"{row.n}{events}" + (f" ({left} without a value)" if left else ""),
        i2=DASH if row.i2 is None else f"{100 * row.i2:.0f} %",
        why=row.reason,
        discovery=row.discovery,
    )


def effect_label(found: AssociationFindings, word: str) -> str:
    """An effect in words, with what is held fixed."""
    effect = found.effect(word)
    parts = [effect.title]
    if term := getattr(effect, "term", ""):
        per = {"days": "per 30 days", "variable": "by the variable", "interaction": "per 30 days, by the variable"}
        per |= {"variable": per["interaction"]} if effect.needs_days else {}
        parts = [f"{effect.title.removeprefix('Change in ')} {per[term]}"]
    if effect.adjusts:
        parts.append(f"{', '.join(effect.adjusts)} held fixed")
    if effect.strata_by:
        parts.append(f"within {effect.strata_by}s")
    return "; ".join(parts)


def sentence_of(found: AssociationFindings, row: Association) -> str:
    """A test as a sentence of its own, without the full stop."""
    one = row_in_words(found, row)
    bounds = f", 95 % CI {one.bounds}" if one.bounds else ""
    of = f" of {row.patients} patients" if row.patients != row.n else ""
    corrected = (
        f", after {CORRECTIONS[found.study.correction]} {exact_p(row.p_corrected)}"
        if row.p_corrected is not None
        else ""
    )
    return f"{one.label} and {one.variable}: {one.effect} {one.value} (n = {row.n}{of}{bounds}{corrected})"
