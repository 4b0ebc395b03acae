"""From a stranger's folder to first features in three commands: init, check, refresh, as they are printed."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.kinds.recipe import load_recipe
from features.core.storage.table import read_table
from tests.support.scans import image_series, save_datasets, save_nifti, save_rtstruct, save_series, square
from tests.support.trees import PEOPLE, ball_mask, blob, write_bids, write_pairs, write_table, write_tcia

Drafted = Callable[..., tuple[Catalog, str]]
QIN = {
    "tumour": "Lesion",
    "normal": "Normal",
    "peripheral_zone_of_the_prostate": "Peripheral zone of the prostate",
    "prostate": "Prostate",
}


@pytest.fixture
def init(command, tmp_path: Path) -> Drafted:
    """The catalog that is drafted for a folder, and what is printed; without any of these ids, as none may be in either."""

    def draft(folder: Path, *options: object, ids: tuple[str, ...] = PEOPLE) -> tuple[Catalog, str]:
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        printed = command("init", folder, *options, cwd=work, COLUMNS="80")
        files = [work / "data_catalog.yaml", *(work / "recipes").glob("*.yaml")]
        written = "".join(path.read_text("utf-8") for path in files)
        for one in ids:
            assert one not in printed.stdout + printed.stderr + written
        assert max(map(len, printed.stdout.splitlines())) <= 80 + len(str(tmp_path))
        return load_catalog(work / "data_catalog.yaml"), printed.stdout

    return draft


def features_of(command, tmp_path: Path, **settings: str) -> dict[str, int]:
    """Rows of each recipe's features after the commands that init prints, with no case in quarantine."""
    work = tmp_path / "work"
    checked = command("check", cwd=work).stdout
    command("refresh", cwd=work, RADWEAVE_RUNNER="threads", RADWEAVE_STORE="store", **settings)
    mart = work / "store" / "mart"
    assert read_table(next((mart / "quarantine").glob("*.parquet"))).num_rows == 0
    found = {path.parent.name: read_table(path) for path in sorted((mart / "radiomics").glob("*/*.parquet"))}
    assert all(f"recipes/{name}.yaml: no faults" in checked for name in found)
    assert all(table.num_columns > 90 for table in found.values())
    return {name: table.num_rows for name, table in found.items()}


@pytest.mark.slow
def test_a_bids_tree_gives_features_of_every_image(command, init: Drafted, tmp_path: Path) -> None:
    catalog, printed = init(write_bids(tmp_path / "study"), ids=("sub-017", "sub-023", "sub-042"))
    (source,) = catalog.cohort("study").images
    assert source.path == "{patient}/anat/{patient}_T1w.nii.gz"
    assert source.mask.path == "derivatives/lesions/{patient}/anat/{patient}_T1w_mask.nii.gz"
    assert "3 scans of MR" in printed and "participants.tsv: 3 of 3 patients" in printed
    assert features_of(command, tmp_path) == {"mr": 3}


@pytest.mark.slow
def test_a_download_from_tcia_gives_features_of_every_patient(command, init: Drafted, tmp_path: Path) -> None:
    catalog, printed = init(write_tcia(tmp_path / "study"))
    cohort = catalog.cohort("study")
    (source,) = cohort.images
    assert (source.format, source.modality, source.unit) == ("dicom", "CT", "HU")
    assert source.mask.rois == {"tumour": "GTV-1", "lung_left": "Lung left"}
    assert "regions: tumour in 3, lung_left in 3 of 3 masks" in printed
    assert "metadata.csv left out: it lists what was downloaded" in printed
    assert cohort.tables[0].path == "clinical.csv" and not cohort.endpoints
    text = (tmp_path / "work" / "data_catalog.yaml").read_text()
    assert "{from: Survival.time, unit: months}" in text  # an answer, and no guess
    assert cohort.variables["survival_time"].unit == ""
    assert "3 names of single patients, not shown" in text
    assert features_of(command, tmp_path) == {"ct": 3}


