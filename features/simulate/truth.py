"""The planted truth: how a hidden state of the tumour drives size, texture, the rim around it, response and survival."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.simulate.genes import GENES
from features.simulate.oracle import PAIRS, auc, c_index

HORIZON_DAYS = 1826  # five years: administrative censoring

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TruthModel:
    """Coefficients of the planted model. A high state is bad: large, heterogeneous, resistant, short survival.

    response: logit = intercept + state·h + stage·(stage − 2.5) + age·(age − 65); event: Weibull, proportional hazards.
    Sizes and textures are log-normal: median·exp(slope·h + noise·N(0, 1)). rim: the grain of the haze in the lung around it.
    week4: what a response adds to the log of the volume and of the texture's sd.
    """

    stage_shares: tuple[float, ...] = (0.25, 0.25, 0.30, 0.20)
    age_mean_years: float = 66.0
    age_sd_years: float = 9.0
    response_intercept: float = -0.30
    response_state: float = -1.9
    response_stage: float = -0.55
    response_age: float = -0.02
    hazard_state: float = 1.0
    hazard_stage: float = 0.35
    hazard_age: float = 0.02
    survival_scale_days: float = 1500.0
    survival_shape: float = 1.2
    dropout_mean_days: float = 5500.0
    volume_median_ml: float = 10.0
    volume_slope: float = 0.35
    volume_noise: float = 0.30
    texture_median_hu: float = 30.0
    texture_slope: float = 0.40
    texture_noise: float = 0.20
    grain_median_mm: float = 3.0
    grain_slope: float = 0.18
    grain_noise: float = 0.10
    rim_median_mm: float = 2.6
    rim_slope: float = 0.60
    rim_noise: float = 0.20
    week4_volume: float = -0.45
    week4_texture: float = -0.25

    def without_effects(self) -> TruthModel:
        """The same tumours, of which no outcome knows anything; nor of stage or age."""
        return replace(
            self,
            response_state=0.0,
            response_stage=0.0,
            response_age=0.0,
            hazard_state=0.0,
            hazard_stage=0.0,
            hazard_age=0.0,
            week4_volume=0.0,
            week4_texture=0.0,
        )


@dataclass(frozen=True, slots=True)
class BestScores:
    """Scores of the model that knows the truth: no honest study of the cohort can expect more.

    bayes_auc: of the true logit. bayes_c_index: of the true log hazard, events up to the horizon, without dropout (what Uno's
    C-index estimates); bayes_c_index_harrell: on the censored follow-up. clinical_*: the same, stage and age alone. rim_*: the
    grain of the rim alone, the most that deep features of it can tell.
    """

    bayes_auc: float
    bayes_c_index: float
    bayes_c_index_harrell: float
    clinical_auc: float
    clinical_c_index: float
    response_rate: float
    event_rate: float
    rim_auc: float
    rim_c_index: float


def draw_population(model: TruthModel, rng: np.random.Generator, n: int) -> pd.DataFrame:
    """`n` patients, one a row: state, stage (1–4), age_years, sex, pack_years (NaN: unknown), volume_ml, texture_hu (sd),
    grain_mm (Gaussian sigma), logit, response, log_hazard, event_days (uncensored), os_days (whole, at least 1), death.
    """
    state = rng.standard_normal(n)
    stage = rng.choice(4, size=n, p=model.stage_shares) + 1
    age = np.round(np.clip(rng.normal(model.age_mean_years, model.age_sd_years, n), 35, 90) * 12) / 12
    sex = np.where(rng.random(n) < 0.45, "female", "male")
    smoked = np.round(rng.gamma(2.5, 14.0, n) * 2) / 2
    pack_years = np.where(rng.random(n) < 0.15, 0.0, smoked)
    pack_years[rng.random(n) < 0.08] = np.nan

    volume = _log_normal(rng, state, model.volume_median_ml, model.volume_slope, model.volume_noise)
    texture = _log_normal(rng, state, model.texture_median_hu, model.texture_slope, model.texture_noise)
    grain = _log_normal(rng, state, model.grain_median_mm, model.grain_slope, model.grain_noise)

    clinical = model.response_stage * (stage - 2.5) + model.response_age * (age - 65)
    logit = model.response_intercept + model.response_state * state + clinical
    clinical_hazard = model.hazard_stage * (stage - 2.5) + model.hazard_age * (age - 65)
    log_hazard = model.hazard_state * state + clinical_hazard
    event = model.survival_scale_days * (rng.exponential(size=n) * np.exp(-log_hazard)) ** (1 / model.survival_shape)
    follow_up = np.minimum(rng.exponential(model.dropout_mean_days, n), HORIZON_DAYS)
    os_days = np.maximum(np.ceil(np.minimum(event, follow_up)), 1)
    return pd.DataFrame(
        {
            "state": state,
            "stage": stage,
            "age_years": age,
            "sex": sex,
            "pack_years": pack_years,
            "volume_ml": np.clip(volume, 4.0, 25.0),
            "texture_hu": np.clip(texture, 8.0, 90.0),
            "grain_mm": np.clip(grain, 1.8, 5.0),
            "logit": logit,
            "clinical_logit": clinical,
            "response": rng.random(n) < expit(logit),
            "log_hazard": log_hazard,
            "clinical_log_hazard": clinical_hazard,
            "event_days": event,
            "os_days": os_days.astype(np.int64),
            "death": event <= follow_up,
        }
    )


def draw_rims(model: TruthModel, rng: np.random.Generator, state: Floats) -> Floats:
    """The Gaussian sigma in mm of the grain of the rim, of patients of these states."""
    return np.clip(_log_normal(rng, state, model.rim_median_mm, model.rim_slope, model.rim_noise), 1.0, 9.0)


def best_scores(model: TruthModel, rng: np.random.Generator, n: int = 100_000) -> BestScores:
    """Bayes AUC and C-index, by drawing `n` patients (errors about 0.001) and `PAIRS` pairs of them."""
    people = draw_population(model, rng, n)
    first, second = rng.integers(0, n, (2, PAIRS))
    event_days = people["event_days"].to_numpy()
    full = np.minimum(event_days, HORIZON_DAYS), event_days < HORIZON_DAYS
    seen = people["os_days"].to_numpy(np.float64), people["death"].to_numpy()
    hazard, clinical = people["log_hazard"].to_numpy(), people["clinical_log_hazard"].to_numpy()
    response, rim = people["response"].to_numpy(), draw_rims(model, rng, people["state"].to_numpy())
    return BestScores(
        bayes_auc=auc(people["logit"].to_numpy(), response),
        bayes_c_index=c_index(hazard, *full, first, second),
        bayes_c_index_harrell=c_index(hazard, *seen, first, second),
        clinical_auc=auc(people["clinical_logit"].to_numpy(), response),
        clinical_c_index=c_index(clinical, *full, first, second),
        response_rate=round(float(response.mean()), 4),
        event_rate=round(float(people["death"].mean()), 4),
        rim_auc=auc(np.sign(model.response_state) * rim, response),
        rim_c_index=c_index(np.sign(model.hazard_state) * rim, *full, first, second),
    )


def truth_record(seed: int, model: TruthModel, scores: BestScores, genes: tuple[str, ...]) -> dict[str, object]:
    """What truth.json holds: the seed, the best scores, the informative genes and the model's coefficients."""
    return {
        "seed": seed,
        **asdict(scores),
        "informative_genes": list(genes),
        "genes": len(GENES),
        "model": asdict(model),
    }


def _log_normal(rng: np.random.Generator, state: Floats, median: float, slope: float, noise: float) -> Floats:
    return median * np.exp(slope * state + noise * rng.standard_normal(state.size))
