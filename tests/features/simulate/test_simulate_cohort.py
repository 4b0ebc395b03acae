"""The simulated cohort as files: whole, geometric, coded as the catalog says, and the same bytes again."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pydicom
import pytest
from scipy.stats import spearmanr

from features.core.catalog.catalog import load_catalog
from features.core.catalog.image_source import DicomSource
from features.core.digest import digest_file
from features.core.errors import RadweaveError
from features.simulate.simulate_cohort import simulate_cohort
from features.simulate.simulator import SIMULATORS, simulate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def catalog_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), patients_per_centre=2, seed=5)


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def read_ct(folder: Path) -> list[pydicom.Dataset]:
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    return sorted(slices, key=lambda ds: float(ds.ImagePositionPatient[2]))


def planted_ml(catalog_path: Path) -> dict[str, float]:
    text = (catalog_path.parent / "truth" / "patients.csv").read_text("utf-8")
    return {row["patient"]: float(row["volume_ml"]) for row in csv.DictReader(text.splitlines())}


def test_the_catalog_has_no_faults_and_its_files_are_there(catalog_path: Path) -> None:
    catalog = load_catalog(catalog_path)
    cohort, root = catalog.cohort("builtin"), catalog.root("builtin")
    assert list(cohort.centres) == ["A", "B", "C"]
    assert cohort.timepoints == {"baseline": 0, "week4": 28}
    assert cohort.licence == "CC0-1.0 (simulated)"
    assert set(cohort.endpoints) == {"response", "os"}
    assert all((root / table.path).is_file() for table in cohort.tables)
    assert all((root / image.path).is_dir() for image in cohort.images if isinstance(image, DicomSource))


def test_image_paths_do_not_reach_the_truth(catalog_path: Path) -> None:
    assert (catalog_path.parent / "truth" / "truth.json").is_file()
    for image in load_catalog(catalog_path).cohort("builtin").images:
        assert Path(image.path).parts[0] in {"A", "B", "C"}
    assert "truth/" not in "".join(
        line for line in catalog_path.read_text("utf-8").splitlines() if not line.startswith("#")
    )


def test_same_seed_same_bytes_and_another_seed_other_bytes(catalog_path: Path, tmp_path: Path) -> None:
    first = digests(catalog_path.parent)
    calls: list[tuple[int, int]] = []

    def note(what: str, done: int, total: int) -> None:
        assert what
        calls.append((done, total))

    simulate_cohort(tmp_path / "again", patients_per_centre=2, seed=5, progress=note)
    assert digests(tmp_path / "again") == first
    assert calls == [(i, 6) for i in range(1, 7)]
    simulate_cohort(tmp_path / "other", patients_per_centre=2, seed=6)
    other = digests(tmp_path / "other")
    assert {name for name in first if other.get(name) == first[name]} == {"data_catalog.yaml"}


def test_under_null_the_scans_before_treatment_stay_and_the_truth_is_worth_nothing(
    catalog_path: Path, tmp_path: Path
) -> None:
    first, empty = (
        digests(catalog_path.parent),
        digests(simulate_cohort(tmp_path / "x", patients_per_centre=2, seed=5, null=True).parent),
    )
    scans = {name for name in first if "baseline" in name}
    assert scans and all(first[name] == empty[name] for name in scans)
    assert json.loads((tmp_path / "x" / "truth" / "truth.json").read_text("utf-8"))["bayes_auc"] == 0.5
    assert first["tables/A_genes.csv"] == empty["tables/A_genes.csv"]
    assert first["tables/A_clinical.csv"] != empty["tables/A_clinical.csv"]


def test_every_third_patient_has_a_second_scan(catalog_path: Path) -> None:
    root = catalog_path.parent
    for folder in (root / "A" / "dicom", root / "B" / "dicom", root / "C"):
        found = {patient.name[2:]: sorted(scan.name for scan in patient.iterdir()) for patient in folder.iterdir()}
        assert found == {"0001": ["baseline", "week4"], "0002": ["baseline"]}


@pytest.mark.parametrize(
    ("scan", "code"), [("A-0001/baseline", "T0"), ("A-0001/week4", "W4"), ("B-0002/baseline", "T0")]
)
def test_ct_has_its_tags_and_plausible_numbers(catalog_path: Path, scan: str, code: str) -> None:
    slices = read_ct(catalog_path.parent / scan[0] / "dicom" / scan / "CT")
    first = slices[0]
    assert first.PatientID == scan[:6]
    assert first.ClinicalTrialTimePointID == code
    assert first.PatientSex in ("F", "M")
    assert first.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert (first.RescaleSlope, first.RescaleIntercept) == (1, -1024)
    steps = np.diff([float(ds.ImagePositionPatient[2]) for ds in slices])
    assert np.allclose(steps, float(first.SliceThickness))
    assert len({ds.SOPInstanceUID for ds in slices}) == len(slices)
    assert len({(ds.SeriesInstanceUID, ds.FrameOfReferenceUID) for ds in slices}) == 1
    hu = np.stack([ds.pixel_array for ds in slices]).astype(int) - 1024
    assert hu.min() >= -1024
    assert 200 < hu.max() < 1000
    assert ((hu > -950) & (hu < -750)).mean() > 0.08  # lungs


def test_rtstruct_contours_give_the_planted_volume(catalog_path: Path) -> None:
    scan = catalog_path.parent / "A" / "dicom" / "A-0002" / "baseline"
    slices, rt = read_ct(scan / "CT"), pydicom.dcmread(scan / "RTSTRUCT.dcm")
    assert [roi.ROIName for roi in rt.StructureSetROISequence] == ["GTV-1", "Lungs"]
    frame = rt.ReferencedFrameOfReferenceSequence[0]
    assert frame.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == slices[0].SeriesInstanceUID
    places = {ds.SOPInstanceUID: float(ds.ImagePositionPatient[2]) for ds in slices}
    area = 0.0
    for contour in rt.ROIContourSequence[0].ContourSequence:
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        assert contour.ContourGeometricType == "CLOSED_PLANAR"
        assert contour.NumberOfContourPoints == len(points)
        assert set(points[:, 2]) == {places[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]}
        x, y = points[:, 0], points[:, 1]
        area += float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2  # holes run the other way
    volume_ml = area * float(slices[0].SliceThickness) / 1000
    assert volume_ml == pytest.approx(planted_ml(catalog_path)["A-0002"], rel=0.03)


def test_seg_gives_the_planted_volume_and_refers_to_its_ct(catalog_path: Path) -> None:
    scan = catalog_path.parent / "B" / "dicom" / "B-0002" / "baseline"
    slices, seg = read_ct(scan / "CT"), pydicom.dcmread(scan / "SEG.dcm")
    assert seg.SegmentationType == "BINARY"
    assert [segment.SegmentLabel for segment in seg.SegmentSequence] == ["GTV"]
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == slices[0].SeriesInstanceUID
    assert seg.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    assert (seg.PatientID, seg.ClinicalTrialTimePointID) == ("B-0002", "T0")
    voxel_ml = float(np.prod([float(s) for s in slices[0].PixelSpacing])) * float(slices[0].SliceThickness) / 1000
    volume_ml = float(seg.pixel_array.sum()) * voxel_ml
    assert volume_ml == pytest.approx(planted_ml(catalog_path)["B-0002"], rel=0.03)


def test_nifti_image_and_mask_have_one_geometry(catalog_path: Path) -> None:
    folder = catalog_path.parent / "C" / "C-0002" / "baseline"
    image, mask = nibabel.load(folder / "CT.nii.gz"), nibabel.load(folder / "GTV.nii.gz")
    for one in (image, mask):
        assert np.allclose(one.get_sform(), one.get_qform(), atol=1e-4)
        assert one.header["sform_code"] == one.header["qform_code"] == 1
        assert one.header.get_xyzt_units()[0] == "mm"
    assert np.allclose(image.affine, mask.affine)
    assert image.shape == mask.shape
    voxel_ml = float(np.prod(mask.header.get_zooms())) / 1000
    labels = np.asarray(mask.dataobj)
    assert set(np.unique(labels)) == {0, 1}
    assert labels.sum() * voxel_ml == pytest.approx(planted_ml(catalog_path)["C-0002"], rel=0.03)
    assert -50 < np.asarray(image.dataobj)[labels == 1].mean() < 80


def test_tables_hold_every_patient_in_the_centre_s_own_coding(catalog_path: Path) -> None:
    tables = catalog_path.parent / "tables"
    a = pd.read_csv(tables / "A_clinical.csv", dtype=str)
    b = pd.read_excel(tables / "B_clinical.xlsx", sheet_name="patients")
    c = pd.read_csv(tables / "C_clinical.csv", sep=";", dtype=str)
    assert list(a["patient_id"]) == ["A-0001", "A-0002"]
    assert list(b["ID"]) == ["B-0001", "B-0002"]
    assert list(c["Patient"]) == ["C-0001", "C-0002"]
    spans = pd.to_datetime(a["last_contact"], format="%d/%m/%Y") - pd.to_datetime(
        a["treatment_start"], format="%d/%m/%Y"
    )
    assert spans.dt.days.between(1, 1826).all()
    assert b["Age (months)"].between(18 * 12, 110 * 12).all()
    assert c["Age"].str.match(r"^\d+,\d$").all()
    assert set(c["Stage"]) <= set("1234")
    genes = pd.read_csv(tables / "C_genes.csv")
    assert genes.shape == (2, 201)
    assert list(genes["sample"]) == ["C-0001 ", "C-0002 "]


def test_the_truth_names_twenty_genes_and_every_patient(catalog_path: Path) -> None:
    truth = json.loads((catalog_path.parent / "truth" / "truth.json").read_text("utf-8"))
    assert truth["seed"] == 5
    assert len(truth["informative_genes"]) == 20
    assert set(planted_ml(catalog_path)) == {f"{centre}-000{i}" for centre in "ABC" for i in (1, 2)}


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(RadweaveError, match="not an empty folder"):
        simulate_cohort(tmp_path)
    with pytest.raises(RadweaveError, match="centres must be 1 to 26; found 0"):
        simulate_cohort(tmp_path / "new", centres=0)


def test_a_fourth_centre_is_like_the_first(tmp_path: Path) -> None:
    cohort = load_catalog(simulate_cohort(tmp_path, centres=4, patients_per_centre=1)).cohort("builtin")
    assert [(image.centre, image.mask.kind) for image in cohort.images] == [
        ("A", "rtstruct"),
        ("B", "seg"),
        ("C", "nifti"),
        ("D", "rtstruct"),
    ]


def test_size_and_texture_in_the_images_follow_the_state(tmp_path: Path) -> None:
    catalog_path = simulate_cohort(tmp_path / "cohort", patients_per_centre=12)
    people = pd.read_csv(catalog_path.parent / "truth" / "patients.csv").set_index("patient")
    spread: dict[str, float] = {}
    size: dict[str, float] = {}
    for folder in sorted((catalog_path.parent / "C").iterdir()):
        image, mask = (nibabel.load(folder / "baseline" / name) for name in ("CT.nii.gz", "GTV.nii.gz"))
        inside = np.asarray(image.dataobj)[np.asarray(mask.dataobj) == 1]
        spread[folder.name], size[folder.name] = float(inside.std()), float(inside.size)
    for folder in sorted((catalog_path.parent / "B" / "dicom").iterdir()):
        seg = pydicom.dcmread(folder / "baseline" / "SEG.dcm")
        hu = {ds.SOPInstanceUID: ds.pixel_array.astype(int) - 1024 for ds in read_ct(folder / "baseline" / "CT")}
        frames = seg.pixel_array.astype(bool)
        sources = [
            item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
            for item in seg.PerFrameFunctionalGroupsSequence
        ]
        inside = np.concatenate([hu[uid][frame] for uid, frame in zip(sources, frames, strict=True)])
        spread[folder.name], size[folder.name] = float(inside.std()), float(inside.size)
    for measured, least in ((spread, 0.6), (size, 0.4)):
        for centre in "BC":
            values = pd.Series({name: value for name, value in measured.items() if name[0] == centre})
            assert spearmanr(values, people.loc[values.index, "state"]).statistic > least
    planted = people.loc[list(spread), "texture_hu"]
    assert spearmanr(list(spread.values()), planted).statistic > 0.8


def test_the_lung_cohort_keeps_its_bytes(tmp_path: Path) -> None:
    """Stored results of the built-in cohort stay known: its files are those since the tumours have a rim."""
    settings = SIMULATORS.parse({"kind": "lung", "seed": 5, "patients_per_centre": 1, "faults": True, "coin": True})
    simulate(settings, tmp_path / "lung")
    whole = hashlib.sha256()
    for name, digest in digests(tmp_path / "lung").items():
        whole.update(name.encode() + b"\0" + bytes.fromhex(digest))
    assert whole.hexdigest() == "e47a4467106b15adc11c0f0822703196863e02f37ae48e703ab321aa7964ccab"