@pytest.mark.slow
@pytest.mark.data
def test_the_sarcoma_data_give_features_of_both_modalities(
    command, init: Drafted, tmp_path: Path, public_data: Path
) -> None:
    ids = tuple(path.name for path in (public_data / "sts").glob("STS_*"))
    folder = tmp_path / "sarcoma"
    for patient in ids[:4]:
        shutil.copytree(public_data / "sts" / patient, folder / patient)
    for table in ("clinical.csv", "outcome.csv"):
        shutil.copy(public_data / "sts" / table, folder)
    catalog, _ = init(folder, "--cohort", "soft_tissue", ids=ids)
    cohort = catalog.cohort("soft_tissue")
    assert {(one.modality, one.unit) for one in cohort.images} == {("PT", "SUV"), ("MR", "arbitrary")}
    assert [table.path for table in cohort.tables] == ["clinical.csv", "outcome.csv"]
    assert cohort.endpoints["rfs"].model_dump(include={"time", "event"}) == {
        "time": "rfs_days",
        "event": "recurrence_or_mets",
    }
    expected = {"mr": len(list(folder.glob("*/MR_T1_image.nii.gz"))), "pet": 4}
    assert features_of(command, tmp_path) == {name: count for name, count in expected.items() if count}


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "modality", "mask", "recipe"),
    [
        ("ibsi1-ct-phantom", "CT", {"kind": "rtstruct", "roi": "GTV-1"}, "ct"),
        ("dicomseg-qin-prostate", "MR", {"kind": "seg", "rois": QIN}, "mr"),
    ],
)
def test_public_dicom_in_archives_gives_features(
    command,
    init: Drafted,
    tmp_path: Path,
    public_data: Path,
    monkeypatch,
    folder: str,
    modality: str,
    mask: Any,
    recipe: str,
) -> None:
    monkeypatch.setenv("RADWEAVE_UNPACKED", str(tmp_path / "unpacked"))
    catalog, _ = init(public_data / folder, "--cohort", "one", ids=("PCAMPMRI-00001", "QIN-PROSTATE-001"))
    assert not list((tmp_path / "unpacked").iterdir())
    (source,) = catalog.cohort("one").images
    assert (source.modality, {key: getattr(source.mask, key) for key in mask}) == (modality, mask)
    assert features_of(command, tmp_path) == {recipe: 1}


def test_folders_with_patients_of_their_own_are_centres(init: Drafted, tmp_path: Path) -> None:
    write_pairs(tmp_path / "trial" / "North", PEOPLE)
    write_pairs(tmp_path / "trial" / "South", ("Moe-0051", "Woe-0063"))
    catalog, printed = init(tmp_path / "trial")
    cohort = catalog.cohort("trial")
    assert [(one.centre, one.path) for one in cohort.images] == [
        ("North", "North/{patient}/CT.nii.gz"),
        ("South", "South/{patient}/CT.nii.gz"),
    ]
    assert "centres: the folders North, South" in printed
    recipe = load_recipe(tmp_path / "work" / "recipes" / "ct.yaml")
    assert recipe.default and recipe.discretise.model_dump() == {"bin_width": 25.0}


def test_sessions_of_a_bids_tree_are_time_points_whose_days_are_asked(init: Drafted, tmp_path: Path) -> None:
    catalog, _ = init(write_bids(tmp_path / "study", sessions=("01", "02")), ids=("sub-017",))
    cohort = catalog.cohort("study")
    (source,) = cohort.images
    assert source.path == "{patient}/ses-{timepoint}/anat/{patient}_ses-{timepoint}_T1w.nii.gz"
    assert source.timepoint.codes == {"01": "baseline", "02": "ses02"}
    assert "# question: how many days after the first" in (tmp_path / "work" / "data_catalog.yaml").read_text()


