"""The front door beside its peers: reading a CT, indexing a folder, filling contours; wall clock, CPU and values.

    python benchmarks/ingest.py read       # a series to a checked volume; SimpleITK's series reader, dicom2nifti
    python benchmarks/ingest.py index      # 10,000 files: first and second index; pydicom reading whole files in a loop
    python benchmarks/ingest.py contours   # an RTSTRUCT to a mask; rt-utils, dcmrtstruct2nii

Every table is measured in one run on one machine, what is compared is compared in its values too. The files are in the
page cache. A peer that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ImplicitVRLittleEndian,
    RTStructureSetStorage,
    generate_uid,
)

sys.path[0] = str(Path(__file__).parents[1])  # this folder must not be found where a package is meant

from features.core.case import CaseId, FileSet, Scan  # noqa: E402
from features.images.dicom.series import read_dicom_series  # noqa: E402
from features.images.index.file_cache import FileCache  # noqa: E402
from features.images.index.index_cohort import Index, index_cohort  # noqa: E402
from features.images.masks.mask import read_mask  # noqa: E402
from features.images.reading import Reading  # noqa: E402
from tests.support.catalog import catalog_of, cohort_of, dicom_images  # noqa: E402
from tests.support.scans import new_dataset  # noqa: E402

SPACING_MM = (0.9765625, 0.9765625, 2.5)  # x, y, z
COHORT, KEY = "speed", b"0" * 32
PROMISED_INDEX, PROMISED_CONTOURS, PROMISED_CONTOURS_S = 3.0, 5.0, 1.0


class Cost(NamedTuple):
    """Seconds of wall clock and of CPU (children included)."""

    wall: float
    cpu: float


def measured(work: Callable[[], Any]) -> tuple[Any, Cost]:
    """The result, and what it cost."""
    wall, cpu = time.perf_counter(), _cpu()
    found = work()
    return found, Cost(time.perf_counter() - wall, _cpu() - cpu)


def measured_in_turn(ways: Mapping[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, Any], dict[str, Cost]]:
    """The last result of each way, and the costs of its quickest run; a busy machine is busy for all of them."""
    found: dict[str, Any] = {}
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, work in ways.items():
            found.pop(name, None)  # so that a result is not in memory twice
            found[name], cost = measured(work)
            costs[name].append(cost)
    return found, {name: min(some) for name, some in costs.items()}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def installed(package: str) -> bool:
    """Whether a peer is there; says so if it is not."""
    try:
        importlib.import_module(package)
    except ImportError as error:
        print(f"{package} is left out: {error}")
        return False
    return True


def write_series(folder: Path, patient: str, slices: int, matrix: int, seed: int = 0) -> list[Dataset]:
    """A CT of matrix × matrix pixels a slice, uncompressed; the slices without their pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 20, (matrix, matrix)).astype(np.float32)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    found = []
    for k in range(slices):
        ds = new_dataset(CTImageStorage, "CT", patient)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, k + 1
        ds.StudyDate, ds.StudyTime = "20200101", "120000"
        ds.ImageType, ds.Manufacturer, ds.ConvolutionKernel = ["ORIGINAL", "PRIMARY", "AXIAL"], "SYNTH", "B30f"
        ds.SliceThickness, ds.PixelSpacing = SPACING_MM[2], [SPACING_MM[1], SPACING_MM[0]]
        ds.ImagePositionPatient, ds.ImageOrientationPatient = [-250, -250, k * SPACING_MM[2]], [1, 0, 0, 0, 1, 0]
        ds.Rows = ds.Columns = matrix
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
        pixels = np.roll(noise, 7 * k, axis=0) + 1064 + 40 * np.sin(k / 9)
        ds.PixelData = np.rint(pixels).astype("<i2").tobytes()
        ds.save_as(folder / f"{k:05d}.dcm", enforce_file_format=True)
        del ds.PixelData
        found.append(ds)
    return found


def write_contours(path: Path, images: Sequence[Dataset], contours: Sequence[tuple[int, NDArray[np.float64]]]) -> None:
    """An RTSTRUCT with the ROI "GTV": slice and points (n, 3) mm of each contour."""
    first = images[0]
    ds = new_dataset(RTStructureSetStorage, "RTSTRUCT", first.PatientID)
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.StudyInstanceUID, ds.StructureSetLabel = first.StudyInstanceUID, "GTV"
    series, study, frame, roi, drawn = (Dataset() for _ in range(5))
    series.SeriesInstanceUID, series.ContourImageSequence = first.SeriesInstanceUID, [_reference(one) for one in images]
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = first.FrameOfReferenceUID, [study]
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 1, "GTV", first.FrameOfReferenceUID
    drawn.ReferencedROINumber, drawn.ContourSequence, drawn.ROIDisplayColor = 1, [], [255, 0, 0]
    for k, points in contours:
        contour = Dataset()
        contour.ContourImageSequence = [_reference(images[k])]
        contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
        contour.ContourData = [f"{value:.3f}" for value in points.ravel().tolist()]
        drawn.ContourSequence.append(contour)
    ds.ReferencedFrameOfReferenceSequence, ds.StructureSetROISequence = [frame], [roi]
    ds.ROIContourSequence, ds.RTROIObservationsSequence = [drawn], []
    ds.save_as(path, enforce_file_format=True)


