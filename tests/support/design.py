"""Small synthetic designs with knobs (signal, missing cells, useless columns, several centres), and studies of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.core.design import EXTERNAL, TEST, Design
from features.core.images import IMAGES
from features.core.kinds.endpoint import ENDPOINTS, Endpoint
from features.core.outcome import Outcome
from features.deep.descriptor_names import descriptor_ending
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.evaluation.study import Study
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.support.images import make_images
from tests.support.kinds import settings_of

# An endpoint of every kind, by its kind.
ANY_ENDPOINT: dict[str, Endpoint] = {kind: ENDPOINTS.parse(settings_of(ENDPOINTS, kind)) for kind in ENDPOINTS.modules}
SCREENED = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [5, 10]}]
FAST = {"name": "lasso_logistic", "steps": SCREENED, "model": {"kind": "lasso_logistic", "C": [0.3]}}  # a candidate
BINARY, SURVIVAL = ANY_ENDPOINT["binary"], ANY_ENDPOINT["survival"]


def make_design(
    kind: str = "binary",
    *,
    n: int = 48,
    p: int = 20,
    signal: float = 1.5,
    seed: int = 0,
    nan: float = 0.05,
    centres: int = 3,
    external: int = 0,
    test: int = 0,
    descriptors: bool = False,
    images: tuple[int, ...] = (),
) -> Design:
    """X: clinical_age and _stage, region_volume_ml, radiomics_0.. (0 carries the signal) and three useless columns.

    descriptors: of a network too, three numbers at each of nine places, the last of which shows the same of every case; and a
    category of three levels.
    images: (views, channels, *size) of what networks are shown of each case, whose middle is brighter the higher its risk.
    external: so many of the last rows are of the external cohort `other`; test: so many before them are test cases.
    """
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p))
    risk = signal * values[:, 0]
    cells = values.copy()
    cells[rng.random(cells.shape) < nan] = np.nan
    columns: dict[str, Any] = {f"radiomics_{i}": cells[:, i] for i in range(p)}
    columns |= {"clinical_age": rng.normal(60, 9, n), "clinical_stage": rng.integers(1, 4, n).astype(float)}
    columns |= {"region_volume_ml": rng.lognormal(3, 1, n)}
    columns |= {"radiomics_constant": np.ones(n), "radiomics_empty": np.full(n, np.nan)}
    columns |= {"radiomics_double": columns["radiomics_0"].copy()}
    if descriptors:
        columns |= make_descriptors(n, np.random.default_rng(seed + 1), lacking=int(nan > 0))
        site = np.where(np.arange(n) % 12 == 0, 2, np.arange(n) % 5 % 2)
        columns |= {f"clinical_site_{level}": (site == level).astype(float) for level in range(3)}
    X = pd.DataFrame(columns, index=[f"toy:p{i}" for i in range(n)])
    blocks = {column: column.split("_")[0] for column in X.columns}
    patients = np.array([f"p{i}" for i in range(n)])
    centre = np.array([f"centre{i % centres}" for i in range(n)])
    outcome, held = make_outcome(kind, risk, rng), [n - external - test, test, external]
    cohorts, roles = np.repeat(["toy", "toy", "other"], held), np.repeat(["", TEST, EXTERNAL], held)
    categories = {column: "clinical_site" for column in X.columns if column.startswith("clinical_site")}
    known: dict[str, Any] = {"cohorts": cohorts, "held_out": roles, "categories": categories}
    known |= {"images": {IMAGES: make_images(risk, images, seed=seed)}} if images else {}
    return Design(X, blocks, outcome, ANY_ENDPOINT[kind], patients, centre, **known)


def make_descriptors(n: int, rng: np.random.Generator, *, spread: Any = 1.0, lacking: int = 0) -> dict[str, Any]:
    """Columns of the block deep: descriptors of a network about two middles, their spread a number or (n,).

    lacking: so many of the last rows have none.
    """
    middles = np.where(rng.random((n, 9, 1)) < 0.5, -2.0, 2.0) * np.array([1.0, 0.5, 0.0])
    values = middles + rng.normal(size=(n, 9, 3)) * np.reshape(spread, (-1, 1, 1))
    values[:, 8] = 0.25
    values[n - lacking :] = np.nan
    return {f"deep_largest_{descriptor_ending(p, d)}": values[:, p, d] for p in range(9) for d in range(3)}


def outcome_of(y: Any) -> Outcome:
    """The outcome of flags (n,), or of events and times as scikit-survival holds them."""
    return Outcome.of_flag(y) if y.dtype == bool else Outcome.of_days(y["event"], y["time"])


def make_outcome(kind: str, risk: Any, rng: np.random.Generator) -> Outcome:
    """An outcome of every kind that follows a risk, (n,)."""
    n = len(risk)
    if kind == "binary":
        return Outcome.of_flag(risk + rng.logistic(size=n) > 0.2)
    if kind == "continuous":
        return Outcome.of_value(risk + rng.normal(size=n))
    if kind == "ordinal":
        return Outcome(np.digitize(risk + rng.logistic(size=n), [-0.9, 0.9]), levels=("low", "middle", "high"))
    if kind == "multiclass":
        drive = np.column_stack([risk, -risk, np.zeros(n)]) + rng.gumbel(size=(n, 3))
        return Outcome(drive.argmax(axis=1), levels=("round", "spiky", "diffuse"))
    if kind == "multilabel":
        flags = np.column_stack([risk, -risk]) + rng.logistic(size=(n, 2)) > 0.2
        return Outcome(flags.astype(np.intp), levels=("oedema", "necrosis"))
    time, censored = rng.exponential(500 * np.exp(-risk)), rng.exponential(1200, n)
    if kind == "survival":
        return Outcome.of_days(time <= censored, np.ceil(np.minimum(time, censored)))
    other = rng.exponential(1500, n)
    first = np.argmin([censored, time, other], axis=0)
    days = np.ceil(np.min([censored, time, other], axis=0))
    return Outcome(first.astype(np.intp), days=days, levels=("none", "relapse", "death"))


def make_rows(columns: Any, block: str = "radiomics", **groups: Any) -> Rows:
    """Rows of named columns of one block, from one centre unless groups say more."""
    X = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])
    one = {"centre": ["a"] * len(X), "cohort": ["toy"] * len(X), "patient": [f"p{i}" for i in range(len(X))]}
    names = Columns(np.array(list(columns)), np.array([block] * X.shape[1]))
    return Rows(X, names, {name: np.array(values) for name, values in {**one, **groups}.items()})


def make_target(flags: Any) -> Target:
    """A binary outcome, 0 or 1 each."""
    return Target(Outcome.of_flag(np.asarray(flags) == 1), BINARY)


def fitted(candidate: Any, design: Design, seed: int = 0, columns: Any = None) -> Joined:
    """A candidate, as the YAML holds it, fitted to all rows of a design, and all columns if none are named by position."""
    every = np.arange(len(design.X))
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    fold = FoldFit(rows, target, Fold("all", 0, every, every), inner_folds=3, split="none", seed=seed)
    one = parse_candidate(candidate)
    every_column = np.arange(len(rows.columns)) if columns is None else columns
    found = one.fusion.fit(fold, one.steps, one.model, every_column, own=False)
    assert found.fitted is not None, found.reason
    return found


def make_study(**changes: Any) -> Study:
    """A study of such a design with few candidates, which are fast; each key of a study may be another."""
    settings: dict[str, Any] = {
        "name": "toy",
        "cohorts": ["toy"],
        "endpoint": "response",
        "blocks": {"radiomics": ["radiomics"]},
        "models": [FAST],
        "splits": [{"kind": "nested", "folds": 3, "repeats": 1}, "centre_out"],
    }
    return Study.model_validate({**settings, **changes})
