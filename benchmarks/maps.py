"""Feature maps beside pyradiomics' voxel-based mode: CPU seconds, memory and values, side by side in one run.

    python benchmarks/maps.py speed           # each family and all of them, radius 1 and 2, with the agreement of values
    python benchmarks/maps.py command         # files to files: `radweave map` beside pyradiomics with its maps written
    python benchmarks/maps.py threads         # two threads beside one
    python benchmarks/maps.py memory          # peak above the loaded image, a process each

Cases: ROI of 3,000 and of 50,000 voxels in 128 × 128 × 64, 17 to 20 grey levels. Both sides get images in memory (command:
files) and use one thread. pyradiomics: voxelBatch 1000, the fastest of 100, 1,000 and all voxels at once on 3,000 voxels.
Values agree if they differ by at most a millionth of the larger of |value| and a millionth of the map's largest magnitude.
"""

import argparse
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
from numba import njit  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.extraction import blob, texture, timed  # noqa: E402
from features.core.region import Volume  # noqa: E402

FAMILIES = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
TOGETHER, EACH, THREADS = 10, 2, 1.8
LEAST_AGREEMENT = 1e-6
BATCH = 1000
SHAPE = (64, 128, 128)
Arrays = dict[str, NDArray[np.float64]]


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description="Feature maps beside pyradiomics' voxel-based mode.")
    parser.add_argument("what", choices=["speed", "command", "threads", "memory", "peak", "theirs"])
    parser.add_argument("--voxels", type=int, nargs="+", default=[3_000, 50_000], help="of the ROI (default both)")
    parser.add_argument("--radius", type=int, nargs="+", default=[1, 2], help="of the surroundings (default both)")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), help="(default all)")
    parser.add_argument("--pairs", type=int, nargs="+", default=[1], help="of files, of the command (default 1)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of radweave; the shortest counts (default 3)")
    parser.add_argument("--side", choices=["radweave", "pyradiomics"], default="radweave", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    {one.__name__: one for one in (speed, command, threads, memory, peak, theirs)}[options.what](options)


def make_case(voxels: int) -> tuple[Volume, Volume]:
    """Image (int16) and label map."""
    rng = np.random.default_rng(11)
    mask = blob(rng, SHAPE, (1.0, 1.0, 1.0), voxels, 0.25)
    image = 60 + texture(rng, SHAPE, {0: 18.0, 1: 35.0, 3: 45.0, 8: 30.0})
    spacing = (1.0, 1.0, 1.0)
    return Volume(np.clip(image, -1024, 3071).round().astype(np.int16), spacing), Volume(mask.astype(np.uint8), spacing)


def parameters_of(families: list[str], radius: int) -> str:
    """A parameter file that both sides read."""
    return (
        f"setting: {{additionalInfo: false}}\nimageType: {{Original: {{}}}}\n"
        f"featureClass: {{{', '.join(f'{family}: null' for family in families)}}}\n"
        f"voxelSetting: {{kernelRadius: {radius}, voxelBatch: {BATCH}}}\n"
    )


def our_call(image: Volume, labels: Volume, text: str, threads_used: int = 1) -> Callable[[], Arrays]:
    """Maps of the engine: values of the ROI's voxels, by name."""
    from dataclasses import replace

    from features.radiomics.extraction import prepare
    from features.radiomics.maps import Maps, map_region
    from features.radiomics.parameters import load_parameters

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parameters.yaml"
        path.write_text(text)
        parameters = load_parameters(path)
    window = replace(parameters.window, batch=None, threads=threads_used)

    def call() -> Arrays:
        steps, plan = prepare(image, labels, parameters)
        found: Arrays = {}
        for name, maps in map_region(steps.region, plan, window):
            assert isinstance(maps, Maps), maps
            found |= {f"{name}_{feature}": values for feature, values in maps.of_voxels.items()}
        return found

    return call


def their_call(image: Volume, labels: Volume, text: str) -> Callable[[], dict[str, Any]]:
    """Maps of pyradiomics, as images of SimpleITK on the ROI's box."""
    import SimpleITK as sitk
    import yaml
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    extractor = RadiomicsFeatureExtractor(yaml.safe_load(text))
    pair = [sitk.GetImageFromArray(one.array) for one in (image, labels)]
    for one in pair:
        one.SetSpacing(image.spacing_mm)
    return lambda: {
        name: one for name, one in extractor.execute(*pair, voxelBased=True).items() if isinstance(one, sitk.Image)
    }


def inside(image: Any, labels: Volume) -> NDArray[np.float64]:
    """Values of the ROI's voxels of a map of pyradiomics, which lies on the ROI's box."""
    import SimpleITK as sitk

    starts = np.rint(np.array(image.GetOrigin()) / np.array(image.GetSpacing())).astype(int)[::-1]
    array = sitk.GetArrayFromImage(image)
    z, y, x = (slice(start, start + size) for start, size in zip(starts, array.shape, strict=True))
    found: NDArray[np.float64] = array[labels.array[z, y, x] > 0]
    return found


def agreement(
    ours: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]
) -> tuple[float, int, int]:
    """The largest difference, relative; how many values differ by more than a millionth; how many one side alone has."""
    assert ours.keys() == other.keys(), ours.keys() ^ other.keys()
    worst, many, alone = 0.0, 0, 0
    for key, values in other.items():
        both = np.isfinite(ours[key]) & np.isfinite(values)
        alone += int((np.isfinite(ours[key]) != np.isfinite(values)).sum())
        least = LEAST_AGREEMENT * max(float(np.abs(values[both]).max(initial=0.0)), 1e-300)
        far = np.abs(ours[key] - values)[both] / np.maximum(np.abs(values[both]), least)
        worst, many = max(worst, float(far.max(initial=0.0))), many + int((far > LEAST_AGREEMENT).sum())
    return worst, many, alone


