"""What models find of the planted truth of the built-in cohort: first order and volume, radiomics, deep features, and the oracle.

    python benchmarks/simulated_lung.py                    # four seeds, as many patients as the demo has
    python benchmarks/simulated_lung.py --seeds 1 --patients-per-centre 8

Each seed: simulate, refresh with the recipe ct_lung and one of the lung around the tumour, read the mart at baseline, fit the
ridge models of `simulated.py` by its five-fold cross-validation. `first order and volume`: first-order features of the original
image in the contour, and volumes; `radiomics`: all features of the contour. `around` are features of a shell of 14 mm, of its
voxels between air and soft tissue; its first order is without energies, which count voxels. `deep`: the network of the
recipe. `null`: the same images, with the outcomes of the same seed under --null. `oracle` is what
truth.json says of who knows all, `rim alone` of who knows the grain of the rim around the tumour and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd

from benchmarks.simulated import PLAIN, VOLUMES, fit, refresh, report
from features.simulate.oracle import Outcome

COHORT, CENTRES = "builtin", 3
OUTCOMES = (
    Outcome("response", "binary", "logit", ("response",)),
    Outcome("os", "survival", "log_hazard", ("os_days", "death")),
)
TRUTHS = {
    "response": {"oracle": "bayes_auc", "rim alone": "rim_auc"},
    "os": {"oracle": "bayes_c_index", "rim alone": "rim_c_index"},
}
TEXTURES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
RIM = "ct_rim"
RECIPE = """\
default: true
modality: CT
unit: HU
spacing_mm: [2, 2, 2]
interpolator: bspline
round_intensities: true
roi: {kind: shell, thickness_mm: 14}
resegment: [-1000, -200]
discretise: {bin_width: 25}
extractors: [radweave]
"""


def main() -> None:
    """Simulate, refresh, fit, print the table."""
    parser = argparse.ArgumentParser(description="What models find of the planted truth of the built-in cohort.")
    parser.add_argument("--seeds", type=int, default=4, help="how many, from 1 (default 4)")
    parser.add_argument("--patients-per-centre", type=int, default=24, help="of each of three centres (default 24)")
    parser.add_argument("--keep", type=Path, help="folder that cohorts and stores stay in, and are found again")
    options = parser.parse_args()
    scores: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(1, options.seeds + 1):
            root = (options.keep or Path(name)) / f"lung-{seed}-{options.patients_per_centre}"
            for key, value in one_seed(seed, options.patients_per_centre, root, spent).items():
                scores[key].append(value)
    report("lung", scores, spent)


def one_seed(seed: int, n: int, root: Path, spent: dict[str, list[float]]) -> dict[tuple[str, str, str], float]:
    """(endpoint, predictors, "development") → score, of one seed."""
    from features.simulate.simulate_cohort import simulate_cohort

    if not root.exists():
        begin = time.process_time()
        simulate_cohort(root, centres=CENTRES, patients_per_centre=n, seed=seed)
        spent["simulate"].append(time.process_time() - begin)
        (root / "recipes").mkdir()
        (root / "recipes" / f"{RIM}.yaml").write_text(RECIPE, "utf-8")
        shutil.copy(Path(__file__).parents[1] / "flows" / "recipes" / "ct_lung.yaml", root / "recipes")
    if not (root / "store").exists():
        spent["refresh"].append(refresh(root))
    truth = json.loads((root / "truth" / "truth.json").read_text("utf-8"))
    features, sets = read_features(root)
    found: dict[tuple[str, str, str], float] = {}
    for outcome in OUTCOMES:
        for what, name in TRUTHS[outcome.endpoint].items():
            found[outcome.endpoint, what, "development"] = truth[name]
        for title, null in (("", False), ("null, ", True)):
            people = draw(seed, n, null=null)
            for what, columns in sets.items():
                own = fit(features[columns], people, outcome, people, outcome, 1.0)
                found[outcome.endpoint, title + what, "development"] = own["development"]
    return found


def draw(seed: int, n: int, *, null: bool) -> pd.DataFrame:
    """The patients and their outcomes, one a row."""
    from features.simulate.simulate_cohort import draw_centre
    from features.simulate.truth import TruthModel

    model = TruthModel().without_effects() if null else TruthModel()
    people = [one for centre in range(CENTRES) for one in draw_centre(model, seed, centre, n)]
    rows = [(one.id, COHORT, one.centre, one.response, one.os_days, one.death) for one in people]
    return pd.DataFrame(rows, columns=["patient", "cohort", "centre", "response", "os_days", "death"])


def read_features(root: Path) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Features at baseline by patient's id, and sets of their names."""
    import radweave
    from features.core.pseudonym import load_key, pseudonym

    tables, names = [], {}
    words = radweave.read_dictionary(root / "store")
    words = words[words["role"] == "predictor"].set_index("name")
    ids = {pseudonym(load_key(), COHORT, one): one for one in pd.read_csv(root / "truth" / "patients.csv")["patient"]}
    for block in ("radiomics", "deep"):
        table = radweave.read_table(root / "store", block)
        table = table[table["timepoint"] == "baseline"]
        table.index = pd.Index([ids[name] for name in table["patient"]])
        names[block] = [name for name in table if name in words.index]
        tables.append(table[names[block]])
    recipe = {name: str(words["recipe"][name]) for name in names["radiomics"]}
    around, inside = ([name for name in recipe if (recipe[name] == RIM) == where] for where in (True, False))
    first = [name for name in recipe if "original_firstorder_" in name]
    sets = {
        PLAIN: [name for name in inside if name in first or name.endswith(VOLUMES)],
        "radiomics": inside,
        "first order around": [name for name in around if name in first and not name.endswith("Energy")],
        "texture around": [name for name in around if words["family"][name] in TEXTURES],
        "deep": names["deep"],
        "radiomics and deep": [*inside, *names["deep"]],
    }
    return pd.concat(tables, axis=1), sets


if __name__ == "__main__":
    main()
