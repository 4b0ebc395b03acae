"""explain_work: maps of what a network is shown of one case, for the score that a model makes of its features."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.kinds.sampling import Shown, to_unit
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.deep.attribution import ATTRIBUTIONS, Attribution
from features.deep.attribution import Explained as HowExplained
from features.deep.explaining.localisation import centre_prior, likeness, over_cases, share_inside
from features.deep.explaining.where import planes_of, put_back, shown_roi
from features.deep.extractors.network import Network
from features.results.samples import Preparing, quantised
from features.results.work import Extraction, Sample
from tasks.explaining.case_score import CaseScore

if TYPE_CHECKING:
    import torch

    from features.deep.explaining.predicted import Predict
    from features.deep.learning.headed import Headed

SAME = 1e-3  # of the largest feature: by how much features may differ from those of the tables


@dataclass(frozen=True, eq=False)
class Views:
    """What a network is shown of a case by one sampling: pixels (views, channels, *size) in [0, 1], and roi the share of each
    pixel that is ROI. originals: the images that it is of, as in their files. words: of the views.
    """

    sample: Sample
    pixels: NDArray[np.float32]
    roi: NDArray[np.float32]
    regions: tuple[Region, ...]
    originals: tuple[Volume, ...]

    @property
    def shown(self) -> Shown:
        return self.sample.shown

    def put_back(self, values: NDArray[np.float32], image: int) -> NDArray[np.float32]:
        """A map of the views on the grid of an image. Raises RadweaveError where it has no place there."""
        if self.originals[image].plane == "bare":
            raise RadweaveError("a picture without a place in space: there is no NIfTI of it")
        planes = planes_of(self.shown.sampling, self.regions, self.sample.recipe, self.shown.shape)
        return put_back(values, planes, image, self.originals[image])


@dataclass(frozen=True, eq=False)
class Explained:
    """A map of a case. values: (views, channels, *size). inside: share of what raises the score that lies in the ROI; random: the
    same by networks with random weights, mean; prior: by a prior of the middle; area: share of the pixels that are ROI. alike:
    likeness to the maps by random weights, mean. gap: as in Attributed. Numbers are NaN where there is nothing to tell.
    """

    views: Views
    by: Attribution
    values: NDArray[np.float32]
    inside: float
    random: float
    prior: float
    area: float
    alike: float
    gap: float


@dataclass(frozen=True, eq=False)
class Lacking:
    """A map that there is not, and why."""

    views: Views
    by: Attribution
    why: str


def read_views(work: Extraction, preparing: Preparing) -> list[Views]:
    """What the network of a work is shown, sampling by sampling. Raises Rejected for what cannot be shown or must not be seen."""
    found = []
    for sample in work.samples:
        regions, originals = [], []
        for scan in sample.images:
            region = preparing.of(scan, sample.recipe, sample.shown)
            whole = preparing.read(scan)
            if isinstance(region, Rejected):
                raise region
            if isinstance(whole, Rejected):
                raise whole
            if seen := [one.code for one in whole.warnings if one.code.startswith("PHI_")]:
                raise RadweaveError(f"{seen[0]}: its pixels may show who the patient is, so nothing of it is drawn")
            regions.append(region)
            originals.append(whole.volume)
        sampling, shape = sample.shown
        pixels = to_unit(quantised(sampling.sample(regions, sample.recipe, shape)))
        roi = shown_roi(sampling, regions, sample.recipe, shape)
        found.append(Views(sample, pixels, roi, tuple(regions), tuple(originals)))
    return found


def explain_work(
    work: Extraction,
    every: Sequence[Views],
    score: CaseScore,
    kinds: Sequence[Attribution],
    randoms: int,
    seed: int,
) -> Iterator[Explained | Lacking]:
    """A map by each kind of each sampling, or why there is none.

    randoms: how many networks with random weights are explained beside. Raises RadweaveError where the network, shown these views,
    does not give the features of the tables.
    """
    import torch

    from features.deep.device import chosen_device
    from features.deep.explaining.frozen_score import FrozenScore

    network = work.extractor
    assert isinstance(network, Network)
    names, start = columns_of(work), 0
    place = {name: i for i, name in enumerate(score.rows.columns.names.tolist())}
    looked_at = _looked_at(score)
    for views in every:
        width = len(names) // sum(len(one.sampling.views) for one in network.shown) * len(views.shown.sampling.views)
        own = names[start : start + width]
        start += width
        at = np.array([place.get(name, -1) for name in own], np.intp)
        used = np.array([name in looked_at for name in own]) & (at >= 0)
        if not used.any():
            continue
        frozen = FrozenScore.of(
            network.asked, views.shown.sampling, network.augment, partial(score.with_columns, at), used
        )
        shown = torch.from_numpy(views.pixels).to(chosen_device())
        _check_same(frozen.features(shown)[used], score.rows.X[0, at[used]])
        untrained = [] if network.network.holds_network else [frozen.randomised(seed + n) for n in range(randoms)]
        yield from _maps([views], frozen, untrained, shown, kinds)


def explain_trained(
    every: Sequence[Views],
    networks: Sequence[Headed],
    columns: NDArray[np.float64],
    predict: Predict,
    score: float,
    kinds: Sequence[Attribution],
    randoms: int,
    seed: int,
) -> Iterator[Explained | Lacking]:
    """As `explain_work`, of networks that learnt from images: all views of a case have one score.

    columns: (p,) that they are given beside. predict: what they tell (m, outputs) → scores (m,). score: of the case, by the model
    itself. Raises RadweaveError where the networks, shown these views, do not give it.
    """
    import torch

    from features.deep.device import chosen_device
    from features.deep.explaining.trained_score import TrainedScore

    shown = torch.from_numpy(np.concatenate([views.pixels for views in every])).to(chosen_device())
    trained = TrainedScore(tuple(one.to(shown.device).requires_grad_(False) for one in networks), columns, predict)
    with torch.no_grad():
        found = float(trained.score(trained.maps(shown)))
    if abs(found - score) > SAME * max(1.0, abs(score)):
        raise RadweaveError(
            f"the network gives {found:.4g} for what the files show now, and {score:.4g} for what is kept: the files changed since "
            "the refresh; refresh the cohort again"
        )
    untrained = [trained.randomised(seed + n, tuple(shown.shape[2:])) for n in range(randoms)]
    yield from _maps(every, trained, untrained, shown, kinds)
    for one in networks:
        one.to("cpu")


def _maps(
    every: Sequence[Views],
    explained: HowExplained,
    untrained: Sequence[HowExplained],
    shown: torch.Tensor,
    kinds: Sequence[Attribution],
) -> Iterator[Explained | Lacking]:
    """A map by each kind of each sampling. shown: the views of all samplings, one after the other."""
    ends = np.cumsum([len(views.pixels) for views in every])[:-1]
    for by in kinds:
        try:
            found = by.explain(explained, shown)
            others = [np.split(by.explain(one, shown).values, ends) for one in untrained]
        except RadweaveError as error:
            yield from (Lacking(views, by, str(error)) for views in every)
            continue
        for number, (views, values) in enumerate(zip(every, np.split(found.values, ends), strict=True)):
            yield measured(views, by, values, found.gap, [one[number] for one in others])


def measured(
    views: Views, by: Attribution, values: NDArray[np.float32], gap: float | None, others: Sequence[NDArray[np.float32]]
) -> Explained:
    """A map with its checks. others: maps by networks with random weights."""
    prior = np.broadcast_to(centre_prior(values.shape[2:]), values.shape)
    return Explained(
        views=views,
        by=by,
        values=values,
        inside=share_inside(values, views.roi),
        random=over_cases([share_inside(one, views.roi) for one in others]).mean,
        prior=share_inside(prior, views.roi),
        area=float(views.roi.mean()),
        alike=over_cases([likeness(values, one) for one in others]).mean,
        gap=math.nan if gap is None else gap,
    )


def columns_of(work: Extraction) -> list[str]:
    """Names of the columns of a work's features in the tables, in their order."""
    return [work.prefix + one.name for one in work.extractor.columns(work.recipe)]


def parse_kinds(words: Sequence[str]) -> list[Attribution]:
    """Kinds of maps by their words. Raises RadweaveError that names those there are."""
    try:
        return [ATTRIBUTIONS.parse(word) for word in dict.fromkeys(words)]
    except ValueError as error:
        raise RadweaveError(f"--by: {error}") from error


def _looked_at(score: CaseScore) -> set[str]:
    """The columns that a model uses, as far as it says so; all that it needs where what it uses are components of them."""
    every = set(score.rows.columns.names.tolist())
    named = {name for name, weight in score.final.selected.items() if weight != 0}
    return named if named and named <= every else every


def _check_same(found: NDArray[np.float64], known: NDArray[np.float64]) -> None:
    if np.isnan(known).all():
        raise RadweaveError("the tables have no features of the network for this case")
    off = float(np.nanmax(np.abs(found - known)))
    if off > SAME * float(np.nanmax(np.abs(known))):
        raise RadweaveError(
            f"the network gives features that differ by {off:.3g} from those of the tables: the files or its weights changed "
            "since the refresh, or the row joins several lesions or visits; refresh the cohort again"
        )
