"""What a sound first candidate reaches on public tables of radiomics, beside what most scripts do.

    python benchmarks/radmlbench.py                                  # the six tables of radMLBench in the public data
    python benchmarks/radmlbench.py --tables A.csv.gz B.csv          # your own: ID, Target of 0 and 1, all else features
    python benchmarks/radmlbench.py --candidate mine.yaml --seeds 3  # another candidate, as a study names one

Each table is a study of one run of `evaluate`: 5 folds, as many repeats as --seeds says, each cut with another seed; all candidates
on the same folds. What is compared is named beforehand: `voting` without further settings (tasks/modelling/unnamed_members.py).
It stands beside two baselines of the same steps (no constant columns, none of |r| above 0.9 with another, z-scores): logistic
regression with an L2 penalty of C = 1, as scikit-learn has it, and with a C that inner folds choose. AUCs are means over folds,
and over seeds. An interval of 95 % is of the mean over seeds: what other folds of the same patients would give, nothing about
other patients; the one after it, by the corrected resampled t-test, is of training sets of that size drawn anew. Promised, of
tables with signal, is a mean difference of at least 0.02 whose interval over seeds lies above 0, from the first baseline; of
tables in which nobody finds signal, a mean AUC of at most 0.55.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from features.core.design import Design
from features.core.kinds.endpoint import ENDPOINTS
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study

Floats = NDArray[np.float64]
PUBLIC = Path(os.environ.get("RADWEAVE_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIGNAL = ("WORC-Lipo", "Head-Neck-Radiomics-HN1", "C4KC-KiTS")
NONE = ("Ahn2021", "HCC-TACE-Seg", "Veeraraghavan2020")
LEAST_DIFFERENCE, MOST_WITHOUT = 0.02, 0.55
USUAL, CHOSEN = "l2_logistic", "l2_logistic_chosen"
DROPPED = ["drop_constant", "median", {"kind": "drop_correlated", "above": 0.9, "method": "pearson"}, "zscore"]
VOTING = {"name": "voting", "model": "voting"}
BASELINES = [
    {"name": USUAL, "steps": DROPPED, "model": {"kind": "ridge_logistic", "C": [1.0]}},
    {"name": CHOSEN, "steps": DROPPED, "model": {"kind": "ridge_logistic", "C": [0.001, 0.01, 0.1, 1.0, 10.0]}},
]


class Seen(NamedTuple):
    """Of one table: aucs: candidate → (seeds,) mean AUC of the folds; corrected: interval of candidate less USUAL, as words."""

    n: int
    events: int
    columns: int
    aucs: dict[str, Floats]
    corrected: str
    seconds: float


def design_of(path: Path) -> Design:
    """A table of radMLBench: one row per patient, ID, Target, and columns of numbers."""
    table = pd.read_csv(path)
    features = table.drop(columns=["ID", "Target"], errors="ignore").select_dtypes("number").astype(float)
    ids = [f"p{i:04d}" for i in range(len(table))]
    features.index = pd.Index(ids)
    patients, centres = np.array(ids), np.full(len(ids), "a")
    endpoint = ENDPOINTS.parse({"kind": "binary", "column": "Target"})
    blocks = dict.fromkeys(features.columns, "radiomics")
    return Design(features, blocks, Outcome.of_flag(table["Target"].to_numpy(bool)), endpoint, patients, centres)


def see(path: Path, candidate: dict[str, Any], seeds: int) -> Seen:
    design = design_of(path)
    study = Study.model_validate(
        {
            "name": "radmlbench",
            "cohorts": ["one"],
            "endpoint": "target",
            "blocks": {"radiomics": ["radiomics"]},
            "models": [*BASELINES, candidate],
            "splits": [{"kind": "nested", "folds": 5, "repeats": seeds}],
        }
    )
    start = time.process_time()
    result = evaluate(design, study)
    seconds = time.process_time() - start
    aucs = {one.name: seed_means(result.predictions, one.name) for one in study.models}
    n, events = len(design.X), int(design.outcome.flag.sum())
    return Seen(n, events, design.X.shape[1], aucs, corrected(result, study.models[-1].name), seconds)


def seed_means(predictions: pd.DataFrame, name: str) -> Floats:
    """(seeds,): the AUC of each fold, then the mean over the folds of a seed."""
    own = predictions[predictions["model"] == name]
    folds = own.groupby(["repeat", "fold"])[["event", "score"]].apply(
        lambda fold: float(roc_auc_score(fold["event"].astype(bool), fold["score"]))
    )
    return folds.groupby("repeat").mean().to_numpy()


def corrected(result: StudyResult, name: str) -> str:
    """The interval of the corrected resampled t-test, of a candidate less the usual baseline."""
    for one in result.comparisons:
        pair = (one.model, one.other_model)
        if one.metric == "auc" and {*pair} == {name, USUAL} and one.low is not None and one.high is not None:
            low, high = (one.low, one.high) if pair[0] == name else (-one.high, -one.low)
            return f"{low:+.3f} to {high:+.3f}"
    return "–"


def mean_interval(differences: Floats) -> tuple[float, float, float]:
    """Mean over seeds, and its 95 % interval by Student's t."""
    mean, n = float(differences.mean()), len(differences)
    half = float(student.ppf(0.975, n - 1)) * float(differences.std(ddof=1)) / n**0.5
    return mean, mean - half, mean + half


