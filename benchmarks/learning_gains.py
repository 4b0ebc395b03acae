"""Gains of networks of images: what a start from elsewhere is worth where cases are few, each with an interval.

    python benchmarks/learning_gains.py                  # six simulated cohorts
    python benchmarks/learning_gains.py --seeds 12

Each seed draws a cohort of 60 training and 200 test cases: pictures of 32 × 32 pixels of a lesion anywhere in a shaded organ, whose
grain is fine or coarse. The grain alone tells the outcome: size, place, mean and spread of the lesion do not. A ResNet-18 learns
from scratch; after it learnt how pictures were turned (`self_supervised`), which needs no outcome; from the network of another
cohort of 300 cases (`start_from`); and from one that learnt another endpoint there, the size of the lesion. AUC of the test cases;
gains are paired by seed, with the 95 % interval of Student's t over seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402
from scipy.stats import t  # noqa: E402

SIDE, TRAIN, TEST, ELSEWHERE = 32, 60, 200, 300
NETWORK = {"kind": "image_network", "patience": None, "batch": 12, "learning_rate": 2e-3, "augment": None}
DEEP = {"architecture": {"kind": "resnet", "variant": "resnet18"}}
WAYS = ("scratch", "self_supervised", "start_from, same endpoint", "start_from, another endpoint")


def pictures(n: int, rng: np.random.Generator) -> tuple[Any, NDArray[np.bool_], NDArray[np.float64]]:
    """Images of lesions, whether their grain is fine, and their radius in pixels."""
    from features.core.kinds.sampling import LEVELS
    from tests.support.images import ArrayImages

    fine, radius = rng.random(n) < 0.5, rng.uniform(6, 10, n)
    y, x = np.mgrid[:SIDE, :SIDE]
    found = np.empty((n, 1, 1, SIDE, SIDE))
    for i in range(n):
        shade = 0.35 + 0.2 * y / SIDE + 0.02 * rng.standard_normal((SIDE, SIDE))
        at = rng.uniform(radius[i], SIDE - radius[i], 2)
        inside = (y - at[0]) ** 2 + (x - at[1]) ** 2 < radius[i] ** 2
        grain = gaussian_filter(rng.standard_normal((SIDE, SIDE)), 0.6 if fine[i] else 1.5)[inside]
        shade[inside] = 0.6 + 0.1 * (grain - grain.mean()) / grain.std()
        found[i, 0, 0] = shade
    return ArrayImages(np.rint(np.clip(found, 0, 1) * LEVELS).astype(np.uint16)), fine, radius


def design_of(images: Any, outcome: Any, endpoint: str, cohort: str) -> Any:
    from tests.support.design import make_design

    plain = make_design(endpoint, n=len(images), p=2, nan=0.0)
    cohorts = np.full(len(images), cohort)
    return replace(plain, outcome=outcome, images={"images": images}, cohorts=cohorts)


def elsewhere(folder: Path, seed: int, epochs: int) -> dict[str, str]:
    """Folders of two models of another cohort: of the same endpoint, and of another one."""
    from features.core.outcome import Outcome
    from tests.support.saved_model import save_model

    images, fine, radius = pictures(ELSEWHERE, np.random.default_rng([seed, 1]))
    model = {**NETWORK, **DEEP, "epochs": epochs}
    asked = {"same": (Outcome.of_flag(fine), "binary"), "another": (Outcome.of_value(radius), "continuous")}
    return {
        name: save_model(
            folder / str(seed) / name, design_of(images, outcome, endpoint, "elsewhere"), model, ["images"]
        )
        for name, (outcome, endpoint) in asked.items()
    }


def aucs(folder: Path, seed: int, epochs: int) -> list[float]:
    """Of each way, on one cohort."""
    from sklearn.metrics import roc_auc_score

    from features.core.outcome import Outcome
    from tasks.modelling.models.model import MODELS
    from tasks.modelling.rows import Rows
    from tasks.modelling.target import Target

    images, fine, _ = pictures(TRAIN + TEST, np.random.default_rng([seed, 0]))
    design = design_of(images, Outcome.of_flag(fine), "binary", "here")
    rows, target = Rows.of(design).keep(np.arange(0)), Target(design.outcome, design.endpoint)
    train, test = np.arange(TRAIN), np.arange(TRAIN, TRAIN + TEST)
    there = elsewhere(folder, seed, epochs)
    ways: list[dict[str, Any]] = [
        DEEP,
        {**DEEP, "self_supervised": epochs},
        {"start_from": there["same"], "body_rate": 1.0},
        {"start_from": there["another"], "body_rate": 1.0},
    ]
    found = []
    for way in ways:
        model = MODELS.parse({**NETWORK, "epochs": epochs, **way})
        risk = model.fit(rows.take(train), target.take(train), seed).predict(rows.take(test)).risk
        found.append(float(roc_auc_score(fine[test], risk)))
    print(f"seed {seed}: {', '.join(f'{one:.3f}' for one in found)}", file=sys.stderr, flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        each = np.array([aucs(Path(folder), seed, options.epochs) for seed in range(options.seeds)])
    print(f"| way | AUC, mean of {options.seeds} cohorts | gain | 95 % interval |\n|---|---|---|---|")
    for place, way in enumerate(WAYS):
        gain = each[:, place] - each[:, 0]
        half = t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / len(gain) ** 0.5
        told = f"{gain.mean():+.3f} | {gain.mean() - half:+.3f} to {gain.mean() + half:+.3f}" if place else "– | –"
        print(f"| {way} | {each[:, place].mean():.3f} | {told} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
