"""ComBat of neuroCombat and neuroHarmonize, fold by fold: TABLE OUT.

TABLE: a CSV with row, centre, fold, stage (0 or 1), age and values. Each fold in turn is left out, the others are fitted to.
OUT: a CSV with program, variant, fold, row and the values. Rows of the fold that was left out are there where the program can
treat them.
"""

import contextlib
import importlib
import io
import sys

import numpy as np
import pandas as pd

np.int = int  # neuroCombat 0.2.12 is older than numpy's removal of the alias
combat = importlib.import_module("neuroCombat.neuroCombat")
combat.it_sol.__defaults__ = (1e-11,)  # from 1e-4: else the rounds stop some 1e-6 before their end

NEURO_COMBAT = {
    "parametric": {},
    "covariates": {"categorical_cols": ["stage"], "continuous_cols": ["age"]},
    "reference": {"ref_batch": "B"},
    "reference_covariates": {"ref_batch": "B", "continuous_cols": ["age"]},
    "non_parametric": {"parametric": False},
    "location_scale": {"eb": False},
}
NEURO_HARMONIZE = {
    "parametric": ([], {}),
    "covariates": (["stage", "age"], {}),
    "reference": ([], {"ref_batch": "B"}),
    "reference_covariates": (["age"], {"ref_batch": "B"}),
    "location_scale": ([], {"eb": False}),
}


def main(table: str, out: str) -> None:
    """Write the values of both programs."""
    from neuroHarmonize import harmonizationApply, harmonizationLearn

    found = pd.read_csv(table, sep=";", comment="#")
    names = [column for column in found if column not in ("row", "centre", "fold", "stage", "age")]
    X, design = found[names].to_numpy(float), found[["centre", "stage", "age"]].rename(columns={"centre": "SITE"})
    parts = []

    def keep(program: str, variant: str, fold: int, rows: np.ndarray, values: np.ndarray) -> None:
        part = pd.DataFrame(values, columns=names)
        for place, (column, what) in enumerate(
            {"program": program, "variant": variant, "fold": fold, "row": np.flatnonzero(rows)}.items()
        ):
            part.insert(place, column, what)
        parts.append(part)

    for fold in sorted(set(found["fold"])):
        train, test = (found["fold"] != fold).to_numpy(), (found["fold"] == fold).to_numpy()
        for variant, settings in NEURO_COMBAT.items():
            with contextlib.redirect_stdout(io.StringIO()):
                given = combat.neuroCombat(X[train].T, design[train], "SITE", **settings)
                keep("neuroCombat", variant, fold, train, given["data"].T)
                if not settings.keys() & {"categorical_cols", "continuous_cols", "ref_batch"}:
                    given["estimates"]["batches"] = np.unique(design["SITE"])
                    centres = design["SITE"][test].to_numpy()
                    others = combat.neuroCombatFromTraining(X[test].T, centres, given["estimates"])
                    keep("neuroCombat", variant, fold, test, others["data"].T)
        for variant, (covariates, settings) in NEURO_HARMONIZE.items():
            frame = design[["SITE", *covariates]]
            with contextlib.redirect_stdout(io.StringIO()):
                model, own = harmonizationLearn(X[train], frame[train].reset_index(drop=True), **settings)
                keep("neuroHarmonize", variant, fold, train, own)
                others = harmonizationApply(X[test], frame[test].reset_index(drop=True), model)
                keep("neuroHarmonize", variant, fold, test, others)
    pd.concat(parts).to_csv(out, sep=";", index=False, float_format="%.17g")


if __name__ == "__main__":
    main(*sys.argv[1:])
