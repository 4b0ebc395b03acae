"""Derived outcomes of a cohort: which variables they are, and what the catalog says wrongly of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from features.core.catalog.table_source import Variable
from features.core.errors import Fault, did_you_mean
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected


def derived_variables(
    variables: Mapping[str, Variable], derived: Mapping[str, Derivation], known_at: str
) -> dict[str, dict[str, Variable]]:
    """Word of a derivation → the outcomes that it gives, by name. It may read those above it.

    One that reads what there is not, or of another type, gives nothing: `derived_faults` says why.
    """
    known, found = dict(variables), dict[str, dict[str, Variable]]()
    for word, derivation in derived.items():
        if any(_misfit(one, known) for one in derivation.inputs()):
            found[word] = {}
            continue
        given = derivation.gives({one.variable: known[one.variable] for one in derivation.inputs()})
        found[word] = {
            f"{word}_{ending}" if ending else word: one.model_copy(update={"known_at": known_at})
            for ending, one in given.items()
        }
        known |= found[word]
    return found


def giving(
    columns: Iterable[str], variables: Mapping[str, Variable], derived: Mapping[str, Derivation]
) -> list[Derivation]:
    """The derivations that give one of these columns."""
    found = derived_variables(variables, derived, "") if derived else {}
    return [derived[word] for word, given in found.items() if given.keys() & {*columns}]


def why_missing(derivations: Iterable[Derivation], row: Mapping[str, Value]) -> str:
    """Why a patient has no outcome of these derivations, in words or as a code; "" if they tell none.

    row: what the clinical block holds of the patient.
    """
    for derivation in derivations:
        try:
            found = derivation.derive({one.variable: row.get(one.variable) for one in derivation.inputs()})
        except Rejected as why:
            return why.code
        if isinstance(found, NotDerived):
            return str(found)
    return ""


def derived_faults(
    variables: Mapping[str, Variable], derived: Mapping[str, Derivation], timepoints: Mapping[str, int]
) -> Iterator[Fault]:
    """Faults of the derived outcomes; `where` is the word, or the word and its key with a dot between.

    variables: those that the catalog declares. Later variables that are predictors would be predicted by themselves.
    """
    known = dict(variables)
    for word, given in derived_variables(variables, derived, next(iter(timepoints))).items():
        derivation = derived[word]
        fits = True
        for one in derivation.inputs():
            fault = _misfit(one, known) or _foresight(one, known[one.variable], timepoints)
            if fault:
                fits = False
                yield replace(fault, where=word)
        if fits:
            read = {one.variable: known[one.variable] for one in derivation.inputs()}
            yield from (replace(fault, where=f"{word}.{fault.where}") for fault in derivation.faults(read))
        for name in given:
            if name in known:
                yield Fault(word, f'it gives "{name}", which is declared already', hint="give one of them another name")
        known |= given


def _misfit(one: Input, variables: Mapping[str, Variable]) -> Fault | None:
    variable = variables.get(one.variable)
    if variable is None:
        hint = did_you_mean(one.variable, variables)
        return Fault("", "unknown variable", f'"{one.variable}"', ", ".join(variables), hint)
    if variable.type not in one.types:
        return Fault("", f'"{one.variable}" is of another type', variable.type, ", ".join(one.types))
    if one.unit and variable.unit != one.unit:
        hint = "give the variable this unit; that of a table may differ, and is converted"
        return Fault("", f'"{one.variable}" has another unit', f'"{variable.unit}"', one.unit, hint)
    return None


def _foresight(one: Input, variable: Variable, timepoints: Mapping[str, int]) -> Fault | None:
    """The fault of a predictor that is known from the beginning, and of which a later outcome is made."""
    first = min(timepoints.values())
    if variable.role == "outcome" or one.is_early or timepoints.get(variable.known_at, first) > first:
        return None
    what = f'an outcome is made of the predictor "{one.variable}", which is known at {variable.known_at}'
    return Fault("", what, hint="declare role: outcome, or the later time point at which it is known")
