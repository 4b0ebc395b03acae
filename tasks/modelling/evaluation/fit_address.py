"""fit_address: where a fit is kept, a digest of all that decides it: cases, columns, settings, seed and sources.

What does not decide it leaves no trace: names of cases and patients, cases that are in no part of the fold, other candidates, the
title of the study, its report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.code_digest import sources_of
from features.core.digest import digest_file, digest_json
from features.core.kinds.endpoint import Endpoint
from features.core.kinds.registry import Kind
from features.core.outcome import Outcome
from features.core.versions import versions_of
from tasks.modelling.candidate import Candidate
from tasks.modelling.evaluation.unit import Unit
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.models.model import Model
from tasks.modelling.splits.split import Fold

UNIT = "tasks.modelling.evaluation.unit"  # the module that fits; what it imports decides with it
FORM = digest_file(Path(__file__).with_name("kept_fits.py"))  # what is kept of a fit, and how
RowDigests = NDArray[np.uint8]


@dataclass(frozen=True)
class FitAddress:
    """digest: 64 hexadecimal digits. cohorts: whose cases train or are predicted; a withdrawal from one of them removes the fit."""

    digest: str
    cohorts: tuple[str, ...]


def row_digests(
    X: NDArray[np.float64],
    outcome: Outcome,
    groups: Mapping[str, NDArray[np.str_]],
    covariates: Mapping[str, NDArray[np.float64]],
    visits: Sequence[NDArray[Any]] = (),
    images: NDArray[np.str_] | None = None,
) -> RowDigests:
    """A digest of what is known of each case, (n, 32): its values, outcome, the names in groups, and covariates.

    X: (n, p); every NaN is alike. groups: names that steps may use as such, centre and cohort, (n,) each; who belongs together,
    whatever the name, is given to `fit_address`. covariates: (n,) each. visits: day of the row's visit, and whether it is scored,
    (n,) each, where patients have several rows. images: (n,) addresses of what networks are shown, where the set names images.
    """
    numbers = [X, outcome.code.reshape(len(outcome), -1).astype(np.float64)]
    numbers += [part.reshape(-1, 1) for part in (outcome.days, outcome.value) if part is not None]
    numbers += [covariates[name].reshape(-1, 1) for name in sorted(covariates)]
    numbers += [one.reshape(-1, 1).astype(np.float64) for one in visits]
    table = np.ascontiguousarray(np.column_stack(numbers), dtype="<f8")
    table[np.isnan(table)] = np.nan
    words = [groups[name].tolist() for name in sorted(groups)]
    words += [images.tolist()] if images is not None else []
    found = np.empty((len(table), 32), np.uint8)
    for i, line in enumerate(table):
        digest = hashlib.sha256(line.tobytes())
        digest.update(json.dumps([column[i] for column in words]).encode())
        found[i] = np.frombuffer(digest.digest(), np.uint8)
    return found


def cases_digest(rows: RowDigests, fold: Fold, together: NDArray[np.str_]) -> str:
    """A digest of the cases of a fold: those that train, in their order, then those that are predicted.

    together: (n,) labels of cases that stay together; only who shares a label counts.
    """
    _, first, same = np.unique(together[fold.train], return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))[same].astype("<i8")  # labels by first appearance
    digest = hashlib.sha256(f"{len(fold.train)} {len(fold.test)}\n".encode())
    for part in (rows[fold.train], order, rows[fold.test]):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def fit_sources(candidate: Candidate, endpoint: Endpoint) -> dict[str, str]:
    """The digest of the sources that decide a fit, and the versions of the libraries that they import.

    Raises MachineError where a model needs what is not on this machine.
    """
    kinds = (*candidate.steps, *_with_members(candidate.model, endpoint.kind), candidate.fusion)
    modules = {UNIT, type(endpoint).__module__, METRICS.modules[endpoint.metrics[0]]}
    sources = sources_of(modules | {type(kind).__module__ for kind in kinds})
    outside = {
        name: told for one in kinds if isinstance(one, Model) for name, told in one.outside(endpoint.kind).items()
    }
    return {"code of radweave": sources.digest, **versions_of(sources.libraries), **outside}


def _with_members(kind: Kind, endpoint: str) -> Iterator[Kind]:
    """A model, and all that it is made of."""
    yield kind
    for one in kind.members(endpoint) if isinstance(kind, Model) else ():
        yield from _with_members(one, endpoint)


class FitAddresses:
    """The addresses of what units want. Cases are digested once for each set of blocks, however many folds it is fitted on."""

    def __init__(self) -> None:
        self._rows: dict[str, RowDigests] = {}
        self._sources: dict[Candidate, dict[str, str]] = {}

    def of(self, unit: Unit) -> tuple[FitAddress, ...]:
        """One address for each thing wanted. All units that are asked for are of one study: rows, target and sets are theirs."""
        cases = {name: self._cases(unit, name) for name in dict.fromkeys(name for name, _ in unit.wanted)}
        cohorts = unit.rows.groups["cohort"]
        told = tuple(np.unique(np.concatenate([cohorts[unit.fold.train], cohorts[unit.fold.test]])).tolist())
        return tuple(FitAddress(self._digest(unit, cases[name], name, one), told) for name, one in unit.wanted)

    def _cases(self, unit: Unit, name: str) -> str:
        if name not in self._rows:
            groups = {one: unit.rows.groups[one] for one in ("centre", "cohort")}
            X = unit.rows.X[:, unit.sets[name]]
            visits = [one for one in (unit.rows.days, unit.rows.scored) if one is not None]
            images = None if unit.rows.images is None else unit.rows.images.addresses
            self._rows[name] = row_digests(X, unit.target.outcome, groups, unit.rows.covariates, visits, images)
        return cases_digest(self._rows[name], unit.fold, unit.rows.groups["patient"])

    def _digest(self, unit: Unit, cases: str, name: str, candidate: Candidate) -> str:
        """Names of the candidate and of the set of blocks decide nothing; that of the fold is part of its seed."""
        if candidate not in self._sources:
            self._sources[candidate] = fit_sources(candidate, unit.target.endpoint)
        columns = unit.rows.columns.take(unit.sets[name])
        decides = {
            "form": FORM,
            "cases": cases,
            "columns": columns.names.tolist(),
            "blocks": columns.blocks.tolist(),
            "categories": columns.categories.tolist(),
            "covariates": sorted(unit.rows.covariates),
            "levels": unit.target.outcome.levels,
            "endpoint": unit.target.endpoint.model_dump(mode="json", exclude={"description"}),
            "candidate": candidate.model_dump(mode="json", exclude={"name"}),
            "fold": [unit.split, unit.fold.repeat, unit.fold.name],
            "inner folds": unit.inner_folds,
            "seed": unit.seed,
            "sources": self._sources[candidate],
            **({"thresholds": "always"} if unit.always else {}),
        }
        return digest_json(decides)
