"""Planted and found: what the simulation knows beside what refresh and studies found. Only the demo reads the truth."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.core.errors import RadweaveError
from features.core.pseudonym import load_key, pseudonym
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from features.simulate.plant_faults import RESENT
from flows.commands.quarantine import read_reasons
from tasks.modelling.pairs import Pairs, auc_pairs, harrell_pairs

COHORT = "builtin"
LACKED = ("images", "clinical")
PARTS = {
    "all": "",
    "genomic": "state_",
    "radiomics": "state_",
    "deep": "rim_",
    "clinical": "clinical_",
}  # blocks → what is true of them
OFTEN = 0.5  # share of the folds in which a gene was chosen


@dataclass(frozen=True)
class FoundFault:
    """A planted fault. codes: all codes that the patient got; mended: the site's new file is in place of the faulty one."""

    centre: str
    patient: str
    told: str
    code: str
    severity: str
    codes: tuple[str, ...]
    mended: bool

    @property
    def found(self) -> bool:
        """Whether the expected code is among those of the patient."""
        return self.code in self.codes


@dataclass(frozen=True)
class Signal:
    """A score beside that of the truth on the same patients. interval: 95 %; None where a score has none."""

    endpoint: str
    predictors: str
    truth: float
    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def shown(self) -> str:
        """The score with its interval, two decimals."""
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass(frozen=True)
class Genes:
    """Genes that models chose in at least half of the folds, and how many of them carry signal."""

    chosen: int
    informative: int
    planted: int
    offered: int

    @property
    def by_chance(self) -> float:
        """How many of the chosen would carry signal if genes were drawn by lot."""
        return self.chosen * self.planted / self.offered


@dataclass(frozen=True)
class Patients:
    """Where the patients went. came = the sum of the others; clean: sound patients of whom nothing was rejected."""

    came: int
    used: int
    rejected: int
    without_outcome: int
    without_scan: int
    sound: int
    clean: int


def read_faults(cohort: Path, store: Store) -> list[FoundFault]:
    """Every planted fault with the codes that its patient has in the newest refresh. `cohort`: the simulated folder.

    Raises RadweaveError if no faults were planted there.
    """
    path = cohort / "truth" / "faults.csv"
    if not path.is_file():
        raise RadweaveError(
            f"{cohort}: no faults were planted here, an older radweave wrote it; remove it and run again"
        )
    codes: dict[str, set[str]] = {}
    for row in read_reasons(store, COHORT):
        codes.setdefault(row["case"].split(":")[1] if ":" in row["case"] else "", set()).add(row["code"])
    found = []
    for row in csv.DictReader(path.read_text("utf-8").splitlines()):
        name = pseudonym(load_key(), COHORT, row["patient"])
        own = tuple(sorted(codes.get(name, ())))
        mended = _is_mended(cohort, row["centre"], row["patient"])
        found.append(FoundFault(row["centre"], name, row["told"], row["code"], row["severity"], own, mended))
    return found


def _is_mended(cohort: Path, centre: str, patient: str) -> bool:
    """Whether all files that the site sent again for a patient stand where the faulty ones were."""
    sent = [path for path in sorted((cohort / RESENT / centre / patient).rglob("*")) if path.is_file()]
    places = [cohort / path.relative_to(cohort / RESENT) for path in sent]
    return bool(sent) and all(
        place.is_file() and place.read_bytes() == path.read_bytes() for place, path in zip(places, sent, strict=True)
    )


def count_patients(cohort: Path, store: Store, run: Path) -> Patients:
    """Where each patient of files and tables went. `run`: folder of a study's results."""
    mart, rows = Mart.open(store), read_reasons(store, COHORT)
    errors = [row for row in rows if row["severity"] == "error" and row["case"].count(":")]
    of_scans = {row["case"].split(":")[1] for row in errors if row["stage"] != "tables"}
    unmatched = mart.read("unmatched", COHORT).to_pylist()
    absent = {what: {row["patient"] for row in unmatched if row["absent_from"] == what} for what in LACKED}
    came = set(mart.read("scans", COHORT)["patient"].to_pylist()) | of_scans | absent["images"]
    used = set(_first_predictions(run)["patient"])
    rejected = of_scans - used
    outcome = absent["clinical"] - used - rejected
    scan = absent["images"] - used - rejected - outcome
    if len(came) != len(used) + len(rejected) + len(outcome) + len(scan):
        raise AssertionError(f"{len(came)} patients: {len(used)}, {len(rejected)}, {len(outcome)}, {len(scan)}")
    sound = {pseudonym(load_key(), COHORT, name) for name in read_patients(cohort).index}
    clean = sound - {row["case"].split(":")[1] for row in errors}
    return Patients(*map(len, (came, used, rejected, outcome, scan, sound, clean)))


