"""A brain cohort as `benchmarks/refresh.py brain` needs it: written, refreshed, and measured the way peers work.

Five sequences on one grid and a label map of three regions for each patient, of the size that BraTS distributes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tests.support.catalog import cohort_of, write_catalog

if TYPE_CHECKING:
    from features.core.kinds.recipe import Recipe
    from features.core.storage.store import Store

COHORT, RECIPE = "brain", "mr"
SHAPE = (155, 240, 240)  # slices, rows, columns of 1 mm
SEQUENCES = ("t1", "t1c", "t2", "flair", "adc")
REGIONS = {"necrosis": 1, "oedema": 2, "enhancing": 4}
ADDED = {"tumour": [1, 2, 4]}
FILTERS = {"filters": [{"kind": "log", "sigma_mm": [2, 3]}, "wavelet"]}
BIN_COUNT = 32
CROP = (
    32  # voxels around the ROI: with this padDistance pyradiomics' preCrop changes no value by more than 1e-6 of itself
)
# What a group writes for itself: one call for each image, region and sequence, a CSV of each, then one wide table.
PEER = """
import sys
from pathlib import Path
import pandas as pd
import radiomics
from radiomics.featureextractor import RadiomicsFeatureExtractor

cohort, out, settings = map(Path, sys.argv[1:4])
sequences, regions = sys.argv[4].split(","), dict(one.split("=") for one in sys.argv[5].split(","))
radiomics.setVerbosity(60)
extractor = RadiomicsFeatureExtractor(str(settings))
patients = sorted(path for path in cohort.iterdir() if path.is_dir())
for sequence in sequences:
    for region, label in regions.items():
        rows = []
        for patient in patients:
            found = extractor.execute(str(patient / f"{sequence}.nii.gz"), str(patient / "seg.nii.gz"), label=int(label))
            rows.append({"patient": patient.name, **{name: float(value) for name, value in found.items()}})
        pd.DataFrame(rows).to_csv(out / f"{sequence}-{region}.csv", index=False)
wide = None
for path in sorted(out.glob("*-*.csv")):
    table = pd.read_csv(path, dtype={"patient": str}).set_index("patient").add_prefix(f"{path.stem}-")
    wide = table if wide is None else wide.join(table, how="outer")
wide.to_csv(out / "features.csv")
"""


def write_brain(folder: Path, cases: int, shape: Sequence[int] = SHAPE, sequences: Sequence[str] = SEQUENCES) -> None:
    """Images and label maps of `cases` patients below `folder`, and a table of their ages."""
    from features.core.region import Volume
    from features.images.formats.nifti import write_nifti

    rng = np.random.default_rng(0)
    size = np.array(shape)
    grid = np.indices(tuple(shape), dtype=np.float32)
    head = sum((axis - n / 2) ** 2 / (0.45 * n) ** 2 for axis, n in zip(grid, shape, strict=True)) < 1
    for i in range(cases):
        centre = size * rng.uniform(0.4, 0.6, 3)
        from_centre = np.sqrt(sum((axis - at) ** 2 for axis, at in zip(grid, centre, strict=True)))
        radius = min(28.0, 0.22 * min(shape)) * rng.uniform(0.85, 1.1)
        labels = np.zeros(tuple(shape), np.uint8)
        for label, share in ((2, 1.0), (4, 0.65), (1, 0.4)):
            labels[head & (from_centre < share * radius)] = label
        patient = folder / f"P{i:03d}"
        patient.mkdir(parents=True, exist_ok=True)
        write_nifti(patient / "seg.nii.gz", Volume(labels, (1.0, 1.0, 1.0)), quick=True)
        for number, sequence in enumerate(sequences):
            image = rng.normal(400 + 60 * number, 60, tuple(shape)).astype(np.float32)
            image += (20 * (number + 1)) * labels
            image[~head] = 0
            volume = Volume(np.maximum(image, 0).astype(np.int16), (1.0, 1.0, 1.0))
            write_nifti(patient / f"{sequence}.nii.gz", volume, quick=True)
    lines = ["patient_id,age", *(f"P{i:03d},{50 + i}" for i in range(cases))]
    (folder / "clinical.csv").write_text("\n".join(lines) + "\n")


def declare(folder: Path, regions: Mapping[str, object] = REGIONS, sequences: Sequence[str] = SEQUENCES) -> Path:
    """The catalog of a cohort that `write_brain` wrote, with these regions."""
    source = {
        "format": "nifti",
        "centre": "A",
        "image": list(sequences),
        "modality": "MR",
        "unit": "arbitrary",
        "path": "{patient}/{image}.nii.gz",
        "mask": {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": dict(regions)},
    }
    table = {"block": "clinical", "path": "clinical.csv", "id": "patient_id", "columns": {"age_years": "age"}}
    age = {"type": "number", "description": "age", "unit": "years"}
    return write_catalog(folder, **{COHORT: cohort_of(source, variables={"age_years": age}, tables=[table])})


def recipe_of(name: str, **settings: Any) -> Recipe:
    """A recipe for all sequences and regions."""
    from features.core.kinds.recipe import Recipe

    return Recipe.model_validate(
        {
            "name": name,
            "modality": "MR",
            "unit": "arbitrary",
            "discretise": {"bin_count": BIN_COUNT},
            "extractors": ["radweave"],
            **settings,
        }
    )


class Opens:
    """How often each file of a cohort was opened by this process while it was watched, whatever opened it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.active = f"{folder.resolve()}{os.sep}", False
        self.counts: Counter[str] = Counter()
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.active and event == "open" and isinstance(arguments[0], str | os.PathLike):
            name = str(arguments[0])
            if name.startswith(self.folder) and name.endswith(".nii.gz"):
                self.counts[name] += 1

    @contextlib.contextmanager
    def watched(self) -> Iterator[Counter[str]]:
        """Count from zero inside the block."""
        self.counts = Counter()
        self.active = True
        try:
            yield self.counts
        finally:
            self.active = False


