"""Aim: the endpoint that columns of a table make, with its variables. What the values do not decide is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from features.core.errors import ConfigError, DataError, Fault
from tasks.drafting.columns import FALSE, ColumnDraft, slug
from tasks.drafting.outcomes import endpoint_name, unit_of
from tasks.drafting.remark import several
from tasks.drafting.table_study.asked import Asked, TargetKind
from tasks.drafting.table_study.values import Values, one_of, true_value

MOST_CLASSES = 10  # so many different whole numbers may be classes or grades as well as an amount
UNITS = "days, weeks, months or years"
_OPPOSITE = re.compile(r"censor|zensier|alive|surviv|living|lebend", re.IGNORECASE)
_EVENTS = frozenset({"dead", "deceased", "event", "progressed", "recurred", "verstorben", "tot", "ereignis"})
Drafted = tuple[str, dict[str, Any], dict[str, Any]]  # a variable's word, the variable, and its source


@dataclass(frozen=True)
class Aim:
    """An endpoint under a word, its variables, the columns that they come from, and what is to be said of them.

    columns: variable → its source in the catalog, with the table's column under `from`.
    """

    word: str
    endpoint: dict[str, Any]
    variables: dict[str, dict[str, Any]]
    columns: dict[str, dict[str, Any]]
    said: tuple[str, ...]


def aim_of(asked: Asked, values_of: Callable[[str], Values]) -> Aim:
    """The endpoint that is asked for. values_of: the values of a column.

    Raises ConfigError where the values do not decide what is meant, and DataError where there is nothing to predict.
    """
    if len(asked.targets) > 1:
        return _multilabel(asked, [values_of(one) for one in asked.targets])
    if asked.targets:
        values = values_of(asked.targets[0])
        kind = asked.kind or _kind(values)
        return _TARGETS[kind](asked, values)
    time = _time(values_of(asked.time), asked)
    return (
        _competing(asked, values_of(asked.cause), time)
        if asked.cause
        else _survival(asked, values_of(asked.event), time)
    )


def _kind(values: Values) -> TargetKind:
    """What the values of a target are without doubt."""
    _need_two(values)
    if len(values.counts) == 2:
        return "binary"
    numbers = list(values.numbers.values()) if values.are_numbers else []
    if any(not number.is_integer() for number in numbers) or len(set(numbers)) > MOST_CLASSES:
        return "continuous"
    hint = "say --kind multiclass, or --kind ordinal with --levels LOW,…,HIGH"
    if numbers:
        hint = "say --kind multiclass, --kind ordinal or --kind continuous"
    raise values.fault("may be of several kinds", hint=hint)


def _need_two(values: Values) -> None:
    if len(values.counts) < 2:
        what = "is empty" if not values.counts else "has one value in all rows"
        raise DataError(f'{values.table}: the column "{values.column}" {what}; nothing can be predicted')


def _binary(asked: Asked, values: Values) -> Aim:
    flag, said = _yes(asked, values)
    return _aim(flag[0], {"kind": "binary", "column": flag[0]}, [flag], said, values)


def _multilabel(asked: Asked, values: list[Values]) -> Aim:
    flags = [_yes(asked, one) for one in values]
    endpoint = {"kind": "multilabel", "labels": [flag[0] for flag, _ in flags]}
    return _aim("labels", endpoint, [flag for flag, _ in flags], "; ".join(said for _, said in flags), *values)


def _yes(asked: Asked, values: Values) -> tuple[Drafted, str]:
    """The variable of a column of yes and no, and what is to be said of it."""
    _need_two(values)
    if len(values.counts) > 2:
        raise values.fault("has more than two values", hint="say --kind multiclass, ordinal or continuous")
    true = true_value(values, asked.positive, "--positive")
    variable = {"type": "flag", "description": values.column, "role": "outcome"}
    said = f"{values.column}: {true} means yes, in {values.counts[true]} of {values.counts.total()}"
    return (slug(values.column), variable, _flag(values, true)), said


def _flag(values: Values, true: str) -> dict[str, Any]:
    return _source(values) | {"codes": {cell: cell == true for cell in values.counts}}


def _multiclass(asked: Asked, values: Values) -> Aim:
    return _levelled(values, "multiclass", "category", asked.levels or tuple(values.by_size))


def _ordinal(asked: Asked, values: Values) -> Aim:
    if not asked.levels and not values.are_numbers:
        raise values.fault("has no order of its own", hint="name its levels: --levels LOW,…,HIGH")
    return _levelled(values, "ordinal", "ordinal", asked.levels or tuple(values.by_size))


def _levelled(values: Values, kind: str, type_: str, levels: tuple[str, ...]) -> Aim:
    _need_two(values)
    if strange := [cell for cell in values.counts if cell not in levels]:
        count = sum(values.counts[cell] for cell in strange)
        hint = "name all of them by --levels, or correct the cells"
        raise values.fault(f"holds other levels in {several(count, 'row')}", allowed=", ".join(levels), hint=hint)
    word = slug(values.column)
    variable = {"type": type_, "description": values.column, "role": "outcome", "levels": list(levels)}
    between = " < " if type_ == "ordinal" else ", "
    said = f"{values.column}: {between.join(f'{level} ({values.counts[level]})' for level in levels)}"
    return _aim(word, {"kind": kind, "column": word}, [(word, variable, _source(values))], said, values)


def _continuous(asked: Asked, values: Values) -> Aim:  # noqa: ARG001 (as the others)
    _need_two(values)
    _need_numbers(values)
    word = slug(values.column)
    variable = {"type": "number", "description": values.column, "role": "outcome"}
    said = f"{values.column}: a number, known of {several(values.counts.total(), 'row')}"
    return _aim(word, {"kind": "continuous", "column": word}, [(word, variable, _source(values))], said, values)


def _time(values: Values, asked: Asked) -> tuple[Values, str]:
    """The values of a time, and its unit: the one that is named, else that in the column's name."""
    _need_numbers(values)
    unit = asked.time_unit or unit_of(ColumnDraft(values.column, slug(values.column), "number"))
    if not unit:
        what = f'the name "{values.column}" does not tell the unit of the time'
        raise ConfigError([Fault(values.table, what, "", UNITS, "name it: --time-unit UNIT")])
    return values, unit


