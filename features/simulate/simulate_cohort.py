"""simulate_cohort: the whole cohort, its catalog and the planted truth, by seed."""

from __future__ import annotations

import csv
import io
import json
import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from features.core.errors import RadweaveError
from features.simulate.acquisition import Acquisition, protocol
from features.simulate.anatomy import draw_anatomy, render
from features.simulate.genes import draw_genome
from features.simulate.patient import Patient, draw_patients
from features.simulate.plant_faults import (
    FAULTS,
    RESENT,
    Fault,
    faulty_patient,
    spoil_series,
    write_faulty_mask,
    write_faulty_nifti,
    write_planted,
)
from features.simulate.simulator import Progress, empty_folder
from features.simulate.truth import TruthModel, best_scores, truth_record
from features.simulate.write_catalog import write_catalog
from features.simulate.write_dicom import StudyFacts, write_dicom
from features.simulate.write_nifti import write_nifti
from features.simulate.write_rtstruct import write_rtstruct
from features.simulate.write_seg import write_seg
from features.simulate.write_tables import (
    clinical_name,
    coin_name,
    genomic_name,
    write_clinical,
    write_coin,
    write_genes,
)

# Streams of randomness: a number each, so that one more draw here changes nothing there.
GENOME, SCORES, PATIENTS, EXPRESSION, ANATOMY, NOISE, FAULTY, COIN, RIMS, FAULTY_RIMS = range(10)
FAULTY_CENTRES = 3  # one of each image format