def _reference(one: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    return item


def outline(k: int, matrix: int, radius: float, points: int) -> NDArray[np.float64]:
    """A wavy ring around the middle of a slice, (points, 3) mm; radius: share of the matrix."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    far = matrix * radius * (1 + 0.1 * np.sin(5 * angle + k / 7))
    index = np.column_stack([matrix / 2 + far * np.cos(angle), matrix / 2 + far * np.sin(angle), np.full(points, k)])
    return index * SPACING_MM + np.array([-250, -250, 0])


def read(folder: Path, options: argparse.Namespace) -> None:
    """A series to a volume. Promised: no slower than SimpleITK's series reader."""
    import SimpleITK as sitk

    write_series(folder / "ct", "P", options.slices, options.matrix)
    paths = sorted((folder / "ct").iterdir())

    def series(names: Sequence[str]) -> Any:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(names)
        return reader.Execute()

    def look_up() -> Sequence[str]:
        uid = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder / "ct"))[0]
        return list(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder / "ct"), uid))

    own, peer = "radweave read_dicom_series, headers and HU checked", "SimpleITK, files of the folder's series"
    ways: dict[str, Callable[[], Any]] = {
        own: lambda: read_dicom_series(paths),
        peer: lambda: series(look_up()),
        "SimpleITK, sorted file names given": lambda: series(list(map(str, paths))),
    }
    if installed("dicom2nifti"):
        ways["dicom2nifti"] = lambda: _dicom2nifti(folder / "ct")
    found, rows = measured_in_turn(ways, options.repeats)
    ours = found.pop(own)
    images = [one for one in found.values() if isinstance(one, sitk.Image)]
    arrays = [sitk.GetArrayViewFromImage(one) if isinstance(one, sitk.Image) else one for one in found.values()]
    same = all(np.array_equal(ours.array, array) for array in arrays) and all(
        np.allclose([*ours.spacing_mm, *ours.origin_mm], [*one.GetSpacing(), *one.GetOrigin()]) for one in images
    )
    print(
        f"\n{options.slices} slices of {options.matrix} × {options.matrix}, shortest of {options.repeats} runs in turn\n"
    )
    _table(rows, rows[own])
    print(
        f"\nValues and geometry {'equal' if same else 'DIFFER'}; {rows[own].wall / rows[peer].wall:.2f} of SimpleITK's time",
        end=" ",
    )
    print(_met(rows[own].wall <= rows[peer].wall))
    if not same:
        raise SystemExit(1)


def _dicom2nifti(folder: Path) -> NDArray[np.generic]:
    """Values (z, y, x) with the axes of DICOM."""
    import dicom2nifti.convert_dicom

    found = dicom2nifti.convert_dicom.dicom_series_to_nifti(folder, None, reorient_nifti=False)["NII"]
    array = np.asarray(found.dataobj)
    for axis in range(3):  # it stores axes from right to left as they come, NIfTI counts x and y from left to right
        column = found.affine[:3, axis]
        if column[np.abs(column).argmax()] * (1 if axis == 2 else -1) < 0:
            array = np.flip(array, axis)
    return array.transpose(2, 1, 0)


