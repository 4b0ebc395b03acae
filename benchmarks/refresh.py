"""What a refresh costs when nothing changed, when one case changed, as cohorts grow, and beside the way peers work.

    python benchmarks/refresh.py unchanged --cases 1000
    python benchmarks/refresh.py scale --cases 2500 5000 10000
    python benchmarks/refresh.py peer --cases 32
    python benchmarks/refresh.py brain --cases 12

Every table is measured in one run on one machine; what is compared is compared in its values too.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.scans import save_nifti

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:  # a worker imports this module first: it shall not load what `radweave refresh` would not load there
    from features.core.storage.store import Store
    from features.results.published import Published

COHORT = "tiny"
RECIPE = {
    "name": "ct",
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "extractors": ["radweave"],
}
FILTERED = {**RECIPE, "filters": [{"kind": "log", "sigma_mm": [2, 3]}, "wavelet"]}
PREFIX = "radweave__ct__"
CT = (100, 512, 512)  # slices, rows, columns
LEAST_RATIO, MOST_ADDED = 15.0, 1.3  # promised of `brain`
PEER_CASES = 2  # of `brain` that are measured the peers' way, too: it takes a minute of CPU a patient


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of CPU (children included), and the highest memory of this process so far, in MiB."""

    wall: float
    cpu: float
    peak: float


def measured(work: Callable[[], Published]) -> tuple[Published, Cost]:
    wall, cpu = time.perf_counter(), _cpu()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found, Cost(time.perf_counter() - wall, _cpu() - cpu, peak)


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def write_cohort(folder: Path, cases: int, size: int) -> Path:
    """A catalog and `cases` NIfTI scans of size³ voxels with a ball as the mask."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    axis = np.arange(size) - (size - 1) / 2
    ball = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < (size * 0.35) ** 2).astype(np.uint8)
    for i in range(cases):
        write_scan(folder / f"P{i:05d}", rng.normal(40.0, 60.0, ball.shape), ball)
    lines = ["patient_id,age", *(f"P{i:05d},{20 + i % 70}" for i in range(cases))]
    (folder / "clinical.csv").write_text("\n".join(lines) + "\n")
    table = {"block": "clinical", "path": "clinical.csv", "id": "patient_id", "columns": {"age_years": "age"}}
    age = {"type": "number", "description": "age", "unit": "years"}
    return write_catalog(folder, **{COHORT: cohort_of(file_images(), variables={"age_years": age}, tables=[table])})


def write_scan(folder: Path, array: np.ndarray, mask: np.ndarray) -> None:
    for name, values in (("image", array.astype(np.int16)), ("mask", mask)):
        save_nifti(folder / f"{name}.nii.gz", values, np.eye(4))


def run(
    catalog: Path, store: Store, *, rehash: bool = False, workers: int = 0, settings: dict[str, object] = RECIPE
) -> tuple[Published, Cost]:
    from features.core.kinds.recipe import Recipe
    from flows.refresh import refresh_cohort
    from tasks.running.pool import Pool
    from tasks.running.runners.processes import Processes

    recipe = Recipe.model_validate(settings)

    def work() -> Published:
        with Pool(Processes(workers=workers)) as pool:
            return refresh_cohort(COHORT, (recipe,), catalog, store, pool, rehash=rehash)

    return measured(work)


def unchanged(folder: Path, cases: int) -> None:
    """A first refresh, one of nothing new, one of one new case, one that reads every byte again."""
    import nibabel as nib

    from features.core.storage.store import Store
    from features.results.manifest import Mart

    catalog, store = write_cohort(folder / "cohort", cases, 12), Store(folder / "store")
    rows = [("first", *run(catalog, store))]
    os.utime(folder / "cohort" / "clinical.csv")
    rows.append(("touched once", *run(catalog, store)))
    rows.append(("nothing changed", *run(catalog, store)))
    rng = np.random.default_rng(1)
    changed = folder / "cohort" / f"P{cases // 2:05d}"
    mask = np.asarray(nib.load(changed / "mask.nii.gz").dataobj)
    write_scan(changed, rng.normal(40.0, 60.0, mask.shape), mask)
    rows.append(("one case changed", *run(catalog, store)))
    rows.append(("nothing changed, --rehash", *run(catalog, store, rehash=True)))
    print(f"\n{cases} cases of 12³ voxels, CPU without imports\n")
    print("| refresh | number | used | wall s | CPU s |\n|---|---|---|---|---|")
    for what, found, cost in rows:
        number = f"{found.refresh}{'' if found.changed else ' (as before)'}"
        print(f"| {what} | {number} | {found.used} | {cost.wall:.2f} | {cost.cpu:.2f} |")
    before, after = (Mart.open(store, number).read("radiomics", COHORT).to_pandas() for number in (1, None))
    same = before.set_index("case").drop(index=[], columns=[]).compare(after.set_index("case"))
    print(f"\nCases whose values differ between the first and the last tables: {len(same)} (1 was changed)")
    assert len(same) == 1


def scale(folder: Path, sizes: list[int]) -> None:
    """Whole first refreshes of growing cohorts, each in a process of its own: time and memory per case."""
    print(
        "\n| cases | wall s | CPU s | CPU ms a case | peak MiB of the parent | CPU s again |\n|---|---|---|---|---|---|"
    )
    for size in sizes:
        command = [sys.executable, __file__, "once", "--cases", str(size), "--folder", str(folder / str(size))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        wall, cpu, peak, again = map(float, done.stdout.split()[-4:])
        print(f"| {size} | {wall:.1f} | {cpu:.1f} | {1000 * cpu / size:.1f} | {peak:.0f} | {again:.2f} |", flush=True)


def once(folder: Path, cases: int) -> None:
    from features.core.storage.store import Store

    catalog, store = write_cohort(folder / "cohort", cases, 8), Store(folder / "store")
    found, cost = run(catalog, store)
    assert found.used == cases
    _, again = run(catalog, store)
    print(cost.wall, cost.cpu, cost.peak, again.cpu)


MERGE = """
import csv, sys
from pathlib import Path
rows = [row for path in sorted(Path(sys.argv[1]).glob("*.csv")) for row in csv.DictReader(path.open())]
with open(sys.argv[2], "w", newline="") as file:
    writer = csv.DictWriter(file, sorted(set().union(*rows)))
    writer.writeheader()
    writer.writerows(rows)