def refresh(folder: Path, store: Store, recipes: Sequence[Recipe]) -> Used:
    """Refresh a cohort that was declared, by one thread of this process, and count what was opened meanwhile."""

    from threadpoolctl import threadpool_limits

    import flows.refresh as steps
    from tasks.running.pool import Pool
    from tasks.running.runners.threads import Threads

    opens, measure = _opens(folder), steps.measure_scans.fn
    counted: Counter[str] = Counter()
    seconds = 0.0

    def watched(*arguments: Any) -> Any:
        nonlocal counted, seconds
        start, before = time.process_time(), Counter(every)
        found = measure(*arguments)
        seconds, counted = time.process_time() - start, every - before
        return found

    start = time.process_time()
    steps.measure_scans.fn = watched  # the function of a step of Prefect's
    try:
        # one thread of BLAS, as in the processes of a refresh: threads of it that wait would count as CPU
        with threadpool_limits(1), Pool(Threads(workers=1)) as pool, opens.watched() as every:
            used = steps.refresh_cohort(COHORT, tuple(recipes), folder / "data_catalog.yaml", store, pool).used
    finally:
        steps.measure_scans.fn = measure
    return Used(used, time.process_time() - start, seconds, dict(counted), dict(every))


@dataclass(frozen=True)
class Used:
    """Scans that were used, CPU seconds of the whole refresh and of measuring; how often each file was opened by measuring,
    and by all, which takes the digest of each file, too."""

    scans: int
    cpu: float
    measuring: float
    opened: Mapping[str, int]
    opened_by_all: Mapping[str, int]


_WATCHES: dict[Path, Opens] = {}


def _opens(folder: Path) -> Opens:
    """The watch of a folder: a hook stays for the life of a process."""
    return _WATCHES.setdefault(folder, Opens(folder))


def count_opens(folder: Path, files: int) -> None:
    """Print how often files are opened while scans are measured, for one and several recipes and regions."""
    from features.core.storage.store import Store

    plain, filtered = recipe_of("plain"), recipe_of("filtered", filters=[{"kind": "log", "sigma_mm": [3]}])
    one = dict([next(iter(REGIONS.items()))])
    heads = ("regions", "recipes", "results", "files", "opened while measuring, at most", "opens of all files")
    heads = (*heads, "opened by the whole refresh with its digests, at most")
    print(f"\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for number, (regions, recipes) in enumerate(
        [(one, (plain,)), (REGIONS, (plain,)), (one, (plain, filtered)), (REGIONS, (plain, filtered))]
    ):
        declare(folder, regions)
        found = refresh(folder, Store(folder.parent / f"store-opens-{number}"), recipes)
        most, every = max(found.opened.values()), sum(found.opened.values())
        results = found.scans * len(recipes)
        cells = (len(regions), len(recipes), results, len(found.opened), most, every, max(found.opened_by_all.values()))
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        assert (most, every) == (1, files), "a file was read again"


def compare(folder: Path, cases: int, native: Callable[[str], str]) -> float:
    """Print CPU and values of the peers' way and of a refresh, imports included; the ratio.

    native: pyradiomics' own name of a feature.
    """
    from features.core.storage.store import Store

    declare(folder)
    theirs, table = _peers_way(folder, "csv", "")
    cropped, cropped_table = _peers_way(folder, "csv-cropped", f", preCrop: true, padDistance: {CROP}")
    ours = _cpu_of(str(Path(__file__).with_name("refresh.py")), "refresh-brain", "--folder", str(folder.parent))
    store = Store(folder.parent / "store")
    count, differences = _differences(table, store, native)
    _, of_cropped = _differences(cropped_table, store, native)
    expected = cases * len(SEQUENCES) * len(REGIONS)
    print(f"\n{cases} patients, {len(SEQUENCES)} sequences, {len(REGIONS)} regions, original, LoG and wavelet images\n")
    print("| way | CPU s | times radweave's |\n|---|---|---|")
    print(f"| pyradiomics, {expected} calls, CSV, joined by pandas | {theirs:.1f} | {theirs / ours:.1f} |")
    print(f"| the same with preCrop and a padDistance of {CROP} | {cropped:.1f} | {cropped / ours:.1f} |")
    print(f"| radweave refresh | {ours:.1f} | |")
    close = f"{np.mean(differences < 1e-6):.2%} of {differences.size} values within 1e-6, the largest {differences.max():.1e}"
    print(f"\nRatio {theirs / ours:.1f}; {count} columns of {cases} patients, relative differences: {close}")
    print(
        "(ours is filtered within a crop: a voxel of a LoG image that lies on the edge of a grey level may fall to the other side)"
    )
    for one in (differences, of_cropped):
        assert one.max() < 1e-2, one.max()
        assert np.mean(one < 1e-6) > 0.99
    return theirs / ours


