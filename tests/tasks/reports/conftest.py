"""Small studies with real results: one binary over three centres, one survival over two cohorts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import EXTERNAL, TEST, Design, FlowRow
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from features.endpoints.binary import Binary
from features.endpoints.survival import Survival
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.models.model import MODELS
from tasks.reports.facts import Facts
from tasks.reports.study_report import render_report
from tests.support.design import make_design, make_study, outcome_of

SCRIPT = "<script>document.title='broken'</script>"


@dataclass(frozen=True)
class Reported:
    study: Study
    result: StudyResult
    facts: Facts
    html: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a whole evaluation is slow."""
    for item in items:
        if {"binary", "survival", "external", "of_kind"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def script() -> str:
    """Markup that stands in the binary study's title and in a label."""
    return SCRIPT


@pytest.fixture(scope="session")
def binary() -> Reported:
    """90 cases in 3 centres, two models; the title and a label hold markup; some values are missing."""
    rng = np.random.default_rng(7)
    table = _cohort_table(rng, 90, {"alpha": "builtin", "beta": "builtin", "gamma": "builtin"})
    signal = rng.normal(size=90)
    y = signal + rng.normal(size=90) > 0.3
    table["response"] = y
    table.loc[table.index[:4], "age"] = np.nan
    endpoint = Binary(column="response", description="complete response")
    design = _design(rng, table, signal, y, endpoint)
    study = Study.model_validate(
        {
            "name": "response_study",
            "title": f"Response to treatment {SCRIPT}",
            "description": "Does CT texture add to age and stage?",
            "cohorts": ["builtin"],
            "endpoint": "response",
            "blocks": {"radiomics": ["radiomics"], "clinical_radiomics": ["clinical", "radiomics"]},
            "models": [
                {"kind": "lasso_logistic", "C": [0.3]},
                {"kind": "svm", "kernel": ["rbf"], "C": [1.0]},
            ],
            "splits": [{"kind": "nested", "folds": 4, "repeats": 2}, {"kind": "centre_out"}],
        }
    )
    return _reported(study, design)


@pytest.fixture(scope="session")
def survival() -> Reported:
    """45 cases of two cohorts, one model; a small study."""
    rng = np.random.default_rng(11)
    table = _cohort_table(rng, 45, {"north": "first", "south": "second"})
    signal = rng.normal(size=45)
    times, limits = rng.exponential(900 * np.exp(-2 * signal)), rng.uniform(200, 1800, 45)
    y = np.empty(45, dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = times <= limits, np.ceil(np.minimum(times, limits))
    table["os_event"], table["os_days"] = y["event"], y["time"]
    endpoint = Survival(time="os_days", event="os_event", horizon_days=1095, description="overall survival")
    design = _design(rng, table, signal, y, endpoint)
    study = Study.model_validate(
        {
            "name": "survival_study",
            "cohorts": ["first", "second"],
            "endpoint": "os",
            "blocks": {"all": ["clinical", "radiomics"]},
            "models": [{"kind": "cox"}],
            "splits": [{"kind": "nested", "folds": 3, "repeats": 2}, {"kind": "centre_out"}],
            "missing_block": "exclude",
        }
    )
    return _reported(study, replace(design, missing_block={}))


@pytest.fixture(scope="session")
def of_kind() -> Callable[[str], Reported]:
    """A study of an endpoint of any kind, 60 cases in three centres, one model, made once."""
    return cache(_of_kind)


def _of_kind(kind: str) -> Reported:
    design = make_design(kind, n=60, p=8, nan=0.0)
    seen, endpoint = design.outcome, design.endpoint
    table = pd.DataFrame(
        {"cohort": "toy", "centre": design.centres, "patient": design.patients, "timepoint": "baseline"}
    )
    table["age"] = design.X["clinical_age"].to_numpy()
    for need, column in zip(endpoint.needs(), _seen(seen, endpoint.kind), strict=True):
        table[need.variable] = column
    flow = (FlowRow("toy: with the endpoint", 62, 60, {"outcome missing": 2}),)
    design = replace(design, cohort_table=table.set_index(design.X.index), flow=flow)
    model = next(one for one in ("lasso", "lasso_logistic", "cox") if kind in MODELS.load(one).endpoints)
    splits = [{"kind": "nested", "folds": 3, "repeats": 2}, "centre_out"]
    settings = {"lasso": {"alpha_fraction": [0.1]}, "lasso_logistic": {"C": [1.0]}, "cox": {}}
    models = [{"kind": model, **settings[model]}]
    study = make_study(name=f"{kind}_study", models=models, splits=splits, blocks={"all": ["clinical", "radiomics"]})
    return _reported(study, design)


def _seen(seen: Outcome, kind: str) -> list[Any]:
    """The outcome as the columns of a cohort table."""
    if kind == "multilabel":
        return [label > 0 for label in seen.code.T]
    if seen.levels:
        level = pd.Categorical.from_codes(seen.code, list(seen.levels), ordered=True)
        return [level] if seen.days is None else [seen.days, level]
    if seen.value is not None:
        return [seen.value]
    return [seen.flag] if seen.days is None else [seen.days, seen.flag]


@pytest.fixture(scope="session")
def external() -> Reported:
    """60 cases of one cohort that train, 12 of it that a column calls test, and 18 of an external cohort."""
    rng = np.random.default_rng(3)
    n, held = 90, np.repeat(["", TEST, EXTERNAL], [60, 12, 18])
    cohorts = np.where(held == EXTERNAL, "west", "east")
    table = _cohort_table(rng, n, {"alpha": "east"}).assign(cohort=cohorts)
    signal = rng.normal(size=n)
    table["response"] = signal + rng.normal(size=n) > 0.3
    design = _design(rng, table, signal, table["response"].to_numpy(bool), Binary(column="response"))
    study = Study.model_validate(
        {
            "name": "external_study",
            "cohorts": ["east"],
            "external": ["west"],
            "external_columns": "common",
            "endpoint": "response",
            "blocks": {"radiomics": ["radiomics"]},
            "models": [{"kind": "lasso_logistic", "C": [0.3]}],
            "splits": [{"kind": "nested", "folds": 3, "repeats": 1}, "given"],
        }
    )
    flow = (*design.flow, FlowRow("west: no copy of a patient who trains", 19, 18, {"copy of a patient who trains": 1}))
    held_out = {"held_out": held, "cohorts": cohorts, "uncommon": {"clinical__weight": "west"}}
    return _reported(study, replace(design, flow=flow, missing_block={}, **held_out))


def _cohort_table(rng: np.random.Generator, n: int, cohort_of: dict[str, str]) -> pd.DataFrame:
    centre = rng.choice(list(cohort_of), n)
    cohort = [cohort_of[name] for name in centre]
    patients = [f"P{i:03d}" for i in range(n)]
    return pd.DataFrame(
        {
            "cohort": cohort,
            "centre": centre,
            "patient": patients,
            "timepoint": "baseline",
            "age": rng.normal(63, 9, n).round(),
            "stage": rng.choice(["I", "II", "III"], n),
            "smoker": rng.random(n) < 0.4,
            "volume_ct_ml": rng.lognormal(3, 0.8, n),
        },
        index=pd.Index([f"{c}:{p}" for c, p in zip(cohort, patients, strict=True)], name="case"),
    )


def _design(
    rng: np.random.Generator,
    table: pd.DataFrame,
    signal: np.ndarray,
    y: np.ndarray,
    endpoint: Endpoint,
) -> Design:
    n = len(table)
    X = pd.DataFrame(index=table.index)
    X["clinical__age"] = table["age"]
    for level in ("I", "II", "III"):
        X[f"clinical__stage_{level}"] = (table["stage"] == level).astype(float)
    X["region__ct__volume_ml"] = table["volume_ct_ml"]
    noise = pd.DataFrame(rng.normal(size=(n, 20)), index=X.index)
    X[[f"radiomics__ct_plain__original_glcm_feature_{i}" for i in range(20)]] = noise.to_numpy()
    X["radiomics__ct_plain__original_glcm_feature_0"] += 2 * signal
    cohorts = list(dict.fromkeys(table["cohort"]))
    many = len(cohorts) > 1
    flow: list[FlowRow] = []
    for name in sorted(cohorts):
        size = int((table["cohort"] == name).sum())
        reasons = {"MASK_MISSING": 2, "DICOM_MISSING_SLICE + MASK_TINY": 1, "no image": 3}
        flow.append(FlowRow(f"{name}: patients with a usable image at baseline", size + 8, size + 2, reasons))
        flow.append(FlowRow(f"{name}: with the endpoint", size + 2, size, {"outcome missing": 2}))
        flow.append(FlowRow(f"{name}: with every block", size, size, {}))
    return Design(
        X=X,
        blocks={column: column.split("__")[0] for column in X.columns},
        outcome=outcome_of(y),
        endpoint=endpoint,
        patients=(table["cohort"] + ":" + table["patient"]).to_numpy(str),
        centres=np.array([f"{c}:{t}" if many else t for c, t in zip(table["cohort"], table["centre"], strict=True)]),
        flow=tuple(flow),
        cohort_table=table,
        missing_block={"PET": 12},
    )


def _reported(study: Study, design: Design) -> Reported:
    result = evaluate(design, study)
    cohort = study.cohorts[0]
    row = {"cohort": cohort, "centre": "alpha", "image": "CT", "stage": "quality", "details": "{}"}
    quarantine = pd.DataFrame(
        [
            {**row, "case": f"{cohort}:SECRET1:baseline", "code": "MASK_TINY", "message": "SECRET message"},
            {**row, "case": f"{cohort}:SECRET2:baseline", "code": "MASK_TINY", "message": "SECRET message"},
            {**row, "case": f"{cohort}:SECRET3:baseline", "code": "NII_TRUNC", "message": "SECRET message"},
        ]
    )
    facts = Facts(
        cohort_table=design.cohort_table,
        missing_block=design.missing_block,
        quarantine=quarantine,
        provenance={"radweave": "0.1.0", "Python": "3.11", f"refresh of {cohort}": "sha256:0123abcd"},
        held_out=design.held_out.tolist(),
        variables={
            "age": f"Age (years) {SCRIPT if study.title else ''}".strip(),
            "stage": "Stage",
            "smoker": "Smoker",
            "change": "Change (%)",
        },
    )
    return Reported(study, result, facts, render_report(study, result, facts).html)
