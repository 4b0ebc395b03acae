"""A Final as JSON and arrays, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from features.core.errors import RadweaveError
from features.core.kinds.endpoint import ENDPOINTS
from features.core.kinds.registry import Kind
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.evaluation.final import Final
from tasks.modelling.models.model import Model
from tasks.modelling.saved.structure import AnyArray, structure_of, value_of
from tasks.modelling.tunable import Tunable

FORMAT = 1  # of a saved model; raise it when an older radweave would misread it
_SETTINGS = ("candidate", "endpoint")  # fields that are kinds, kept as their settings
_COUNTED = ("warnings", "remarks")


def saved(final: Final) -> tuple[dict[str, Any], list[AnyArray]]:
    """JSON, and the arrays that it names. Raises NotKeptError for what cannot be kept."""
    own = {one.name: getattr(final, one.name) for one in fields(Final) if one.name not in _SETTINGS}
    structure, arrays = structure_of({**own, **{name: dict(own[name]) for name in _COUNTED}})
    settings = {name: getattr(final, name).model_dump(mode="json") for name in _SETTINGS}
    return {"format": FORMAT, "final": structure, **settings}, arrays


def final_of(facts: Mapping[str, Any], arrays: Sequence[AnyArray]) -> Final:
    """What `saved` was given. Raises RadweaveError for another format, and settings or classes that are gone or changed."""
    if facts.get("format") != FORMAT:
        raise RadweaveError(
            f"it has format {facts.get('format', 'none')}, this radweave reads {FORMAT}: use the version that wrote it, or fit it "
            "again: radweave study … --final"
        )
    try:
        candidate, endpoint = parse_candidate(facts["candidate"]), ENDPOINTS.parse(facts["endpoint"])
        own = value_of(facts["final"], arrays)
        return Final(
            candidate=candidate, endpoint=endpoint, **{**own, **{name: Counter(own[name]) for name in _COUNTED}}
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RadweaveError(f"it is no model of this radweave: {str(error).splitlines()[0]}") from error


def check_keepable(candidate: Candidate, endpoint: str) -> None:
    """Raises RadweaveError, before anything is fitted, where a step or model of a candidate cannot be saved once it is."""
    for one in (*candidate.steps, *_with_members(candidate.model, endpoint)):
        if isinstance(one, Tunable) and one.unkept:
            raise RadweaveError(
                f'candidate {candidate.name}: "{one.kind}" cannot be saved: {one.unkept}; choose another model by --model'
            )


def keeps_cases(candidate: Candidate, endpoint: str) -> bool:
    """Whether a fitted candidate holds values or outcomes of single training cases."""
    return any(isinstance(one, Model) and one.keeps_cases for one in _with_members(candidate.model, endpoint))


def _with_members(kind: Kind, endpoint: str) -> list[Kind]:
    inner = kind.members(endpoint) if isinstance(kind, Model) else ()
    return [kind, *(one for member in inner for one in _with_members(member, endpoint))]
