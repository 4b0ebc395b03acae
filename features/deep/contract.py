"""Contract: what a checkpoint must be shown, against how a recipe prepares images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from features.core.kinds.normaliser import Normaliser
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Sampling
from features.deep.card import Card
from features.deep.plane_sampling import PlaneSampling

NEARLY = 1e-6


def breaches(card: Card, preparation: Preparation, samplings: Sequence[Sampling] = ()) -> Iterator[str]:
    """In what a recipe breaks the contract of a card: sentences with what was found and what is allowed."""
    asked = card.input
    if asked.modalities and preparation.modality not in asked.modalities:
        yield f"modality is {preparation.modality}, and it was trained on {' or '.join(asked.modalities)}"
    if asked.unit and preparation.measured_unit != asked.unit:
        normalised = ", normalised" if preparation.measured_unit != preparation.unit else ""
        yield f"unit is {preparation.unit}{normalised}, and it takes {asked.unit}"
    if asked.window and preparation.window is not None and preparation.window != asked.window:
        found, allowed = (f"[{low:g}, {high:g}]" for low, high in (preparation.window, asked.window))
        yield f"window is {found}, and it takes {allowed}"
    if asked.normalise is not None and preparation.normalise != asked.normalise:
        yield f"normalise is {_settings(preparation.normalise)}, and it takes {_settings(asked.normalise)}"
    if asked.spacing_mm is not None and preparation.spacing_mm is not None:
        pairs = zip(preparation.spacing_mm, asked.spacing_mm, strict=True)
        if any(given is not None and given > needed * (1 + NEARLY) for given, needed in pairs):
            found = ", ".join("null" if one is None else f"{one:g}" for one in preparation.spacing_mm)
            needed = ", ".join(f"{one:g}" for one in asked.spacing_mm)
            yield f"spacing_mm is [{found}], coarser than the [{needed}] at which it is shown patches: leave it out, or finer"
    for sampling in samplings:
        if asked.only and sampling.kind not in asked.only:
            yield f"the sampling is {sampling.kind}, and it takes {' or '.join(asked.only)}"
        if asked.window and isinstance(sampling, PlaneSampling) and preparation.window is not None:
            own = [one for one in sampling.windows_of(preparation) if one not in (asked.window, preparation.window)]
            if own:
                found = ", ".join(f"[{low:g}, {high:g}]" for low, high in own)
                low, high = asked.window
                yield f"{sampling.kind} shows {found}, and it takes the window [{low:g}, {high:g}]"


def _settings(normaliser: Normaliser | None) -> str:
    if normaliser is None:
        return "left out"
    told = normaliser.model_dump(mode="json", exclude_none=True)
    return "{" + ", ".join(f"{name}: {value}" for name, value in told.items()) + "}"
