"""Choice: which combination of a study becomes the final model, and by what it was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from features.core.errors import RadweaveError, did_you_mean
from tasks.modelling.evaluation.study import Study


@dataclass(frozen=True, slots=True)
class Choice:
    """blocks, model: names, as the study has them. why: a sentence for the card. by_scores: whether outer scores chose."""

    blocks: str
    model: str
    why: str
    by_scores: bool


def check_named(study: Study, sets: tuple[str, ...], blocks: str, model: str) -> None:
    """Raises RadweaveError if a study has no such set of blocks, or no such model; "" is none."""
    models = tuple(one.name for one in study.models)
    for what, given, there in (("set of blocks", blocks, sets), ("model", model, models)):
        if given and given not in there:
            hint = did_you_mean(given, there)
            told = (f'study {study.name} has no {what} "{given}"', f"it has {', '.join(there)}", hint)
            raise RadweaveError("; ".join(filter(None, told)))
    if blocks and model and model not in (own := [one.name for one in study.candidates_of(blocks)]):
        raise RadweaveError(
            f'study {study.name}: {model} is not fitted with the set of blocks "{blocks}"; fitted with it are {", ".join(own)}'
        )


def named_choice(study: Study, sets: tuple[str, ...], blocks: str, model: str) -> Choice:
    """The combination that somebody named; what is left out has to be the only one. Raises RadweaveError."""
    check_named(study, sets, blocks, model)
    models = tuple(one.name for one in (study.candidates_of(blocks) if blocks else study.models))
    sets = tuple(one for one in sets if not model or model in {own.name for own in study.candidates_of(one)})
    asked = (("--blocks", "set of blocks", blocks, sets), ("--model", "model", model, models))
    for option, what, given, there in asked:
        if not given and len(there) > 1:
            raise RadweaveError(f"study {study.name}: {option} is to say which {what} of {', '.join(there)}")
    why = "It was named by who fitted it; the scores of the study did not choose it here."
    return Choice(blocks or sets[0], model or models[0], why, False)