def _need_numbers(values: Values) -> None:
    if not values.are_numbers:
        count = sum(count for cell, count in values.counts.items() if cell not in values.numbers)
        raise values.fault(f"holds no number in {several(count, 'row')}")


def _survival(asked: Asked, values: Values, timed: tuple[Values, str]) -> Aim:
    if len(values.counts) > 2:
        raise values.fault("has more than two values", hint="where they are causes of the event, give --cause instead")
    true = true_value(values, asked.positive, "--positive")
    if not asked.positive and _OPPOSITE.search(values.column) and true.lower() not in _EVENTS:
        what = f"may say of whom no event was seen: its name does, and {true} would mean that one was"
        raise values.fault(what, hint="name the value that means that the event was seen: --positive VALUE")
    time, event = _time_word(timed), slug(values.column)
    word = endpoint_name(time, event)
    variable = {"type": "flag", "description": values.column, "role": "outcome"}
    said = f"{asked.time} in {timed[1]}; {values.column}: {true} means seen, in {values.counts[true]} of {values.counts.total()}"
    endpoint = {"kind": "survival", "time": time, "event": event}
    return _aim(word, endpoint, [_timed(timed), (event, variable, _flag(values, true))], said, timed[0], values)


def _competing(asked: Asked, values: Values, timed: tuple[Values, str]) -> Aim:
    _need_two(values)
    censored = values.held(asked.censored, "--censored") if asked.censored else one_of(values, FALSE)
    if not censored:
        raise values.fault("does not say which value means that no event was seen", hint="name it: --censored VALUE")
    if not asked.of_interest:
        raise values.fault("holds several causes", hint="name the one that is predicted: --of-interest VALUE")
    wanted = values.held(asked.of_interest, "--of-interest")
    if wanted == censored:
        raise ConfigError([Fault(f"--of-interest {wanted}", "means that no event was seen", "", "another value")])
    time, cause = _time_word(timed), slug(values.column)
    variable = {"type": "category", "description": values.column, "role": "outcome", "levels": values.by_size}
    said = f"{asked.time} in {timed[1]}; {values.column}: {wanted} is predicted, seen in {values.counts[wanted]} of "
    said += f"{values.counts.total()}; {censored} means that none was seen"
    endpoint = {"kind": "competing_risks", "time": time, "cause": cause, "censored": censored, "of_interest": wanted}
    return _aim(
        endpoint_name(time, cause),
        endpoint,
        [_timed(timed), (cause, variable, _source(values))],
        said,
        timed[0],
        values,
    )


def _time_word(timed: tuple[Values, str]) -> str:
    return slug(timed[0].column)


def _timed(timed: tuple[Values, str]) -> Drafted:
    values, unit = timed
    variable = {"type": "number", "description": values.column, "role": "outcome", "unit": "days"}
    return _time_word(timed), variable, _source(values) | ({"unit": unit} if unit != "days" else {})


def _source(values: Values) -> dict[str, Any]:
    return {"from": values.column} | ({"missing": list(values.missing)} if values.missing else {})


def _aim(
    word: str,
    endpoint: dict[str, Any],
    variables: list[Drafted],
    said: str,
    *values: Values,
) -> Aim:
    lines = [said]
    for one in values:
        if one.missing:
            lines.append(f"{one.column}: {', '.join(one.missing)} taken as missing")
        if one.empty:
            lines.append(f"{one.column}: missing in {several(one.empty, 'row')}, whose patients are left out")
    own = {name: variable for name, variable, _ in variables}
    if len(own) < len(variables):
        names = " and ".join(f'"{source["from"]}"' for _, _, source in variables)
        raise ConfigError([Fault(values[0].table, f"the columns {names} become one word; rename one of them")])
    return Aim(word, endpoint, own, {name: source for name, _, source in variables}, tuple(lines))


_TARGETS: dict[TargetKind, Callable[[Asked, Values], Aim]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "ordinal": _ordinal,
    "continuous": _continuous,
}