def _peers_way(folder: Path, name: str, settings: str) -> tuple[float, Path]:
    """CPU seconds of the peers' way with further settings of pyradiomics, and its table."""
    out = folder.parent / name
    out.mkdir()
    (out / "settings.yaml").write_text(
        "imageType: {Original: {}, LoG: {sigma: [2.0, 3.0]}, Wavelet: {wavelet: coif1}}\n"
        f"setting: {{binCount: {BIN_COUNT}, additionalInfo: false{settings}}}\n"
    )
    regions = ",".join(f"{name}={label}" for name, label in REGIONS.items())
    spent = _cpu_of("-c", PEER, str(folder), str(out), str(out / "settings.yaml"), ",".join(SEQUENCES), regions)
    return spent, out / "features.csv"


def add_region(folder: Path) -> float:
    """Print what one more region costs a refreshed cohort, beside its own kernels and one reading; the ratio of measuring.

    Tables, dictionary and pages of a refresh cost by the number of columns, however many patients there are.
    """
    from features.core.storage.store import Store

    recipe, store = recipe_of(RECIPE, **FILTERS), Store(folder.parent / "store-added")
    declare(folder)
    before = refresh(folder, store, [recipe])
    declare(folder, {**REGIONS, **ADDED})
    found = refresh(folder, store, [recipe])
    alone = _kernels(folder, recipe)
    assert set(found.opened.values()) == {1}
    scans = found.scans - before.scans
    columns = len(recipe.extractors[0].columns(recipe)) * len(SEQUENCES) * (len(REGIONS) + 1)
    print(f"\nOne region more for {scans} images\n\n| what | CPU s | ratio |\n|---|---|---|")
    print(f"| its kernels (check, preparation, features), one reading of its files | {alone:.2f} | 1 |")
    print(f"| measuring in the refresh | {found.measuring:.2f} | {found.measuring / alone:.2f} |")
    print(
        f"| the whole refresh, with tables of {columns} columns and pages | {found.cpu:.2f} | {found.cpu / alone:.2f} |"
    )
    return found.measuring / alone


def _differences(path: Path, store: Store, native: Callable[[str], str]) -> tuple[int, NDArray[np.float64]]:
    """How many columns are compared, and the relative differences of their values, (patients, columns)."""
    import pandas as pd

    from features.core.pseudonym import load_key, pseudonym
    from features.results.manifest import Mart

    theirs = pd.read_csv(path, dtype={"patient": str}).set_index("patient")
    ours = Mart.open(store).read("radiomics", COHORT).to_pandas().set_index("patient")
    ours = ours.loc[[pseudonym(load_key(), COHORT, patient) for patient in theirs.index]]
    pairs = []
    for sequence in SEQUENCES:
        for region in REGIONS:
            prefix = f"radweave__{RECIPE}__{sequence}__{region}__"
            own = [name for name in ours.columns if name.startswith(prefix)]
            facts = {f"{prefix}result", f"{prefix}undefined"}
            pairs += [
                (name, f"{sequence}-{region}-{native(name.removeprefix(prefix))}") for name in own if name not in facts
            ]
    first = ours[[one for one, _ in pairs]].to_numpy(float)
    other = theirs[[one for _, one in pairs]].to_numpy(float)
    return len(pairs), np.abs(first - other) / np.maximum(np.abs(other), 1e-9)


def _kernels(folder: Path, recipe: Recipe) -> float:
    """CPU seconds of the added region in all images: each file read once, the region checked, prepared, its features taken."""
    from features.core.region import Region
    from features.images.formats.volume import read_volume
    from features.images.prepare import prepare_region
    from features.images.region import check_region

    (extractor,) = recipe.extractors
    start = time.process_time()
    for patient in sorted(path for path in folder.iterdir() if path.is_dir()):
        labels = read_volume(patient / "seg.nii.gz").array
        mask = np.isin(labels, next(iter(ADDED.values())))
        for sequence in SEQUENCES:
            region = Region(read_volume(patient / f"{sequence}.nii.gz"), mask)
            check_region(region)
            dict(extractor.extract(prepare_region(region, recipe), recipe))
    return time.process_time() - start


def _cpu_of(*arguments: str) -> float:
    environment = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")}
    environment["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"
    before = os.times()
    subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