def speed(options: argparse.Namespace) -> None:
    """The table of ratios through the library."""
    print("CPU s, warm, one thread, images in memory\n")
    print(
        "| voxels | radius | family | pyradiomics | radweave | ratio | promised | worst difference | above 1e-6 | one side alone |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for voxels in options.voxels:
        image, labels = make_case(voxels)
        for radius in options.radius:
            sets = [[family] for family in options.families]
            for families in [*sets, options.families] if len(sets) > 1 else sets:
                text = parameters_of(families, radius)
                other, images = timed(their_call(image, labels, text), 1)
                expected = {key: inside(one, labels) for key, one in images.items()}
                call = our_call(image, labels, text)
                call()
                own, found = timed(call, options.repeats)
                worst, many, alone = agreement(found, expected)
                size, values = int((labels.array > 0).sum()), sum(one.size for one in found.values())
                title, promised = (families[0], EACH) if len(families) == 1 else ("together", TOGETHER)
                unmet = "" if other / own >= promised else " UNMET"
                print(
                    f"| {size} | {radius} | {title} | {other:.2f} | {own:.3f} | {other / own:.1f} | {promised}{unmet} |"
                    f" {worst:.1e} | {many} of {values} | {alone} |",
                    flush=True,
                )


def command(options: argparse.Namespace) -> None:
    """The table of ratios through the commands: a process each, from files to files; CPU s with its start."""
    from features.images.formats.nifti import write_nifti

    print("CPU s of a process, start and files included, compiled code in its cache\n")
    print(
        "| voxels | radius | pairs | maps | pyradiomics | radweave map | ratio | promised | worst difference | above 1e-6 |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for voxels in options.voxels:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            image, labels = make_case(voxels)
            for name, one in (("image", image), ("mask", labels)):
                write_nifti(folder / f"{name}.nii.gz", one)
            for radius in options.radius:
                (folder / "parameters.yaml").write_text(parameters_of(options.families, radius))
                for pairs in options.pairs:
                    _compare(folder, radius, pairs, int((labels.array > 0).sum()), options.repeats)


def _compare(folder: Path, radius: int, pairs: int, voxels: int, repeats: int) -> None:
    from features.images.formats.nifti import read_nifti

    names = [f"{number}" for number in range(pairs)]
    rows = [f"{name},image.nii.gz,mask.nii.gz" for name in names]
    (folder / "pairs.csv").write_text("\n".join(["ID,Image,Mask", *rows, ""]))
    asked = [
        str(folder / "pairs.csv"),
        "--param",
        str(folder / "parameters.yaml"),
        "--crop",
        "--out",
        str(folder / "ours"),
    ]
    ours = [sys.executable, "-m", "flows.cli", "map", *asked]
    _cpu(ours)
    own = min(_cpu(ours) for _ in range(repeats))
    other = _cpu([sys.executable, __file__, "theirs", "--folder", str(folder), "--pairs", str(pairs)])
    worst, many, count = 0.0, 0, 0
    for path in sorted((folder / "theirs").rglob("*.nii.gz")):
        pair = [read_nifti(folder / side / path.relative_to(folder / "theirs")) for side in ("ours", "theirs")]
        assert pair[0].matches(pair[1]), path.name
        arrays = [{path.name: one.array.astype(np.float64).ravel()} for one in pair]
        far, more, _ = agreement(arrays[0], arrays[1])
        worst, many, count = max(worst, far), many + more, count + 1
    ratio = other / own
    unmet = "" if ratio >= TOGETHER else " UNMET"
    print(
        f"| {voxels} | {radius} | {pairs} | {count} | {other:.2f} | {own:.2f} | {ratio:.1f} | {TOGETHER}{unmet} |"
        f" {worst:.1e} | {many} |",
        flush=True,
    )


def theirs(options: argparse.Namespace) -> None:
    """What pyradiomics' command does in the mode voxel: read, compute, write each map; as float32 in NIfTI."""
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    extractor = RadiomicsFeatureExtractor(str(options.folder / "parameters.yaml"))
    files = [str(options.folder / f"{name}.nii.gz") for name in ("image", "mask")]
    for number in range(options.pairs[0]):
        place = options.folder / "theirs" / f"{number}"
        place.mkdir(parents=True, exist_ok=True)
        for name, one in extractor.execute(*files, voxelBased=True).items():
            if isinstance(one, sitk.Image):
                sitk.WriteImage(sitk.Cast(one, sitk.sitkFloat32), str(place / f"{name}.nii.gz"), True)


def _cpu(arguments: list[str]) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def threads(options: argparse.Namespace) -> None:
    """All families by one thread and by two, elapsed seconds; beside, two plain loops: what the machine gives at the time."""
    print("| voxels | radius | one thread s | two threads s | ratio | of plain loops |\n|---|---|---|---|---|---|")
    for voxels in options.voxels:
        image, labels = make_case(voxels)
        for radius in options.radius:
            text = parameters_of(options.families, radius)
            calls: list[Callable[[], Any]] = [our_call(image, labels, text, count) for count in (1, 2)]
            calls += [partial(_loops, 1), partial(_loops, 2)]
            seconds: list[list[float]] = [[] for _ in calls]
            for _ in range(options.repeats + 1):  # by turns, so that others on the machine disturb all alike
                for call, times in zip(calls, seconds, strict=True):
                    begin = time.perf_counter()
                    call()
                    times.append(time.perf_counter() - begin)
            one, two, plain, side = (min(times[1:]) for times in seconds)
            unmet = "" if one / two >= THREADS else f" (promised {THREADS}) UNMET"
            print(
                f"| {voxels} | {radius} | {one:.2f} | {two:.2f} | {one / two:.2f}{unmet} | {plain / side:.2f} |",
                flush=True,
            )


def _loops(count: int) -> None:
    """Two loops that share nothing, on so many threads."""
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(_loop, [100_000_000] * 2))


@njit(nogil=True)
def _loop(steps: int) -> float:
    total = 0.0
    for step in range(steps):
        total += 1 / (1 + total * total + step)
    return total


def memory(options: argparse.Namespace) -> None:
    """Peak memory above the loaded image, all families; linear in the voxels if MB per voxel stay the same."""
    print("| voxels | radius | pyradiomics MB | radweave MB | radweave, bytes a voxel and map |\n|---|---|---|---|---|")
    for voxels in options.voxels:
        for radius in options.radius:
            asked = ["peak", "--voxels", str(voxels), "--radius", str(radius)]
            sides = [float(_printed(*asked, "--side", side)) for side in ("pyradiomics", "radweave")]
            each = sides[1] * 2**20 / voxels / 93
            print(f"| {voxels} | {radius} | {sides[0]:.0f} | {sides[1]:.0f} | {each:.1f} |", flush=True)


def peak(options: argparse.Namespace) -> None:
    """MB that maps of all families take above what is there before them."""
    one: Callable[[Volume, Volume, str], Callable[[], Any]] = our_call if options.side == "radweave" else their_call
    one(*make_case(300), parameters_of(options.families, options.radius[0]))()  # libraries and compiled code
    call = one(*make_case(options.voxels[0]), parameters_of(options.families, options.radius[0]))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    found = call()
    print((_status("VmHWM") - before) / 1024)
    assert len(found) == 93


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key))


def _printed(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
