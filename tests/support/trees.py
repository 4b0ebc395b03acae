"""Folders as strangers have them: a BIDS tree, a download from TCIA, images beside masks; each with tables."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.scans import image_series, rtstruct_of, save_datasets, save_nifti, square

PEOPLE = ("Doe-0017", "Roe-0023", "Poe-0042")  # ids that tests look for where no id may stand


def blob(
    shape: tuple[int, int, int] = (16, 16, 12), *, seed: int = 0, low: float = 20, high: float = 900
) -> np.ndarray:
    """Intensities (x, y, z) of noise round a bright body."""
    rng = np.random.default_rng(seed)
    return rng.normal(low, 10, shape).clip(0) + (high - low) * _ball(shape, 0.42) * rng.uniform(0.8, 1, shape)


def ball_mask(shape: tuple[int, int, int] = (16, 16, 12), label: int = 1) -> np.ndarray:
    """A label map (x, y, z) of a ball in the middle."""
    return (_ball(shape, 0.3) * label).astype(np.uint8)


def write_bids(
    folder: Path, patients: Sequence[str] = ("017", "023", "042"), sessions: Sequence[str] = ("01",)
) -> Path:
    """T1-weighted images with masks below `derivatives`, and participants.tsv; with several sessions, each in its folder."""
    for seed, patient in enumerate(patients):
        for session in sessions:
            part = f"sub-{patient}" if len(sessions) == 1 else f"sub-{patient}/ses-{session}"
            stem = f"{part}/anat/{part.replace('/', '_')}"
            save_nifti(folder / f"{stem}_T1w.nii.gz", blob(seed=seed).astype(np.float32))
            save_nifti(folder / "derivatives" / "lesions" / f"{stem}_T1w_mask.nii.gz", ball_mask())
    (folder / "dataset_description.json").write_text('{"Name": "small"}')
    ages, sexes = (61, 58, 70, 66), ("F", "M", "F", "M")
    rows = [(f"sub-{patient}", age, sex) for patient, age, sex in zip(patients, ages, sexes, strict=False)]
    write_table(folder / "participants.tsv", ("participant_id", "age", "sex"), rows, separator="\t")
    return folder


def write_tcia(folder: Path, patients: Sequence[str] = PEOPLE) -> Path:
    """CT with structure sets as a download has them (collection, patient, study, series), metadata.csv, a clinical table."""
    download = []
    for seed, patient in enumerate(patients):
        values = np.random.default_rng(seed).integers(-50, 150, (8, 24, 24))
        series = image_series(values, patient=patient, origin=(-12.0, -12.0, 0.0))
        study = folder / "Lung-Small" / patient / f"01-02-200{seed}-NA-CT THORAX-{12345 + seed}"
        save_datasets(series, study / "1.000000-NA-00001", "1-")
        contours = [square(-6, -6, 5, 5, 2.5 * k) for k in range(1, 7)]
        lung = [square(-9, -9, 9, 9, 2.5 * k) for k in range(1, 7)]
        rois = [("GTV-1", contours), ("Lung left", lung), (f"{patient} private", lung)]
        save_datasets([rtstruct_of(series, rois)], study / "2.000000-RTSTRUCT-00002", "1-")
        download.append((f"1.2.3.{seed}", "Lung-Small", f"./{study.relative_to(folder)}"))
    write_table(folder / "metadata.csv", ("Series UID", "Collection", "File Location"), download)
    times, dead, sexes = ("310", "92.5", "700", "415"), "0101", ("female", "male", "female", "male")
    rows = [
        (patient, 60 + i, sexes[i], times[i], dead[i], ("I", "I", "II", "II")[i]) for i, patient in enumerate(patients)
    ]
    write_table(
        folder / "clinical.csv", ("PatientID", "age", "gender", "Survival.time", "deadstatus.event", "stage"), rows
    )
    return folder


def write_pairs(folder: Path, patients: Sequence[str] = PEOPLE, *, image: str = "CT", mask: str = "tumour") -> Path:
    """An image in HU beside its mask, in a folder of each patient; no mask if its name is empty."""
    for seed, patient in enumerate(patients):
        values = blob(seed=seed, low=40, high=150) - 1000 * (blob(seed=seed) < 100)
        save_nifti(folder / patient / f"{image}.nii.gz", np.rint(values).astype(np.int16))
        if mask:
            save_nifti(folder / patient / f"{mask}.nii.gz", ball_mask())
    return folder


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], separator: str = ",") -> Path:
    """A table as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([header, *rows])
    return path


def _ball(shape: tuple[int, int, int], radius: float) -> np.ndarray:
    axes = [np.linspace(-0.5, 0.5, count) for count in shape]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return (x**2 + y**2 + z**2) < radius**2
