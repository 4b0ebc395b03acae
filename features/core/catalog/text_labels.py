"""TextLabels: outcomes whose labels a text model reads out of reports where nobody labelled by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from features.core.catalog.ready_table import ReadyTable
from features.core.catalog.table_source import TableSource, Variable, Word
from features.core.errors import Fault, did_you_mean
from features.core.frozen import Frozen

HAND, TAUGHT, TEXT = "hand", "taught", "text"
LABELLED_BY = (HAND, TAUGHT, TEXT)  # levels of `WORD_label`


class TextLabels(Frozen):
    """A flag that is labelled by hand for some patients, and for the others by a text model that these teach.

    Texts are read at a refresh, and no word of them is kept for it.
    Patients who teach train in every study, and are never scored: their labels are in those of the others.
    """

    by_hand: Word = Field(description="flag with the labels by hand; missing where there is none")
    texts: str = Field(
        "",
        description="block of the ready-made tables of `type: text` that hold the reports; needed unless nobody teaches",
    )
    description: str = Field("", description="what it means, for readers; without it, as of the labels by hand")
    teach: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="share of the patients labelled by hand who teach the text model and are not scored, drawn by their ids; 0: "
        "nobody teaches, and there are labels by hand alone",
    )
    seen_in: int = Field(
        3, ge=2, description="words and phrases count that stand in the reports of at least so many who teach"
    )


def labelled_variables(
    labelled: Mapping[str, TextLabels], variables: Mapping[str, Variable], known_at: str
) -> dict[str, Variable]:
    """The outcomes that labels from texts give: `WORD`, who labelled it (`WORD_label`), what the text says (`WORD_by_text`)."""
    found = {}
    for word, one in labelled.items():
        if not _is_flag(variables.get(one.by_hand)):
            continue
        of = one.description or variables[one.by_hand].description
        weak = (
            f"; a weak label, read out of a report by a text model, where {word}_label is {TEXT}" if one.teach else ""
        )
        flag = {"type": "flag", "role": "outcome", "known_at": known_at}
        by = f"who labelled {word}: {HAND}; {TAUGHT}, by hand, and taught the text model; {TEXT}, the text model"
        levels = {"type": "category", "levels": LABELLED_BY, "role": "outcome", "known_at": known_at}
        text = f"what the text model says of {word}, of those who taught it by models that they did not teach"
        found[word] = Variable.model_validate({**flag, "description": of + weak})
        found[f"{word}_label"] = Variable.model_validate({**levels, "description": by})
        found[f"{word}_by_text"] = Variable.model_validate({**flag, "description": text})
    return found


def labelled_faults(
    labelled: Mapping[str, TextLabels], variables: Mapping[str, Variable], tables: Sequence[TableSource]
) -> Iterator[Fault]:
    """Faults of labels from texts; `where` is the word, or the word and its key with a dot between.

    variables: all that the cohort has but those that these give.
    """
    blocks = list(
        dict.fromkeys(table.block for table in tables if isinstance(table, ReadyTable) and table.type == "text")
    )
    for word, one in labelled.items():
        flags = [name for name, variable in variables.items() if _is_flag(variable)]
        if one.by_hand not in flags:
            what, allowed = "unknown outcome of type flag", ", ".join(flags)
            yield Fault(f"{word}.by_hand", what, f'"{one.by_hand}"', allowed, did_you_mean(one.by_hand, flags))
        for name in (word, f"{word}_label", f"{word}_by_text"):
            if name in variables:
                yield Fault(word, f'it gives "{name}", which is declared already', hint="give one of them another name")
        if (one.texts or one.teach) and one.texts not in blocks:
            hint = (
                did_you_mean(one.texts, blocks) or "declare one with type: text; or say teach: 0, labels by hand alone"
            )
            yield Fault(f"{word}.texts", "no block of texts has this name", f'"{one.texts}"', ", ".join(blocks), hint)


def _is_flag(variable: Variable | None) -> bool:
    return variable is not None and variable.type == "flag" and variable.role == "outcome"
