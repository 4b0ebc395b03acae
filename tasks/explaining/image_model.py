"""A saved model that learnt from images itself, as what explains it needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.images import Images
from features.deep.attribution import Attribution
from features.fusion.kept_images import KeptImages
from features.results.work import Extraction
from tasks.explaining.case_score import CaseScore
from tasks.explaining.explained_map import Explained, Lacking, Views, explain_trained
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fitted_table import FittedTable
from tasks.modelling.evaluation.recalibrate import FittedMoved
from tasks.modelling.fitted_image_network import FittedImageNetwork, networks_of


def fitted_network(final: Final) -> tuple[FittedTable, FittedImageNetwork]:
    """The networks of a model with what is done to its columns. Raises RadweaveError for another model of images."""
    table = (
        final.fitted.fitted if isinstance(final.fitted, FittedMoved) else final.fitted
    )  # which leaves risks as they are
    if not isinstance(table, FittedTable) or not isinstance(table.model, FittedImageNetwork):
        raise RadweaveError(
            f"{final.model} of {final.study} is shown images, and no map can be made of what it does with them"
        )
    return table, table.model


def is_shown(work: Extraction, score: CaseScore) -> bool:
    """Whether what a work shows of a case is what the model was shown of it."""
    images = score.rows.images
    assert isinstance(images, KeptImages)
    addresses: list[str] = images.samples[0].tolist()
    return [one.address for one in work.samples] == addresses


def explain_images(
    score: CaseScore, every: Sequence[Views], kinds: Sequence[Attribution], randoms: int, seed: int
) -> Iterator[Explained | Lacking]:
    """A map by each kind of each sampling. Raises as `explain_trained`."""
    table, model = fitted_network(score.final)
    columns = table.apply(score.rows).X[0]
    return explain_trained(
        every,
        networks_of(model),
        columns,
        lambda told: score.number(model.answer.prediction(told)),
        score.value,
        kinds,
        randoms,
        seed,
    )


def features_shown(final: Final, images: Images) -> NDArray[np.float64]:
    """(n, width): what the first network makes of the images of rows, mean over their views."""
    from features.deep.device import chosen_device
    from features.deep.learning.course import features_of
    from features.deep.learning.reading import Views as Read

    device, network = chosen_device(), networks_of(fitted_network(final)[1])[0]
    try:
        found = features_of(network.to(device), Read(images), np.arange(len(images)), device)
    finally:
        network.to("cpu")
    return np.asarray(found.mean(dim=1).double().cpu().numpy())