def in_words(differences: Floats) -> str:
    return "{:+.3f} ({:+.3f} to {:+.3f})".format(*mean_interval(differences))


def table_of(paths: Sequence[Path], candidate: dict[str, Any], seeds: int) -> dict[str, Seen]:
    """Prints a row of each table as soon as it is there."""
    name = candidate["name"]
    shown = (USUAL, CHOSEN, name)
    print(
        "| table | n (events), columns |", " | ".join(shown), f"| less {USUAL} | corrected t | less {CHOSEN} | CPU s |"
    )
    print("|---|" + "---|" * 8)
    found = {}
    for path in paths:
        word = path.name.split(".")[0]
        seen = found[word] = see(path, candidate, seeds)
        cells = [f"{seen.n} ({seen.events}), {seen.columns}", *(f"{seen.aucs[one].mean():.3f}" for one in shown)]
        gains = [in_words(seen.aucs[name] - seen.aucs[one]) for one in (USUAL, CHOSEN)]
        cells += [gains[0], seen.corrected, gains[1], f"{seen.seconds:.0f}"]
        print(f"| {word} |", " | ".join(cells), "|", flush=True)
    return found


def promise(found: dict[str, Seen], name: str) -> bool:
    """Print the mean over the tables with signal, and whether what was promised is kept."""
    gains = {word: found[word].aucs[name] - found[word].aucs[USUAL] for word in SIGNAL}
    of_chosen = np.mean([found[word].aucs[name] - found[word].aucs[CHOSEN] for word in SIGNAL], axis=0)
    together = np.mean([*gains.values()], axis=0)
    print(f"\nmean of the {len(SIGNAL)} with signal: {in_words(together)}; less {CHOSEN}: {in_words(of_chosen)}")
    kept = []
    for word, gain in [*gains.items(), ("mean", together)]:
        mean, low, _ = mean_interval(gain)
        kept.append(mean >= LEAST_DIFFERENCE and low > 0)
        print(f"{word}: at least {LEAST_DIFFERENCE} better, interval above 0: {'met' if kept[-1] else 'UNMET'}")
    for word in NONE:
        mean = float(found[word].aucs[name].mean())
        kept.append(mean <= MOST_WITHOUT)
        print(f"{word}: {mean:.3f}, at most {MOST_WITHOUT}: {'met' if kept[-1] else 'UNMET'}")
    return all(kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, nargs="+", help="tables of your own; left out: those of the public data")
    parser.add_argument("--candidate", type=Path, help="a YAML file with a candidate, as a study names it")
    parser.add_argument("--seeds", type=int, default=8, help="cuts into folds, at least 2")
    given = parser.parse_args()
    candidate = yaml.safe_load(given.candidate.read_text("utf-8")) if given.candidate else VOTING
    public = [PUBLIC / "radmlbench" / f"{word}.csv.gz" for word in (*SIGNAL, *NONE)]
    found = table_of(given.tables or public, candidate, given.seeds)
    return 0 if given.tables or promise(found, candidate["name"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
