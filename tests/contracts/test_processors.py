"""What our own engines extract is the same to the bit whichever instructions BLAS and numpy take from the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.kinds.extractor import EXTRACTORS
from features.core.kinds.filter import FILTERS
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from tests.support.kinds import settings_of

ROOT = Path(__file__).parents[2]
# Those are pyradiomics' own, or equal to its own to the bit on the same processor.
THEIRS = {"pyradiomics", "logarithm", "exponential"}


def _recipes() -> dict[str, Recipe]:
    """A recipe for each extractor with every filter that it takes, on a grid of its own."""
    filters = [FILTERS.parse(settings_of(FILTERS, kind)) for kind in sorted(set(FILTERS.modules) - THEIRS)]
    found = {}
    for kind in sorted(set(EXTRACTORS.modules) - THEIRS):
        one = EXTRACTORS.parse(settings_of(EXTRACTORS, kind))
        if one.block == "radiomics":
            unit = one.units[0] if one.units else "HU"
            base: dict[str, Any] = {"name": "t", "modality": "PT" if unit == "SUV" else "CT", "unit": unit}
            base |= {"discretise": {"bin_width": 15}, "spacing_mm": [1.5, 1.5, None], "interpolator": "bspline"}
            taken = [each for each in filters if one.applies(each)]
            found[kind] = Recipe.model_validate({**base, "outlier_sigma": 3, "filters": taken, "extractors": [kind]})
    return found


def _region() -> Region:
    rng = np.random.default_rng(3)
    array = np.cumsum(rng.normal(0, 9, (22, 26, 27)), axis=1) + 40
    z, y, x = np.indices(array.shape)
    mask = (z - 10) ** 2 / 30 + (y - 13) ** 2 / 60 + (x - 13) ** 2 / 50 < 1
    return Region(Volume(array, (0.9, 0.8, 2.0)), mask)


def extract_all() -> dict[str, dict[str, str]]:
    """Every value of every extractor as text that holds all of its bits."""
    found = {}
    for kind, recipe in _recipes().items():
        try:
            values = recipe.extractors[0].extract(prepare_region(_region(), recipe), recipe)
        except Rejected as rejected:
            raise AssertionError(f"{kind}: {rejected.code} {rejected.message}") from rejected
        found[kind] = {name: value if isinstance(value, str) else float(value).hex() for name, value in values.items()}
    return found


@pytest.mark.slow
def test_values_do_not_depend_on_the_kernel_of_blas_on_wide_instructions_or_on_threads() -> None:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    # Without AVX2 (X86_V3) numpy multiplies complex numbers otherwise: no processor of today's clusters lacks it.
    wide = " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name) and name != "X86_V3")
    code = "import json\nfrom tests.contracts.test_processors import extract_all\nprint(json.dumps(extract_all()))"
    processes = []
    kernels = {"Prescott": "", "Haswell": "X86_V3", "SkylakeX": "X86_V4"}  # and what the processor needs for them
    for kernel in (kernel for kernel, needed in kernels.items() if __cpu_features__.get(needed, True)):
        disabled = wide if kernel == "Prescott" else ""
        threads = "1" if kernel == "Prescott" else "2"
        settings = {"OPENBLAS_CORETYPE": kernel, "PYTHONPATH": str(ROOT)}
        settings |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        if disabled:
            settings["NPY_DISABLE_CPU_FEATURES"] = disabled
        command = [sys.executable, "-W", "ignore", "-c", code]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
    found = []
    for process in processes:
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        found.append(json.loads(out))
    first = found[0]
    assert first
    for other in found[1:]:
        different = [
            f"{kind}: {name}"
            for kind, values in first.items()
            for name, value in values.items()
            if other[kind][name] != value
        ]
        assert different == []