"""


def peer(folder: Path, cases: int, shape: tuple[int, ...]) -> None:
    """The same cases by a command per case (pyradiomics' own, its defaults), two at a time, with CSV; and by a refresh.

    Whole CTs with a small lesion, original image, LoG and wavelet: what a lung study has.
    """
    from features.core.storage.store import Store

    write_cohort(folder / "cohort", 0, 4)
    store = Store(folder / "store")
    rng = np.random.default_rng(2)
    for i in range(cases):
        mask = np.zeros(shape, np.uint8)
        z, y, x = (rng.integers(15, n - 15) for n in shape)
        grid = np.indices(shape)
        mask[sum((g - c) ** 2 for g, c in zip(grid, (z, y, x), strict=True)) < rng.integers(8, 13) ** 2] = 1
        write_scan(folder / "cohort" / f"P{i:05d}", rng.normal(40.0, 60.0, shape), mask)
    (folder / "cohort" / "clinical.csv").write_text(
        "patient_id,age\n" + "".join(f"P{i:05d},50\n" for i in range(cases))
    )
    settings = folder / "settings.yaml"
    images = "  Original: {}\n  LoG: {sigma: [2.0, 3.0]}\n  Wavelet: {wavelet: coif1}\n"
    settings.write_text(f"imageType:\n{images}setting:\n  binWidth: 25\n  additionalInfo: false\n")
    out = folder / "csv"
    out.mkdir()
    start = time.perf_counter()
    script = Path(sys.executable).with_name("pyradiomics")
    names = "\n".join(sorted(path.name for path in (folder / "cohort").iterdir() if path.is_dir()))
    command = f'"{script}" {{}}/image.nii.gz {{}}/mask.nii.gz -p "{settings}" -o "{out}/{{}}.csv" -f csv'
    subprocess.run(
        ["xargs", "-P", "2", "-I", "{}", "sh", "-c", command],
        input=names, text=True, cwd=folder / "cohort", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"},
    )  # fmt: skip
    subprocess.run([sys.executable, "-c", MERGE, str(out), str(folder / "features.csv")], check=True)
    theirs = time.perf_counter() - start
    command_line = [sys.executable, __file__, "refresh", "--folder", str(folder)]
    start = time.perf_counter()
    subprocess.run(command_line, check=True, stdout=subprocess.DEVNULL)  # imports are part of both ways
    ours = time.perf_counter() - start
    with (folder / "features.csv").open() as file:
        rows = {Path(row["Image"]).parent.name: row for row in csv.DictReader(file)}
    differences = _differences(rows, store)
    assert differences.max() < 1e-4, differences.max()
    print(f"\n{cases} CTs of {' × '.join(map(str, shape[::-1]))} voxels, original, LoG and wavelet, two processes\n")
    print("| way | wall s |\n|---|---|")
    print(f"| a pyradiomics command per case, CSV, merged | {theirs:.1f} |\n| radweave refresh | {ours:.1f} |")
    same = f"{np.mean(differences < 1e-6):.2%} of {differences.size} values within 1e-6, the largest {differences.max():.1e}"
    print(f"\nRatio {theirs / ours:.2f}; relative differences: {same} (the region is cropped before it is filtered)")


def brain(folder: Path, cases: int, shape: tuple[int, ...]) -> None:
    """Many images and regions of a case: files read once, the peers' way beside it, and one region more."""
    from benchmarks import brain_refresh as brains

    compared, cohort = folder / "compared" / "cohort", folder / "cohort"
    few = min(cases, PEER_CASES)
    brains.write_brain(compared, few, shape or brains.SHAPE)
    brains.count_opens(compared, few * (len(brains.SEQUENCES) + 1))
    ratio = brains.compare(compared, few, _native)
    brains.write_brain(cohort, cases, shape or brains.SHAPE)
    added = brains.add_region(cohort)
    print(
        f"\nPromised: at least {LEAST_RATIO} times the CPU; measuring one region more at most {MOST_ADDED} times its own cost"
    )
    assert ratio >= LEAST_RATIO or shape, ratio
    assert added <= MOST_ADDED or shape, added


def refresh_brain(folder: Path) -> None:
    """The refresh of the brain cohort, as a process of its own."""
    from benchmarks import brain_refresh as brains
    from features.core.storage.store import Store

    brains.refresh(folder / "cohort", Store(folder / "store"), [brains.recipe_of(brains.RECIPE, **brains.FILTERS)])


def _differences(theirs: dict[str, dict[str, str]], store: Store) -> np.ndarray:
    """Relative differences of all values, (cases, features)."""
    from features.core.pseudonym import load_key, pseudonym
    from features.results.manifest import Mart

    table = Mart.open(store).read("radiomics", COHORT).to_pandas().set_index("patient")
    facts = {f"{PREFIX}result", f"{PREFIX}undefined"}
    names = [name for name in table.columns if name.startswith(PREFIX) and name not in facts]
    found = []
    for patient, row in theirs.items():
        ours = table.loc[pseudonym(load_key(), COHORT, patient), names].to_numpy(float)
        other = np.array([float(row[_native(name.removeprefix(PREFIX))]) for name in names])
        found.append(np.abs(ours - other) / np.maximum(np.abs(other), 1e-9))
    return np.array(found)


def _native(name: str) -> str:
    """pyradiomics' own name of a column."""
    name = re.sub(r"^log_sigma_(\d)_mm_", r"log-sigma-\1-0-mm-3D_", name)
    return re.sub(r"^wavelet_", "wavelet-", name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("unchanged", "scale", "peer", "brain", "once", "refresh", "refresh-brain"))
    parser.add_argument("--cases", type=int, nargs="+", default=[1000])
    parser.add_argument("--folder", type=Path, help="where the files go, and stay")
    parser.add_argument("--shape", type=int, nargs=3, help="of the images of `peer` and `brain`: slices, rows, columns")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="radweave-benchmark-"))
    try:
        if options.part == "unchanged":
            unchanged(folder, options.cases[0])
        elif options.part == "scale":
            scale(folder, options.cases)
        elif options.part == "peer":
            peer(folder, options.cases[0], tuple(options.shape or CT))
        elif options.part == "brain":
            brain(folder, options.cases[0], tuple(options.shape or ()))
        elif options.part == "refresh-brain":
            refresh_brain(folder)
        elif options.part == "once":
            once(folder, options.cases[0])
        else:
            from features.core.storage.store import Store

            run(folder / "cohort" / "data_catalog.yaml", Store(folder / "store"), workers=2, settings=FILTERED)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
