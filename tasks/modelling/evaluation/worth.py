"""Worth: what the columns of each source score alone, to stand beside how stable they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from features.core.design import Design
from features.fusion.sources import Source
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.result import Score, Worth
from tasks.modelling.evaluation.scoring import score_fits
from tasks.modelling.evaluation.study import Study
from tasks.modelling.splits.split import Fold, Split

FitAlone = Callable[[Study, Mapping[str, list[str]], Mapping[Split, list[Fold]]], Iterable[list[Fit]]]


def worth_of(
    design: Design,
    study: Study,
    sources: Sequence[Source],
    folds: Mapping[Split, list[Fold]],
    fit: FitAlone,
) -> tuple[Worth, ...]:
    """Each source with the score of its columns alone: the first model of columns, in the folds of nested cross-validation.

    Without that split, in those of its first one. Nothing is chosen by it: these are no rivals of the study's sets of blocks, and
    are not among its scores. fit: fits of a study on sets of columns, by name, in these folds.
    """
    first = next((one for one in study.models if not one.model.of_images), None)
    if not sources or not folds or first is None:
        return ()
    split = next((one for one in folds if one.kind == "nested"), next(iter(folds)))
    alone = study.model_copy(update={"models": (first,), "splits": (split,)})
    sets = {one.name: list(one.columns) for one in sources}
    fits = [one for found in fit(alone, sets, {split: folds[split]}) for one in found]
    scores = score_fits(design, alone, sets, fits, {})
    return tuple(Worth(one, _shown(one.name, scores, design)) for one in sources)


def _shown(name: str, scores: Sequence[Score], design: Design) -> Score:
    """Of the endpoint's first metric, over all centres: within these where there are several, as reports name first."""
    own = [s for s in scores if (s.blocks, s.metric, s.centre) == (name, design.endpoint.metrics[0], "")]
    return next((one for one in own if one.within and one.value is not None), own[0])