def test_long_paths_stay_whole_and_a_brain_mask_comes_after_that_of_a_lesion(init: Drafted, tmp_path: Path) -> None:
    folder = write_bids(tmp_path / "study", sessions=("pre", "post"))
    for patient in ("sub-017", "sub-023", "sub-042"):
        for session in ("ses-pre", "ses-post"):
            stem = f"derivatives/fmriprep/{patient}/{session}/anat/{patient}_{session}_desc"
            save_nifti(folder / f"{stem}-preproc_T1w.nii.gz", blob().astype(np.float32))
            save_nifti(folder / f"{stem}-brain_mask.nii.gz", ball_mask())
        write_table(folder / patient / f"{patient}_sessions.tsv", ("session", "x"), [("pre", 1)], separator="\t")
    catalog, printed = init(folder, ids=("sub-017",))
    (source,) = catalog.cohort("study").images
    assert source.path.endswith("{patient}_ses-{timepoint}_desc-preproc_T1w.nii.gz") and len(source.path) > 100
    assert "derivatives/lesions" in source.mask.path and list(source.timepoint.codes) == ["pre", "post"]
    assert "desc-brain_mask" in (tmp_path / "work" / "data_catalog.yaml").read_text()
    assert "3 tables left out: their names hold ids of patients" in printed


def test_folders_named_for_dates_are_visits_and_no_date_is_written(init: Drafted, tmp_path: Path) -> None:
    for patient, days in zip(
        PEOPLE, (("2019-03-04", "2019-06-01"), ("2020-01-07", "2020-04-05"), ("2021-02-03",)), strict=True
    ):
        write_pairs(tmp_path / "study" / patient, days)
    catalog, printed = init(tmp_path / "study", ids=(*PEOPLE, "2019", "2020", "2021"))
    cohort = catalog.cohort("study")
    (source,) = cohort.images
    assert (source.path, source.timepoint.date) == ("{patient}/{timepoint}/CT.nii.gz", "%Y-%m-%d")
    assert list(cohort.timepoints) == ["visit1", "visit2"]
    assert "dates in the paths: visits in their order" in " ".join(printed.split())


def test_a_date_in_the_name_of_a_file_leaves_it_out(command, tmp_path: Path) -> None:
    for patient in PEOPLE:
        write_pairs(tmp_path / "study", (patient,), image="CT_2019-03-04", mask="tumour_2019-03-04")
    found = command("init", tmp_path / "study", cwd=tmp_path, code=3).stderr
    assert "6 image files left out: dates stand in their paths" in " ".join(found.split()) and "2019" not in found


def test_two_tables_that_could_be_the_clinical_one_are_a_question_with_both(init: Drafted, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study")
    rows = [(patient, 50 + i, "fmf"[i], i % 2) for i, patient in enumerate(PEOPLE)]
    write_table(folder / "clinical.csv", ("id", "age", "sex", "dead"), rows)
    write_table(folder / "clinical_old.csv", ("id", "age", "sex", "dead"), rows[:2])
    catalog, printed = init(folder)
    assert [table.path for table in catalog.cohort("study").tables] == ["clinical.csv"]
    text = (tmp_path / "work" / "data_catalog.yaml").read_text()
    assert re.search(r"# question: clinical_old\.csv has 3 columns.*?#     path: clinical_old\.csv", text, re.DOTALL)
    assert "which clinical table" in printed


def test_images_without_masks_are_a_question(init: Drafted, tmp_path: Path) -> None:
    _, printed = init(write_pairs(tmp_path / "study", mask=""))
    assert "masks: no file here is a mask" in printed
    assert "3 will be rejected: MASK_MISSING" in printed


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda folder: None, 2, "there is no such folder"),
        (lambda folder: folder.mkdir(), 3, "the folder is empty"),
        (
            lambda folder: folder.write_text("x"),
            2,
            "is a file, and init looks at a folder; give the folder that it lies in",
        ),
        (lambda folder: write_table(folder / "a.csv", ("id", "x"), [("a", 1)]), 3, "1 table and no images"),
        (lambda folder: write_table(folder / "a.pdf", ("id", "x"), []), 3, "1 file, of which none is an image"),
    ],
)
def test_a_folder_that_is_none_or_holds_no_image_is_a_sentence(
    command, tmp_path: Path, make: Callable[[Path], object], code: int, said: str
) -> None:
    make(tmp_path / "given")
    found = command("init", tmp_path / "given", cwd=tmp_path, code=code).stderr
    assert said in found and "Traceback" not in found
    assert not (tmp_path / "data_catalog.yaml").exists()


