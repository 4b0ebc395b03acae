"""Every step, model and fusion is kept as arrays and JSON: a fresh process predicts with them to the bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.storage.table import read_table, write_table
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.fusion.fusion import FUSIONS
from tasks.modelling.models.model import MODELS
from tasks.modelling.preprocessing.step import STEPS
from tasks.modelling.rows import Rows
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.saved_final import final_of, keeps_cases, saved
from tasks.modelling.saved.structure import structure_of
from tests.contracts.test_steps import with_others
from tests.support.design import make_design, make_study
from tests.support.kinds import runnable, small_model

ROOT = Path(__file__).parents[2]
SIMPLE = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [2]}]
ENDPOINTS_OF = {kind: sorted(MODELS.load(kind).endpoints) for kind in runnable(MODELS.modules)}
MODEL_CASES = [(f"model:{kind}", endpoint) for kind, all_of in ENDPOINTS_OF.items() for endpoint in all_of]
STEP_CASES = [(f"step:{kind}", "binary") for kind in STEPS.modules]
FUSION_CASES = [(f"fusion:{kind}", endpoint) for kind in FUSIONS.modules for endpoint in ("binary", "survival")]


def final_case(case: str, endpoint: str) -> Final:
    registry, kind = case.split(":")
    model: Any = "coxnet" if endpoint == "survival" else {"kind": "lasso_logistic", "C": [0.3]}
    candidate = {"name": "one", "model": model, "steps": SIMPLE, "fusion": "together"}
    if registry == "model":
        candidate |= {"model": small_model(kind, trees=5, one_setting=True)}
    elif registry == "step":
        candidate |= {"steps": with_others(kind)}
    else:
        candidate |= {"fusion": kind}
    design = make_design(endpoint, n=60, descriptors=registry == "step")
    blocks = {"all": ["clinical", "region", *(["deep"] if registry == "step" else []), "radiomics"]}
    study = make_study(blocks=blocks, models=[candidate], splits=[{"kind": "nested", "folds": 2, "inner_folds": 2}])
    return fit_final(design, study, "all", "one")


def probe() -> Rows:
    """Rows that trained nothing, of the same centres, some cells missing."""
    return Rows.of(make_design("binary", n=50, seed=7, descriptors=True))


def bits(final: Final) -> list[str]:
    told = final.predict(probe())
    curves = None if told.incidence is None else told.incidence.value
    parts = [told.risk, told.probability, told.value, curves, np.array([final.cut, *final.line])]
    return ["" if part is None else np.asarray(part, np.float64).tobytes().hex() for part in parts]


def keep(folder: Path, name: str, final: Final) -> None:
    facts, arrays = saved(final)
    (folder / f"{name}.json").write_text(json.dumps(facts, allow_nan=False))
    write_table(folder / f"{name}.parquet", arrays_table(arrays), {})


def kept(folder: Path, name: str) -> Final:
    facts = json.loads((folder / f"{name}.json").read_text())
    return final_of(facts, arrays_of(read_table(folder / f"{name}.parquet")))


def tell_there(folder: str) -> None:
    """What a process that has fitted nothing is asked for."""
    names = sorted(path.stem for path in Path(folder).glob("*.parquet"))
    print(json.dumps({name: bits(kept(Path(folder), name)) for name in names}))


def _all_bits(folder: Path, cases: list[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    here = {}
    for case, endpoint in cases:
        final = final_case(case, endpoint)
        name = f"{case}-{endpoint}".replace(":", "-")
        keep(folder, name, final)
        here[name] = bits(final)
    code = f"from tests.contracts.test_saved import tell_there\ntell_there({str(folder)!r})"
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert there.returncode == 0, there.stderr
    return here, json.loads(there.stdout)


@pytest.mark.parametrize(("case", "endpoint"), [*FUSION_CASES, ("model:voting", "binary"), ("step:combat", "binary")])
def test_what_is_kept_predicts_to_the_bit(case: str, endpoint: str, tmp_path: Path) -> None:
    final = final_case(case, endpoint)
    keep(tmp_path, "one", final)
    found = kept(tmp_path, "one")
    assert bits(found) == bits(final)
    (facts, arrays), (told, others) = saved(final), saved(found)
    assert told == facts
    assert all(
        one.dtype == two.dtype and one.tobytes() == two.tobytes() for one, two in zip(arrays, others, strict=True)
    )


@pytest.mark.slow
def test_a_model_whose_arrays_are_as_long_as_its_cases_says_that_it_keeps_them() -> None:
    """Else a withdrawal would leave what it holds of a person. 60 cases: nothing else has that size."""
    for case, endpoint in MODEL_CASES:
        final = final_case(case, endpoint)
        arrays = structure_of(final.fitted)[1]
        if any(60 in array.shape for array in arrays if array.dtype.kind != "U"):
            assert keeps_cases(final.candidate, endpoint), case


@pytest.mark.slow
@pytest.mark.parametrize("cases", [MODEL_CASES, [*STEP_CASES, *FUSION_CASES]], ids=["models", "steps and fusions"])
def test_a_fresh_process_predicts_to_the_bit_with_every_kind(cases: list[tuple[str, str]], tmp_path: Path) -> None:
    here, there = _all_bits(tmp_path, cases)
    assert set(here) == set(there) and len(here) == len(cases)
    assert [name for name in here if here[name] != there[name]] == []
