"""The features of pictologics for a CSV of pairs, by its run_batch: PAIRS SET OUT."""

import csv
import sys
from pathlib import Path

from pictologics import RadiomicsPipeline, save_results

RANGE = {"step": "resegment", "params": {"range_min": -1000, "range_max": 1000}}
BINS = {"step": "discretise", "params": {"method": "FBS", "bin_width": 25}}
FEATURES = {
    "step": "extract_features",
    "params": {
        "families": ["intensity", "morphology", "texture"],
        "include_spatial_intensity": False,
        "include_local_intensity": False,
    },
}


def configurations(kind: str) -> dict[str, list[dict[str, object]]]:
    """One for the original image; for the full set one more for each filtered image."""
    found = {"original": [RANGE, BINS, FEATURES]}
    if kind == "full":
        filters = {f"log_{s}": {"type": "log", "sigma_mm": float(s)} for s in (1, 2, 3)}
        bands = [a + b + c for a in "LH" for b in "LH" for c in "LH"]
        filters |= {
            f"wavelet_{b}": {"type": "wavelet", "wavelet": "coif1", "level": 1, "decomposition": b} for b in bands
        }
        bins = {"step": "discretise", "params": {"method": "FBS", "bin_width": 25, "min_val": -2000}}
        textures = {"step": "extract_features", "params": {**FEATURES["params"], "families": ["intensity", "texture"]}}
        found |= {name: [{"step": "filter", "params": one}, bins, textures] for name, one in filters.items()}
    return found


def main(pairs: str, kind: str, out: str) -> None:
    """Write a row for each case, as run_batch gives it."""
    pipeline = RadiomicsPipeline()
    chosen = configurations(kind)
    for name, steps in chosen.items():
        pipeline.add_config(name, steps)
    with Path(pairs).open() as file:
        rows = list(csv.DictReader(file))
    cases = [{"subject_id": row["ID"], "image": row["Image"], "mask": row["Mask"]} for row in rows]
    table = pipeline.run_batch(cases, Path(out).parent / "cases", config_names=list(chosen), show_progress=False)
    save_results(table, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
