"""The features of z-rad for the folders of cases beside a CSV of pairs, by its batch extractor: PAIRS SET OUT."""

import csv
import json
import sys
from pathlib import Path

from zrad.batch import BatchRadiomicsExtractor


def main(pairs: str, kind: str, out: str) -> None:
    """Write z-rad's own CSV; beside it, what it says of each case."""
    assert kind == "original"
    with Path(pairs).open() as file:
        rows = list(csv.DictReader(file))
    batch = BatchRadiomicsExtractor(
        input_directory=Path(pairs).parent,
        output_directory=Path(out).parent,
        output_filename=Path(out).name,
        input_data_type="nifti",
        modality="CT",
        aggregation_dimension="3D",
        aggregation_method="MERG",
        discretization_method="Bin Size",
        bin_size=25,
        intensity_range=[-1000, 1000],
        patient_folders=[row["ID"] for row in rows],
        nifti_image_name="image.nii.gz",
        structures=["mask.nii.gz"],
    )
    told = {one.case_name: one.error or f"{one.status}: {one.skipped_structures}" for one in batch.run().case_results}
    Path(out).with_suffix(".json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
