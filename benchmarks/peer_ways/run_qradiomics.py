"""The features of qradiomics for a CSV of pairs, by one call of its command `qr extract`: PAIRS SET OUT."""

import csv
import os
import sys
from pathlib import Path


def main(pairs: str, kind: str, out: str) -> None:
    """Write the pairs as the manifest that the command reads, and become the command. Its engine is pyradiomics."""
    assert (
        kind == "original"
    )  # its patterns are files of its package: LoG and wavelets cannot be asked for as we need them
    with Path(pairs).open() as file:
        rows = list(csv.DictReader(file))
    manifest = Path(out).with_name("manifest.csv")
    with manifest.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["patient_id", "modality", "image_path", "mask_path"])
        lines.writerows([row["ID"], "CT", row["Image"], row["Mask"]] for row in rows)
    command = str(Path(sys.executable).with_name("qr"))
    os.execv(command, [command, "extract", "--manifest", str(manifest), "--output", out, "--bin-width", "25"])


if __name__ == "__main__":
    main(*sys.argv[1:])