def simulate_cohort(
    folder: Path,
    *,
    centres: int = 3,
    patients_per_centre: int = 24,
    seed: int = 0,
    faults: bool = False,
    coin: bool = False,
    null: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Path of the data_catalog.yaml of a multicentre lung-CT cohort `builtin`, written as real files below `folder`.

    Centres A, B, C … in turn: DICOM with RTSTRUCT, DICOM with SEG, NIfTI. Every third patient of a centre has a second scan
    (week 4). The truth goes to truth/ beside the images: truth.json (best possible scores, informative genes) and
    patients.csv. `faults` adds patients with a fault each, as the first three centres might send them: truth/faults.csv
    names them and the code to be expected, resent/ holds what a site would send again; the files of the other patients stay
    the same bytes, and no study counts more cases. `coin` adds an outcome that is a coin toss, with an endpoint `coin`. Under
    `null` the scans before treatment are the same, and no outcome depends on anything. Same arguments, same bytes.
    progress(what, done, total) is called once a patient.

    Raises RadweaveError if the folder holds anything, or a number is out of range; StoreError if it cannot be made.
    """
    if not 1 <= centres <= len(string.ascii_uppercase):
        raise RadweaveError(f"simulate: centres must be 1 to {len(string.ascii_uppercase)}; found {centres}")
    if not 1 <= patients_per_centre <= 9999:
        raise RadweaveError(f"simulate: patients per centre must be 1 to 9999; found {patients_per_centre}")
    if seed < 0:
        raise RadweaveError(f"simulate: the seed must not be negative; found {seed}")
    empty_folder(folder)
    model = TruthModel().without_effects() if null else TruthModel()
    genome = draw_genome(np.random.default_rng([seed, GENOME]))
    protocols = {string.ascii_uppercase[i]: protocol(i) for i in range(centres)}
    everyone: list[Patient] = []
    planted: list[tuple[Patient, Fault]] = []
    bad = [FAULTS[one.format] if faults and i < FAULTY_CENTRES else () for i, one in enumerate(protocols.values())]
    done, total = 0, centres * patients_per_centre + sum(map(len, bad))
    for i, (centre, acquisition) in enumerate(protocols.items()):
        patients = draw_centre(model, seed, i, patients_per_centre)
        first, own = patients_per_centre + 1, (FAULTY, FAULTY_RIMS)
        drawn = draw_centre(model, seed, i, len(bad[i]), first=first, streams=own) if bad[i] else []
        faulty = {one.id: (faulty_patient(one, fault), fault) for one, fault in zip(drawn, bad[i], strict=True)}
        for k, patient in enumerate([*patients, *(one for one, _ in faulty.values())]):
            fault = faulty[patient.id][1] if patient.id in faulty else None
            if fault is None or fault.has_images:
                _write_scans(folder / centre, patient, acquisition, seed, (i, k), fault)
            if progress:
                progress("simulate patients", done := done + 1, total)
        form = acquisition.format
        listed = [*patients, *(one for one, fault in faulty.values() if fault.in_clinical)]
        write_clinical(folder / clinical_name(centre, form), form, listed)
        rng = np.random.default_rng([seed, EXPRESSION, i])
        write_genes(folder / genomic_name(centre), form, listed, genome, rng)
        if coin:
            write_coin(folder / coin_name(centre), patients, np.random.default_rng([seed, COIN, i]))
        everyone += patients
        planted += faulty.values()

    scores = best_scores(model, np.random.default_rng([seed, SCORES]))
    _write_truth(folder / "truth", everyone, truth_record(seed, model, scores, genome.informative))
    if faults:
        write_planted(folder / "truth" / "faults.csv", planted)
    catalog = folder / "data_catalog.yaml"
    write_catalog(catalog, {centre: acquisition.format for centre, acquisition in protocols.items()}, coin=coin)
    return catalog


def draw_centre(
    model: TruthModel,
    seed: int,
    centre: int,
    n: int,
    *,
    first: int = 1,
    streams: tuple[int, int] = (PATIENTS, RIMS),
) -> list[Patient]:
    """`n` patients of the centre with this number, from 0: the sound ones, unless other streams of randomness are named."""
    rng, rims = (np.random.default_rng([seed, word, centre]) for word in streams)
    return draw_patients(model, rng, rims, string.ascii_uppercase[centre], n, first=first)


def _write_scans(
    folder: Path, patient: Patient, acquisition: Acquisition, seed: int, place: tuple[int, int], fault: Fault | None
) -> None:
    anatomy = draw_anatomy(np.random.default_rng([seed, ANATOMY, *place]))
    for number, (timepoint, tumour) in enumerate(patient.tumours.items()):
        noise = np.random.default_rng([seed, NOISE, *place, number])
        phantom = render(anatomy, tumour, acquisition, noise)
        if acquisition.format == "nifti":
            where = Path(patient.id) / timepoint
            if fault is None:
                write_nifti(folder / where, phantom)
            else:
                another, resent = Path(f"{patient.centre}-0001") / timepoint, folder.parent / RESENT / folder.name
                write_faulty_nifti(folder / where, fault, phantom, another=folder / another, resent=resent / where)
            continue
        facts = StudyFacts((seed,), patient.id, patient.sex, patient.scan_date(timepoint), timepoint)
        scan = folder / "dicom" / patient.id / timepoint
        slices = write_dicom(scan / "CT", phantom, acquisition, facts)
        mask = scan / ("RTSTRUCT.dcm" if acquisition.format == "rtstruct" else "SEG.dcm")
        if fault is not None:
            write_faulty_mask(mask, fault, phantom, slices, facts)
            spoil_series(scan / "CT", fault)
        elif acquisition.format == "rtstruct":
            write_rtstruct(mask, phantom, slices, facts)
        else:
            write_seg(mask, phantom, slices, facts)


def _write_truth(folder: Path, patients: Sequence[Patient], record: dict[str, object]) -> None:
    """truth.json, and patients.csv: patient, centre, state, logit, log_hazard, and the baseline tumour's size, texture and rim."""
    folder.mkdir()
    (folder / "truth.json").write_bytes((json.dumps(record, indent=2) + "\n").encode())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["patient", "centre", "state", "logit", "log_hazard", "volume_ml", "texture_hu", "rim_grain_mm"])
    for patient in patients:
        numbers = patient.state, patient.logit, patient.log_hazard
        tumour = patient.tumours["baseline"]
        planted = (*numbers, tumour.volume_ml, tumour.texture_hu, tumour.rim_grain_mm)
        writer.writerow([patient.id, patient.centre, *(f"{number:.6f}" for number in planted)])
    (folder / "patients.csv").write_bytes(text.getvalue().encode())
