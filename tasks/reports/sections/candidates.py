"""What was compared: the candidates with their steps, and the settings that inner folds chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from features.core.kinds.registry import Kind
from tasks.modelling.candidate import Candidate
from tasks.modelling.evaluation.result import Chosen
from tasks.reports.labels import blocks_label
from tasks.reports.plain_labels import first_sentence, model_label, split_label
from tasks.reports.section import Findings, Section


class Candidates(Section):
    """Each candidate with its steps in their order, its model and its fusion; then what was chosen."""

    kind: Literal["candidates"] = "candidates"
    order: ClassVar[int] = 74

    def content(self, found: Findings) -> Mapping[str, object]:
        return {
            "candidates": [candidate_row(candidate) for candidate in found.study.models],
            "kinds": kinds_in_words(found.study.models),
            "chosen": chosen_rows(found),
            "shown_split": split_label(found.winner.split),
        }


@dataclass(frozen=True)
class Part:
    """A step, model or fusion, by its kind, with its settings as they are written in a study."""

    kind: str
    settings: str


@dataclass(frozen=True)
class CandidateRow:
    """A candidate: its steps in their order, its model, its fusion."""

    label: str
    steps: tuple[Part, ...]
    model: Part
    fusion: Part


@dataclass(frozen=True)
class ChosenRow:
    """What inner folds chose for a combination: each setting with its values and in how many folds each was taken."""

    combination: str
    settings: str


def candidate_row(candidate: Candidate) -> CandidateRow:
    """A candidate in words."""
    steps = tuple(map(_part, candidate.steps))
    return CandidateRow(model_label(candidate.name), steps, _part(candidate.model), _part(candidate.fusion))


def kinds_in_words(candidates: tuple[Candidate, ...]) -> dict[str, str]:
    """Kind → what it says of itself, of all steps, models and fusions, each once."""
    parts = [part for one in candidates for part in (*one.steps, one.model, one.fusion)]
    return {part.kind: first_sentence(type(part).__doc__) for part in parts}


def chosen_rows(found: Findings) -> tuple[ChosenRow, ...]:
    """A row for each combination that had settings to choose from, under the split that figures show."""
    own = [one for one in found.result.chosen if one.split == found.winner.split]
    rows = []
    for name, model in dict.fromkeys((one.blocks, one.model) for one in own):
        settings: dict[str, list[Chosen]] = {}
        for one in own:
            if (one.blocks, one.model) == (name, model):
                settings.setdefault(one.setting, []).append(one)
        told = "; ".join(
            f"{setting} = {', '.join(f'{one.value} ({one.chosen} of {one.folds})' for one in values)}"
            for setting, values in settings.items()
            if len(values) > 1 or _had_choice(found, model, setting)
        )
        rows.append(ChosenRow(f"{blocks_label(found.study, name)}, {model_label(model)}", told))
    return tuple(row for row in rows if row.settings)


def _had_choice(found: Findings, model: str, setting: str) -> bool:
    """Whether a candidate has several values of a setting, which may be named with its block before: `clinical.k`."""
    candidate = next(one for one in found.study.models if one.name == model)
    name = setting.rpartition(".")[2]
    return any(name in part.tuned and len(getattr(part, name)) > 1 for part in (*candidate.steps, candidate.model))


def _part(kind: Kind) -> Part:
    everywhere = {"blocks"} if not getattr(kind, "blocks", None) else set()  # what is for some blocks alone says which
    settings = kind.model_dump(mode="json", exclude={"kind", *everywhere})
    return Part(kind.kind, "; ".join(f"{name} = {_written(value)}" for name, value in settings.items()))


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