def read_patients(cohort: Path) -> pd.DataFrame:
    """The true risks of the sound patients, one a row, by their ids. Raises RadweaveError if they had no rim yet."""
    found = pd.read_csv(cohort / "truth" / "patients.csv").set_index("patient")
    if "rim_grain_mm" not in found:
        raise RadweaveError(f"{cohort}: an older radweave wrote it, without rims; remove its folder and run again")
    return found


def read_signals(cohort: Path, response: Path, survival: Path, coin: Path) -> list[Signal]:
    """Nested scores of the first model of each study, beside what the true risk scores on the same patients.

    Of radiomics and genes the truth is the hidden state that drives them, of deep features the grain of the rim around the
    tumour, of clinical variables the effect of stage and age.
    The arguments after `cohort` are folders of the studies' results. A coin toss has no truth but 0.5.
    """
    risks = _true_risks(cohort)
    found = []
    for run, metric, endpoint, risk in (
        (response, "auc", "response", "logit"),
        (survival, "harrell_c", "survival", "log_hazard"),
    ):
        seen = _first_predictions(run)
        event, days = seen["event"].to_numpy(bool), seen["time"].to_numpy(float)
        for blocks, part in PARTS.items():
            score = risks.loc[seen["patient"], f"{part}{risk}"].to_numpy()
            everyone = np.arange(len(seen))
            pairs = (
                auc_pairs(everyone, event, score) if metric == "auc" else harrell_pairs(everyone, event, days, score)
            )
            found.append(_signal(run, metric, endpoint, blocks, _share(pairs)))
    return [*found, _signal(coin, "auc", "coin toss", "radiomics_genomic", 0.5)]


def _true_risks(cohort: Path) -> pd.DataFrame:
    """The true risks of all patients by pseudonym: whole, of the hidden state, of the rim, and of stage and age alone."""
    model, faulty = read_truth(cohort)["model"], pd.read_csv(cohort / "truth" / "faults.csv").set_index("patient")
    true = pd.concat([read_patients(cohort), faulty])[["state", "logit", "log_hazard", "rim_grain_mm"]]
    true.index = pd.Index([pseudonym(load_key(), COHORT, name) for name in true.index])
    true["state_logit"] = model["response_state"] * true["state"]
    true["state_log_hazard"] = model["hazard_state"] * true["state"]
    true["rim_logit"] = model["response_state"] * np.log(true["rim_grain_mm"])
    true["rim_log_hazard"] = model["hazard_state"] * np.log(true["rim_grain_mm"])
    true["clinical_logit"] = true["logit"] - model["response_intercept"] - true["state_logit"]
    true["clinical_log_hazard"] = true["log_hazard"] - true["state_log_hazard"]
    return true


def read_genes(cohort: Path, run: Path) -> Genes:
    """The genes that the first model of a study chose among all genes, under nested cross-validation."""
    truth, rows = read_truth(cohort), read_table(run / "selected.parquet").to_pylist()
    first = rows[0]["model"]
    own = [row for row in rows if (row["split"], row["blocks"], row["model"]) == ("nested", "genomic", first)]
    often = {row["feature"].removeprefix("genomic__") for row in own if row["chosen"] >= OFTEN * row["folds"]}
    planted = set(truth["informative_genes"])
    return Genes(len(often), len(often & planted), len(planted), truth["genes"])


def read_truth(cohort: Path) -> dict[str, Any]:
    """What truth.json says of a simulated cohort."""
    found: dict[str, Any] = json.loads((cohort / "truth" / "truth.json").read_text("utf-8"))
    return found


def _first_predictions(run: Path) -> pd.DataFrame:
    """One row per patient of a study: who was scored under nested cross-validation, and the outcome that was seen."""
    rows: pd.DataFrame = read_table(run / "predictions.parquet").to_pandas()
    rows["patient"] = rows["patient"].str.removeprefix(f"{COHORT}:")
    return rows[rows["split"] == "nested"].drop_duplicates("case")


def _signal(run: Path, metric: str, endpoint: str, blocks: str, truth: float) -> Signal:
    rows = read_table(run / "scores.parquet").to_pylist()
    wanted = ("nested", blocks, rows[0]["model"], metric, "", "")
    names = ("split", "blocks", "model", "metric", "centre", "within")
    (row,) = (row for row in rows if tuple(row[name] for name in names) == wanted)
    return Signal(endpoint, blocks, truth, row["value"], row["low"], row["high"], row["n"])


def _share(pairs: Pairs) -> float:
    return float(pairs.concordant.sum() / pairs.comparable.sum())
