"""Settings with which each kind of each registry works."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from features.core import code_digest
from features.core.errors import MachineError
from features.core.kinds.registry import Registry
from tasks.modelling.models.model import MODELS
from tasks.modelling.models.tabicl import FILES

FITTED_ON = {"cohort": "sts", "centres": [], "modality": "MR", "unit": "arbitrary"}
# Settings of the kinds that cannot do without, by the base of their registry.
SEEN = {"death": "death_days", "last_contact": "contact_days"}
NEEDED: dict[str, dict[str, dict[str, Any]]] = {
    "Derivation": {
        "change": {"before": "volume_0", "after": "volume_1"},
        "event_by": {"time": "os_days", "event": "os_event", "day": 730},
        "landmark": {"time": "os_days", "event": "os_event", "day": 90},
        "locoregional_control": {"locoregional": ["local_days", "regional_days"], **SEEN},
        "overall_survival": SEEN,
        "progression_free_survival": {"progression": "progression_days", **SEEN},
        "recist": {
            "baseline": ["liver_0"],
            "visits": [{"name": "week8", "days": "week8_days", "diameters": ["liver_8"]}],
        },
        "recurrence_free_survival": {"recurrence": "recurrence_days", **SEEN},
        "response_grade": {"system": "mandard", "grade": "trg"},
        "time_to_distant_failure": {"distant": {"days": "distant_days", "flag": "distant"}, **SEEN},
        "time_to_event": {"events": [{"cause": "relapse", "at": "relapse_days"}], "last_contact": "contact_days"},
    },
    "Endpoint": {
        "binary": {"column": "response"},
        "survival": {"time": "days", "event": "died"},
        "multiclass": {"column": "subtype"},
        "multilabel": {"labels": ["oedema", "necrosis"]},
        "ordinal": {"column": "grade"},
        "continuous": {"column": "change"},
        "competing_risks": {"time": "days", "cause": "cause", "censored": "none", "of_interest": "relapse"},
    },
    "Claim": {
        "better": {"says": "better", "better": "radiomics", "than": "clinical"},
        "alike": {"says": "alike", "first": "radiomics", "second": "deep", "within": 0.05},
        "beyond": {"says": "beyond chance", "of": "radiomics", "value": 0.5},
    },
    "Model": {"priority_lasso": {"order": ["clinical", "region", "radiomics"]}},
    "Delta": {"change": {"since": "baseline", "until": "week4"}},
    "Calculation": {"phase": {"number": 1}, "subtraction": {"of": {"number": 1}}},
    "MaskSource": {
        **{one: {"path": "{patient}/seg", "rois": {"tumour": [1, 4]}} for one in ("mha", "nifti", "nrrd")},
        "of": {"image": "t1c"},
        "box": {"table": "boxes.csv"},
        "fixed_threshold": {"value": 4, "inside": {"format": "box", "table": "boxes.csv"}},
        **{
            one: {"inside": {"format": "nifti", "path": "{patient}/seed"}}
            for one in ("percent_of_max", "adaptive_threshold")
        },
        "contour_network": {"network": "network.safetensors", "sha256": "0" * 64},
        "command": {"command": ["segment", "{image}", "{mask}"], "version": ["segment", "--version"]},
        "rtstruct": {"roi": "GTV"},
        "seg": {"rois": {"tumour": "GTV.*"}},
    },
    "Extractor": {"network": {"weights": "efficientnet_lite0"}, "samples": {"size": [32, 32]}},
    "Architecture": {"onnx": {"variant": "own", "size": [64, 64], "features": 10}},
    "Sampling": {
        "tiles": {"side_mm": 32},
        "windows": {"windows": [[0, 80], [-20, 180], [-800, 2000]]},
    },
    "Filter": {
        "log": {"sigma_mm": [1.5]},
        "ibsi_mean": {"support": 3},
        "ibsi_log": {"sigma_mm": 2.0},
        "laws": {"kernels": "L5E5E5"},
        "riesz": {"order": [0, 2, 0], "level": 1},
        "gabor": {"sigma_mm": 3.0, "wavelength_mm": 2.0},
        "ibsi_wavelet": {"wavelet": "haar", "band": "LLH"},
    },
    "Normaliser": {
        "window": {"centre": 40, "width": 400},
        "nyul": {
            "landmarks": {"percentiles": [1, 50, 99], "values": [0, 40, 100], "origin": FITTED_ON, "sha256": "0" * 64}
        },
    },
    "Perturbation": {
        "translation": {"voxels": [0.25, 0.5, 0.0]},
        "rotation": {"degrees": 6},
        "volume": {"change": 0.1},
    },
    "Variant": {
        "core": {"margin_mm": 2},
        "rim": {"margin_mm": 2},
        "shell": {"thickness_mm": 2},
        "ring": {"inner_mm": 2, "outer_mm": 3},
    },
}


def settings_of(registry: Registry[Any], kind: str) -> dict[str, Any]:
    """Settings with which a kind works, as a YAML file would hold them: its defaults wherever it has some."""
    return {registry.key: kind, **NEEDED.get(registry.base.__name__, {}).get(kind, {})}


def one_of_each(registry: Registry[Any]) -> list[dict[str, Any]]:
    """Settings of every kind that stands in the folder, in the order of their names."""
    return [settings_of(registry, kind) for kind in registry.modules]


def small_model(kind: str, *, trees: int, one_setting: bool = False) -> dict[str, Any]:
    """Settings of a model that is quick: so many trees, few rounds of networks and of boosting; of each tuned field all settings,
    or the middle one, and fewer rounds still."""
    few = {"trees": trees, "epochs": 40 if one_setting else 60, "stop_after": [10 if one_setting else 40]}
    few |= {"folds": 2, "views": 2} if one_setting else {"views": 2}
    model = MODELS.load(kind)
    fields = model.model_fields
    settings: dict[str, Any] = {}
    for name in model.tuned if one_setting else ():
        values = fields[name].get_default(call_default_factory=True)
        settings[name] = [values[len(values) // 2]]
    settings |= {name: value for name, value in few.items() if name in fields}
    return {**settings_of(MODELS, kind), **settings}


def place_model(patch: pytest.MonkeyPatch, path: Path) -> None:
    """A file as if it lay in the folder of models: its kind is found, kept, and among the sources that decide a study."""
    name, known = f"{MODELS.packages[0]}.{path.stem}", code_digest._modules
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    patch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    patch.setitem(MODELS.modules, path.stem, name)
    patch.setattr(code_digest, "_modules", lambda root: {**known(root), name: path})


@cache
def lacking(kind: str) -> str:
    """What a model needs that is not on this machine, "" if nothing: tests that fit it are skipped with this reason."""
    model = MODELS.parse(settings_of(MODELS, kind))
    try:
        for endpoint in sorted(model.endpoints):
            model.outside(endpoint)
    except MachineError as error:
        return str(error)
    return ""


def of_columns(kinds: Iterable[str]) -> list[str]:
    """Kinds of models of these that learn from columns; contracts of those that learn from images are in test_image_models.py."""
    return [kind for kind in kinds if not MODELS.load(kind).of_images]


def runnable(kinds: Iterable[str]) -> list[str]:
    """Kinds of models of these that can be fitted to columns on this machine."""
    return [kind for kind in of_columns(kinds) if not lacking(kind)]


def made_tabicl(folder: Path, *, number: bool, seed: int = 0) -> Path:
    """A small checkpoint of TabICL with random weights, by its own class: no answer of it means anything."""
    import torch
    from tabicl._model.tabicl import TabICL

    small = {
        "embed_dim": 16,
        "col_num_blocks": 1,
        "col_nhead": 2,
        "col_num_inds": 8,
        "row_num_blocks": 1,
        "row_nhead": 2,
    }
    small |= {"row_num_cls": 2, "icl_num_blocks": 1, "icl_nhead": 2, "max_classes": 0 if number else 10}
    torch.manual_seed(seed)
    config = {**small, "zero_init": False, **({"num_quantiles": 99} if number else {})}
    path = folder / FILES[number]
    torch.save({"config": config, "state_dict": TabICL(**config).state_dict()}, path)
    return path


def marks_of(model: str, endpoint: str) -> list[pytest.MarkDecorator]:
    """slow, but for the usual models, and for the first endpoint of each of the others: they share what they do for others.

    Skipped are models that need what is not on this machine."""
    kind = MODELS.load(model)
    if lacking(model):
        return [pytest.mark.skip(reason=lacking(model))]
    return (
        []
        if kind.usual or (endpoint == min(kind.endpoints) and "models" not in kind.model_fields)
        else [pytest.mark.slow]
    )
