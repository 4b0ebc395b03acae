"""The features of MIRP for a CSV of pairs, in one call as its documentation has it: PAIRS SET OUT."""

import csv
import sys
from pathlib import Path

import pandas as pd
from mirp import extract_features

ORIGINAL = {
    "base_feature_families": ["statistics", "morphology", "cm", "rlm", "szm", "ngtdm", "ngldm"],
    "base_discretisation_method": "fixed_bin_size",
    "base_discretisation_bin_width": 25.0,
    "resegmentation_intensity_range": [-1000.0, 1000.0],
}
FULL = {
    **ORIGINAL,
    "filter_kernels": ["separable_wavelet", "laplacian_of_gaussian"],
    "response_map_feature_families": ["statistics", "cm", "rlm", "szm", "ngtdm", "ngldm"],
    "response_map_discretisation_method": "fixed_bin_size",
    "response_map_discretisation_bin_width": 25.0,
    "separable_wavelet_families": "coif1",
    "separable_wavelet_set": "all",
    "separable_wavelet_rotation_invariance": False,
    "laplacian_of_gaussian_sigma": [1.0, 2.0, 3.0],
    "laplacian_of_gaussian_pooling_method": "none",
}


def main(pairs: str, kind: str, out: str) -> None:
    """Write a row for each case that MIRP gives."""
    with Path(pairs).open() as file:
        rows = list(csv.DictReader(file))
    settings = {"original": ORIGINAL, "full": FULL}[kind]
    found = extract_features(image=[row["Image"] for row in rows], mask=[row["Mask"] for row in rows], **settings)
    pd.concat(found).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
