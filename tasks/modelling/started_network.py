"""Started network: that of a saved model of images, from which one goes on for another cohort, or another endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from features.core.digest import digest_json
from features.core.errors import FitError, RadweaveError
from features.deep.architecture import ARCHITECTURES, Architecture
from features.results.models import is_model, read_model
from tasks.modelling.evaluation.fitted_table import FittedTable
from tasks.modelling.fitted_image_network import FittedImageNetwork
from tasks.modelling.saved.loaded import load_model


@dataclass(frozen=True, eq=False)
class StartedNetwork:
    """architecture: of the network. weights: the card that it came from, "" where arrays are all of it. arrays: of the body, and
    mean and std of pixels. cohorts: whose cases it has seen. name: of the model."""

    architecture: Architecture
    weights: str
    arrays: Mapping[str, NDArray[Any]]
    cohorts: tuple[str, ...]
    name: str

    def check_apart(self, cohorts: frozenset[str]) -> None:
        """Raises FitError where cases are of cohorts that it has seen: what it says of them would be no validation."""
        if shared := sorted(cohorts & {*self.cohorts}):
            raise FitError(
                f"start_from: the network of {self.name} has seen cases of {', '.join(shared)}, which are cases of this study too; "
                "start from a model of other cohorts"
            )


def started_network(folder: str) -> StartedNetwork:
    """The first network of a saved model. Raises RadweaveError where it is none of images, DamagedError for a changed file."""
    place = Path(folder)
    _check(folder)
    final = load_model(place).final
    fitted = final.fitted.model if isinstance(final.fitted, FittedTable) else None
    if not isinstance(fitted, FittedImageNetwork):
        raise RadweaveError(
            f"start_from: the model of {folder} is a {final.candidate.model.kind}, which has no network of images"
        )
    arrays = {
        name: one for name, one in fitted.members[0].items() if name.startswith("body.") or name in ("mean", "std")
    }
    network = ARCHITECTURES.parse(json.loads(fitted.architecture))
    return StartedNetwork(
        network, fitted.weights, arrays, (*final.seen_cohorts, *fitted.seen), f"{place.parent.name}/{place.name}"
    )


def digest_of_start(folder: str) -> str:
    """Of the files of a saved model. Raises RadweaveError where there is none, DamagedError for a changed file."""
    _check(folder)
    return digest_json(read_model(Path(folder))["files"])


def _check(folder: str) -> None:
    if not is_model(Path(folder)):
        raise RadweaveError(
            f"start_from: {folder} holds no saved model; radweave study NAME --final saves one, and tells its folder"
        )