def test_no_file_is_written_over(command, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study", PEOPLE[:2])
    command("init", folder, cwd=tmp_path)
    first = (tmp_path / "data_catalog.yaml").read_bytes()
    found = command("init", folder, cwd=tmp_path, code=2).stderr
    assert "data_catalog.yaml: there is a catalog already" in found and "--out" in found
    found = command("init", folder, "--out", "other.yaml", cwd=tmp_path, code=2).stderr
    assert "recipes/ct.yaml: there already" in found and not (tmp_path / "other.yaml").exists()
    printed = command("init", folder, "--out", "new/catalog.yaml", cwd=tmp_path).stdout
    assert "radweave refresh --catalog new/catalog.yaml" in printed
    assert (tmp_path / "data_catalog.yaml").read_bytes() == first


@pytest.mark.slow
def test_the_simulated_trial_is_understood_without_its_catalog(command, init: Drafted, tmp_path: Path) -> None:
    """Structure sets, segmentations and NIfTI in three centres, two time points, tables as each centre writes them."""
    command("simulate", tmp_path / "trial", "--patients-per-centre", 2)
    (tmp_path / "trial" / "data_catalog.yaml").unlink()
    catalog, printed = init(tmp_path / "trial", ids=())
    cohort = catalog.cohort("trial")
    found = {(one.centre, one.path, one.mask.kind) for one in cohort.images}
    assert found == {
        ("A", "A", "rtstruct"),
        ("B", "B", "seg"),
        ("C", "C/{patient}/{timepoint}/CT.nii.gz", "nifti"),
    }
    assert {one.timepoint.codes["W4"] for one in cohort.images[:2]} == {"week4"}
    assert list(cohort.timepoints) == ["baseline", "week4"]
    assert all(
        "tumour" in one.mask.rois for one in cohort.images
    )  # in the columns of all centres, whatever they call it
    assert [table.centre for table in cohort.tables] == ["A", "B", "C"]
    assert "will be rejected" not in printed


def test_sequences_of_a_patient_are_images_by_name_and_numbers_of_a_label_map_regions(
    init: Drafted, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    for seed, patient in enumerate(PEOPLE):
        for kind in ("t1", "t1ce", "t2", "flair"):
            save_nifti(folder / patient / f"{patient}_{kind}.nii.gz", blob(seed=seed).astype(np.float32))
        save_nifti(folder / patient / f"{patient}_seg.nii.gz", ball_mask() + ball_mask(label=3) * (blob() > 800))
    catalog, printed = init(folder)
    (source,) = catalog.cohort("study").images
    assert (source.modality, source.path) == ("MR", "{patient}/{patient}_{image}.nii.gz")
    assert source.image == {"flair": "flair", "t1": "t1", "t1c": "t1ce", "t2": "t2"}
    assert source.mask.rois == {"label_1": 1, "label_4": 4} and source.mask.absent == "ignore"
    assert "24 scans of MR" in printed and "will be rejected" not in printed
    assert "4 images of a patient, named by their paths: t1c for t1ce" in " ".join(printed.split())
    text = (tmp_path / "work" / "data_catalog.yaml").read_text()
    assert "the masks hold the numbers 1, 4: what is each?" in text and "#   lesions: by_label" in text
    assert "#   roi: label_1 + label_4" in (tmp_path / "work" / "recipes" / "mr.yaml").read_text()


def test_maps_beside_each_other_are_regions(init: Drafted, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study")
    for patient in PEOPLE:
        far = np.roll(ball_mask(), 6, axis=0)
        save_nifti(folder / patient / "liver.nii.gz", far)
    catalog, printed = init(folder)
    assert [source.mask.rois for source in catalog.cohort("study").images] == [{"tumour": 1}, {"liver": 1}]
    assert "6 scans of CT" in printed


def test_maps_of_one_region_by_several_readers_are_told_by_how_far_they_agree(init: Drafted, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study", mask="")
    for patient in PEOPLE:
        save_nifti(folder / patient / "mask_anna.nii.gz", ball_mask())
        save_nifti(folder / patient / "mask_ben.nii.gz", np.roll(ball_mask(), 1, axis=0))
    catalog, printed = init(folder)
    (source,) = catalog.cohort("study").images
    assert (source.mask.path, source.mask.readers) == ("{patient}/mask_{reader}.nii.gz", ("anna", "ben"))
    assert "9 scans of CT" in printed and "anna, ben, median overlap (Dice) of two is 0." in printed


def test_a_pet_on_its_own_grid_takes_the_regions_of_its_ct(init: Drafted, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study", image="ct")
    for seed, patient in enumerate(PEOPLE):
        pet = blob((8, 8, 6), seed=seed, low=0.5, high=8).astype(np.float32)
        save_nifti(folder / patient / "pet.nii.gz", pet, np.diag([2.0, 4.0, 6.0, 1.0]))
    catalog, printed = init(folder)
    found = {one.image: one.mask.kind for one in catalog.cohort("study").images}
    assert found == {"ct": "nifti", "pet": "of"}
    assert "3 scans of CT in HU" in printed and "3 scans of PT in SUV" in printed


def test_names_of_a_dataset_json_are_those_of_images_and_regions(init: Drafted, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for seed, patient in enumerate(PEOPLE):
        for number in range(2):
            image = folder / "imagesTr" / f"{patient}_{number:04d}.nii.gz"
            save_nifti(image, blob(seed=seed).astype(np.float32))
        save_nifti(folder / "labelsTr" / f"{patient}.nii.gz", ball_mask() + ball_mask() * (blob() > 800))
    (folder / "dataset.json").write_text(
        json.dumps({"channel_names": {"0": "T1w", "1": "FLAIR"}, "labels": {"background": 0, "edema": 1, "core": 2}})
    )
    (source,) = init(folder)[0].cohort("study").images
    assert (source.path, source.image) == ("imagesTr/{patient}_{image}.nii.gz", {"t1": "0000", "flair": "0001"})
    assert source.mask.rois == {"edema": 1, "core": 2}


def test_series_of_a_patient_are_images_by_what_their_headers_say(init: Drafted, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for seed, patient in enumerate(PEOPLE):
        every = []
        for name, facts in SEQUENCES.items():
            values = np.random.default_rng(seed).integers(0, 900, (8, 16, 16))
            series = image_series(values, modality="MR", patient=patient, intercept=0.0)
            for ds in series:
                for keyword, value in facts.items():
                    setattr(ds, keyword, value)
                ds.StudyInstanceUID, ds.FrameOfReferenceUID = f"1.2.{seed}", f"1.3.{seed}"
            save_datasets(series, folder / patient / name, "x")
            every.append(series)
        contours = [square(-6, -6, 5, 5, 2.5 * k) for k in range(1, 7)]
        save_rtstruct(folder / patient, every[1], [("GTV", contours)])
    catalog, printed = init(folder)
    found = {one.image: (one.mask.kind, one.select, one.ignore) for one in catalog.cohort("study").images}
    assert {word: kind for word, (kind, _, _) in found.items()} == {"t1": "of", "t1c": "rtstruct", "flair": "of"}
    assert found["t1"][1] == {"SeriesDescription": ".*t1.*"} and "post" in found["t1"][2]["SeriesDescription"]
    assert "9 scans of MR" in printed and "will be rejected" not in printed
    assert "3 of 3 patients who have both have them in one frame of reference" in " ".join(printed.split())


SEQUENCES = {
    "a": {"SeriesDescription": "AX T1", "EchoTime": "9"},
    "b": {"SeriesDescription": "AX T1 POST", "EchoTime": "9", "ContrastBolusAgent": "Gadovist"},
    "c": {"SeriesDescription": "AX FLAIR", "EchoTime": "110"},
}


def test_ids_that_tables_write_otherwise_get_a_form_that_is_marked(init: Drafted, tmp_path: Path) -> None:
    folder = write_pairs(tmp_path / "study", ("P0017", "P0023"))
    write_table(folder / "clinical.csv", ("who", "age"), [("p0017", 61), ("p0023", 58)])
    catalog, printed = init(folder, ids=("P0017", "p0017"))
    assert catalog.cohort("study").id_form.upper
    assert "form of ids: tables and images write the ids otherwise" in printed
    assert "clinical.csv: 2 of 2 patients" in printed


def test_every_modality_that_masks_belong_to_is_a_source_and_the_others_are_named(
    init: Drafted, tmp_path: Path
) -> None:
    for patient in PEOPLE:
        folder = tmp_path / "study" / patient
        ct = image_series(patient=patient)
        pet = image_series(modality="PT", patient=patient, intercept=0.0)
        for ds in pet:
            ds.FrameOfReferenceUID, ds.Units, ds.PatientWeight = ct[0].FrameOfReferenceUID, "BQML", "70"
        save_datasets(ct, folder / "a" / "b", "x")
        save_datasets(pet, folder / "c", "x")
        save_series(folder / "d", modality="MR", patient=patient, intercept=0.0)
        for stem, series in (("ct", ct), ("pet", pet)):
            contours = [square(-6, -6, 5, 5, 2.5 * k) for k in range(1, 7)]
            save_rtstruct(folder, series, [("GTV primary", contours)], stem=stem)
    catalog, printed = init(tmp_path / "study")
    assert {(one.modality, one.unit, one.mask.roi) for one in catalog.cohort("study").images} == {
        ("CT", "HU", "GTV primary"),
        ("PT", "SUV", "GTV primary"),
    }
    assert "MR left out: no masks of its own, and CT is in another frame of reference" in " ".join(printed.split())
    assert "PET in SUV: SUV by body weight; Units of the headers: BQML 3; 3 of 3" in " ".join(printed.split())
    assert sorted(path.name for path in (tmp_path / "work" / "recipes").iterdir()) == ["ct.yaml", "pet.yaml"]


def test_dicom_without_masks_and_several_studies_of_a_patient_are_questions(init: Drafted, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for patient in PEOPLE:
        for study in ("one", "two"):
            save_series(folder / patient / study, patient=patient)
    _, printed = init(folder)
    assert "masks: the folder holds no structure set or segmentation" in printed
    shutil.rmtree(tmp_path / "work")
    for patient in PEOPLE:
        for study in ("one", "two"):
            series = image_series(patient=patient)
            save_datasets(series, folder / patient / study, "image")
            save_rtstruct(
                folder / patient / study, series, [("GTV", [square(-6, -6, 5, 5, 2.5 * k) for k in (1, 2, 3)])]
            )
    _, printed = init(folder)
    assert "several CT series: in 3 cases several CT series or masks fit" in printed
    assert "3 patients have several studies: are they time points?" in " ".join(printed.split())
    assert "3 will be rejected: SERIES_AMBIGUOUS" in printed


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda folder: save_series(folder, patient=""), "8 DICOM files left out: damaged, or without a PatientID"),
        (lambda folder: save_series(folder, edit=_as_ultrasound), "1 series of US left out: read are CT, MR, PT"),
        (lambda folder: _pairs_of(folder, np.full((16, 16, 12), np.nan, np.float32)), "can be read as an image"),
        (lambda folder: _pairs_of(folder, np.zeros((4, 4, 4, 3), np.float32)), "can be read as an image"),
        (lambda folder: write_pairs(folder, ("",)), "no part of their names tells patients apart: give each a folder"),
    ],
)
def test_images_that_no_catalog_can_describe_are_a_sentence(
    command, tmp_path: Path, write: Callable[[Path], object], said: str
) -> None:
    write(tmp_path / "study")
    found = command("init", tmp_path / "study", cwd=tmp_path, code=3).stderr
    assert "no image here can be described" in found and said in found


def test_the_folder_of_one_patient_is_refused_where_its_name_is_the_id(command, tmp_path: Path) -> None:
    folder = write_tcia(tmp_path / "study") / "Lung-Small" / PEOPLE[0]
    found = command("init", folder, cwd=tmp_path, code=3).stderr
    assert "the name of the folder holds the id of a patient" in found and f"radweave init {folder.parent}" in found
    assert not (tmp_path / "data_catalog.yaml").exists()


def _as_ultrasound(datasets: list[Any]) -> None:
    for ds in datasets:
        ds.Modality, ds.SOPClassUID = "US", "1.2.840.10008.5.1.4.1.1.6.1"
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID


def _pairs_of(folder: Path, values: np.ndarray) -> None:
    for patient in PEOPLE:
        save_nifti(folder / patient / "t1.nii.gz", values)
        save_nifti(folder / patient / "mask.nii.gz", ball_mask())