def index(folder: Path, options: argparse.Namespace) -> None:
    """Many files to scans. Promised: 3 times faster than a loop that reads whole files with pydicom."""
    patients = max(1, options.files // 200)
    for i in range(patients):
        images = write_series(folder / "dicom" / f"P{i:04d}", f"P{i:04d}", options.files // patients, options.small, i)
        contours = [(k, outline(k, options.small, 0.2, 16)) for k in range(3, 8) if k < len(images)]
        write_contours(folder / "dicom" / f"P{i:04d}" / "struct.dcm", images, contours)
    catalog = catalog_of(folder, **{COHORT: cohort_of(dicom_images(), root=str(folder))})
    places = (folder / "store" / f"{i}.parquet" for i in range(options.repeats))
    place = [folder]
    old = time.time() - 3600
    for path in (folder / "dicom").rglob("*.dcm"):
        os.utime(path, (old, old))  # files that were written just now are not trusted to be known again

    def ours() -> Index:
        cache = FileCache.load(place[0], KEY)
        found = index_cohort(catalog, COHORT, KEY, cache=cache)
        cache.save()
        return found

    def first_time() -> Index:
        place[0] = next(places)
        return ours()

    def loop() -> set[tuple[str, str]]:
        datasets = (dcmread(path) for path in sorted((folder / "dicom").rglob("*.dcm")))
        return {(str(ds.SeriesInstanceUID), str(ds.PatientID)) for ds in datasets if ds.Modality == "CT"}

    found, costs = measured_in_turn({"loop": loop, "first": first_time, "second": ours}, options.repeats)
    theirs, first, second = found["loop"], found["first"], found["second"]
    own, again, other = costs["first"], costs["second"], costs["loop"]
    same = len(first.scans) == len(theirs) == patients and first.scans == second.scans
    if not same or first.read != first.files["used"]:
        raise SystemExit(f"{len(first.scans)} scans and {len(theirs)} series of {patients}: {first.files}")
    print(f"\n{first.read} files of {options.small} × {options.small} pixels, {patients} series with contours\n")
    rows = {"radweave index_cohort: headers, pairing, sha-256 of every file": own}
    rows[f"radweave, second time ({second.read} files read again)"] = again
    rows["pydicom dcmread of whole files in a loop"] = other
    _table(rows, own)
    ratio = other.wall / own.wall
    print(f"\n{patients} series on both sides; {ratio:.1f} times faster {_met(ratio >= PROMISED_INDEX)}")


def contours(folder: Path, options: argparse.Namespace) -> None:
    """Contours to a mask. Promised: under 1 s, and 5 times faster than rt-utils or dcmrtstruct2nii."""
    images = write_series(folder / "ct", "P", options.slices, options.matrix)
    rings = [(k, outline(k, options.matrix, 0.35, options.points)) for k in range(options.slices)]
    struct = folder / "struct.dcm"
    write_contours(struct, images, rings)
    paths = sorted((folder / "ct").iterdir())
    volume = read_dicom_series(paths)
    sets = FileSet("dicom", tuple(paths), ""), FileSet("rtstruct", (struct,), "")
    scan = Scan(CaseId(COHORT, "P"), "A", "CT", "HU", *sets, "GTV")
    masks, costs = measured_in_turn({"": lambda: read_mask(scan, volume, Reading()).array}, options.repeats)
    mask, own = np.asarray(masks[""]), costs[""]
    rows, dice, quickest = {"radweave read_mask": own}, {"radweave read_mask": 1.0}, []
    if installed("rt_utils"):
        from rt_utils import RTStructBuilder

        builder, opened = measured(lambda: RTStructBuilder.create_from(str(folder / "ct"), str(struct)))
        found, filled = measured(lambda: builder.get_roi_mask_by_name("GTV"))
        name = f"rt-utils get_roi_mask_by_name (and {opened.wall:.2f} s to open)"
        rows[name], dice[name] = filled, overlap(mask, np.moveaxis(found, -1, 0))
        quickest.append(filled.wall)
    if installed("dcmrtstruct2nii"):
        found, cost = measured(lambda: _dcmrtstruct2nii(struct, folder))
        rows["dcmrtstruct2nii, image included"], dice["dcmrtstruct2nii, image included"] = cost, overlap(mask, found)
        quickest.append(cost.wall)
    title = f"{len(rings)} contours of {options.points} points on {options.slices} slices"
    print(f"\n{title} of {options.matrix} × {options.matrix}; Dice with radweave's mask of {int(mask.sum())} voxels\n")
    _table(rows, own, dice)
    ratio = min(quickest, default=0.0) / own.wall
    fast = own.wall < PROMISED_CONTOURS_S and ratio >= PROMISED_CONTOURS
    if quickest:
        print(f"\n{ratio:.1f} times faster than the quickest peer, {own.wall:.2f} s {_met(fast)}")


def overlap(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Dice of two masks."""
    a, b = one != 0, other != 0
    return 2 * int((a & b).sum()) / max(1, int(a.sum()) + int(b.sum()))


def _dcmrtstruct2nii(struct: Path, folder: Path) -> NDArray[np.generic]:
    import SimpleITK as sitk
    from dcmrtstruct2nii import dcmrtstruct2nii

    out = folder / "nii"
    out.mkdir(exist_ok=True)
    dcmrtstruct2nii(
        str(struct), str(folder / "ct"), str(out), structures=["GTV"], gzip=False, convert_original_dicom=False
    )
    found: NDArray[np.generic] = sitk.GetArrayFromImage(sitk.ReadImage(str(next(out.glob("mask_*")))))
    return found


def _met(fine: bool) -> str:
    return "(as promised)" if fine else "(UNMET)"


def _table(rows: dict[str, Cost], own: Cost, dice: dict[str, float] | None = None) -> None:
    print("| way | wall s | CPU s | of radweave's wall |" + (" Dice |" if dice else ""))
    print("|---|---|---|---|" + ("---|" if dice else ""))
    for name, cost in rows.items():
        cells = f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.wall / own.wall:.2f} |"
        print(cells + (f" {dice[name]:.4f} |" if dice else ""))


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("read", "index", "contours"))
    parser.add_argument("--slices", type=int, default=200, help="of the CT (default 200)")
    parser.add_argument("--matrix", type=int, default=512, help="rows and columns of the CT (default 512)")
    parser.add_argument("--files", type=int, default=10_000, help="to index (default 10,000)")
    parser.add_argument("--small", type=int, default=128, help="rows and columns of the files to index (default 128)")
    parser.add_argument("--points", type=int, default=400, help="of a contour (default 400)")
    parser.add_argument("--repeats", type=int, default=3, help="runs; the shortest counts (default 3)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="radweave-benchmark-"))
    try:
        {"read": read, "index": index, "contours": contours}[options.part](folder, options)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
