"""The radiomics engine beside pyradiomics: CPU seconds, memory and values, side by side in one run.

    python benchmarks/extraction.py speed          # Original and the full set on three cases, with the agreement of values
    python benchmarks/extraction.py memory         # peak above the loaded image, a process each
    python benchmarks/extraction.py start          # import, first call with an empty cache, first call with a warm one
    python benchmarks/extraction.py processes      # two processes beside one
    python benchmarks/extraction.py large          # a ROI of ten million voxels
    python benchmarks/extraction.py parity --data FOLDER   # values of every family and image type, on pairs in FOLDER too

Cases: a: 20,000 voxels in 128 × 128 × 64; b: 200,000 there; c: 1,495 in 512 × 512 × 100 (x, y, z). Full set: Original,
LoG 1, 2 and 3 mm, wavelet coif1: 1,130 features. Both sides get images in memory and use one thread.
"""

import argparse
import logging
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
sys.path[0] = str(Path(__file__).parents[1])  # this file must not be found where pyradiomics is meant

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy import ndimage  # noqa: E402

from features.core.region import Vector, Volume  # noqa: E402

PROMISED = {("Original", "a"): 20, ("Original", "b"): 40, ("Original", "c"): 200}
PROMISED |= {("full set", "a"): 10, ("full set", "b"): 12, ("full set", "c"): 30}
LEAST_AGREEMENT = 1e-6
FULL = "imageType: {Original: {}, LoG: {sigma: [1.0, 2.0, 3.0]}, Wavelet: {}}\nsetting: {additionalInfo: false}\n"
PLAIN = "imageType: {Original: {}}\nsetting: {additionalInfo: false}\n"


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description="The radiomics engine beside pyradiomics.")
    parser.add_argument("what", choices=["speed", "memory", "start", "processes", "large", "parity", "child"])
    parser.add_argument(
        "--data", type=Path, help="folder with *_image.* and *_label.* or *_mask.* beside them, for parity"
    )
    parser.add_argument("--cases", default="abc", help="which of a, b and c (default all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs; the shortest counts (default 3)")
    parser.add_argument("--side", choices=["radweave", "pyradiomics"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == "child":
        print(peak_of(options.side, options.cases))
    else:
        tables = (speed, memory, start, processes, large, parity)
        {table.__name__: table for table in tables}[options.what](options)


def texture(rng: np.random.Generator, shape: tuple[int, ...], scales: Mapping[float, float]) -> NDArray[np.float64]:
    """A sum of noises: smoothed by each scale in voxels, with its standard deviation."""
    total = np.zeros(shape)
    for scale, sd in scales.items():
        noise = rng.standard_normal(shape)
        noise = ndimage.gaussian_filter(noise, scale) if scale else noise
        total += sd * noise / noise.std()
    return total


def blob(
    rng: np.random.Generator, shape: tuple[int, int, int], spacing_zyx: Vector, voxels: int, rough: float
) -> NDArray[np.bool_]:
    """A rough ellipsoid in the middle of about so many voxels, in one part."""
    axes = np.meshgrid(*[(np.arange(n) - n / 2) * s for n, s in zip(shape, spacing_zyx, strict=True)], indexing="ij")
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), [5 / s for s in spacing_zyx])
    far = np.sqrt(axes[0] ** 2 + 1.2 * axes[1] ** 2 + 0.8 * axes[2] ** 2) * (1 + rough / 2 * noise / noise.std())
    mask = far < np.partition(far.ravel(), voxels)[voxels]
    parts, count = ndimage.label(mask)
    largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:])) if count > 1 else 1
    return np.asarray(ndimage.binary_fill_holes(parts == largest))


def make_case(name: str) -> tuple[Volume, Volume]:
    """Image (int16) and label map of a case."""
    rng = np.random.default_rng(11)
    scales = {0: 18.0, 1: 35.0, 3: 45.0, 8: 30.0}
    if name == "c":
        shape, spacing, place = (100, 512, 512), (0.98, 0.98, 3.0), (slice(40, 72), slice(180, 244), slice(280, 344))
        mask = np.zeros(shape, bool)
        mask[place] = blob(rng, (32, 64, 64), (3.0, 0.98, 0.98), 1500, 0.25)
    else:
        shape, spacing = (64, 128, 128), (1.0, 1.0, 1.0)
        voxels, stretch = (20_000, 1.0) if name == "a" else (200_000, 1.45)
        mask = blob(rng, shape, (stretch, 1.0, 1.0), voxels, 0.25 if name == "a" else 0.12)
    image = 10 + texture(rng, shape, {0: 20.0, 2: 25.0})
    soft = ndimage.gaussian_filter(mask.astype(float), 1.0)
    image = image * (1 - soft) + (60 + texture(rng, shape, scales)) * soft
    return Volume(np.clip(image, -1024, 3071).round().astype(np.int16), spacing), Volume(mask.astype(np.uint8), spacing)


def ours(image: Volume, labels: Volume, text: str) -> Callable[[], Mapping[str, float]]:
    """A call of the engine, by a parameter file's text."""
    from features.radiomics.extraction import extract_features
    from features.radiomics.parameters import load_parameters

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parameters.yaml"
        path.write_text(text)
        parameters = load_parameters(path)
    return lambda: extract_features(image, labels, parameters).features


def theirs(image: Volume, labels: Volume, text: str, **best: object) -> Callable[[], Mapping[str, float]]:
    """A call of pyradiomics, by the same text. best: settings of its best way."""
    import SimpleITK as sitk
    import yaml
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    settings = yaml.safe_load(text)
    extractor = RadiomicsFeatureExtractor({**settings, "setting": {**settings["setting"], **best}})
    pair = [sitk.GetImageFromArray(one.array) for one in (image, labels)]
    for one in pair:
        one.SetSpacing(image.spacing_mm)
    return lambda: {name: float(np.real(value)) for name, value in extractor.execute(*pair).items()}


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Shortest CPU seconds, and the result."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        found = call()
        seconds.append(time.process_time() - begin)
    return min(seconds), found


def speed(options: argparse.Namespace) -> None:
    """The table of ratios, with the worst relative difference of the values of both sides."""
    print(
        "CPU s, warm, one thread; pyradiomics: Original as its users call it, full set with preCrop and padDistance 30\n"
    )
    print("| set | case | features | pyradiomics | radweave | ratio | promised | worst difference | above 1e-6 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for title, text, best in (("Original", PLAIN, {}), ("full set", FULL, {"preCrop": True, "padDistance": 30})):
        for name in options.cases:
            image, labels = make_case(name)
            call = ours(image, labels, text)
            call()
            own, found = timed(call, max(options.repeats, 5))
            other, expected = timed(theirs(image, labels, text, **best), 1 if name == "c" else min(options.repeats, 2))
            far = {key: abs(found[key] - value) / max(abs(value), 1e-12) for key, value in expected.items()}
            least = PROMISED[title, name]
            many = sum(value > LEAST_AGREEMENT for value in far.values())
            print(
                f"| {title} | {name} | {len(found)} | {other:.3f} | {own:.4f} | {other / own:.0f} | {least}"
                f"{'' if other / own >= least else ' UNMET'} | {max(far.values()):.1e} | {many} |",
                flush=True,
            )


def memory(options: argparse.Namespace) -> None:
    """Peak memory above the loaded image, full set; pyradiomics as its users call it."""
    print("| case | pyradiomics MB | radweave MB |\n|---|---|---|")
    for name in options.cases:
        sides = [_child("child", "--side", side, "--cases", name) for side in ("pyradiomics", "radweave")]
        print(f"| {name} | {float(sides[0]):.0f} | {float(sides[1]):.0f} |", flush=True)


def peak_of(side: str, name: str) -> float:
    """MB that a first extraction of the full set takes above what is there before it."""
    image, labels = make_case(name)
    small = make_case("a")
    one = ours if side == "radweave" else theirs
    one(*small, PLAIN)()  # libraries and compiled code
    call = one(image, labels, FULL)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    call()
    return (_status("VmHWM") - before) / 1024


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key))


def start(options: argparse.Namespace) -> None:
    """Import of the engine; first extraction of a process with an empty cache of compiled code, and with a full one."""
    code = (
        "import time; t = time.perf_counter()\n"
        "import features.radiomics.extraction, features.radiomics.extractors.radweave\n"
        "i = time.perf_counter() - t\n"
        "from benchmarks.extraction import FULL, make_case, ours\n"
        "pair = make_case('a'); t = time.perf_counter(); ours(*pair, FULL)(); print(i, time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        print("| cache | import s | first extraction of the full set s |\n|---|---|---|")
        for title in ("empty", "full"):
            own = {"NUMBA_CACHE_DIR": cache, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(Path(__file__).parents[1])}
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | own
            found = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
            )
            imported, first = map(float, found.stdout.split())
            print(f"| {title} | {imported:.2f} | {first:.2f} |", flush=True)


def _work(_: int) -> None:
    call = ours(*make_case("a"), FULL)
    for _i in range(60):
        call()


def processes(options: argparse.Namespace) -> None:
    """120 extractions of case a, full set, by one process and by two."""
    seconds = []
    for count in (1, 2):
        with multiprocessing.get_context("spawn").Pool(count) as pool:
            pool.map(_warm, range(count), chunksize=1)
            begin = time.perf_counter()
            pool.map(_work, range(2), chunksize=1)
            seconds.append(time.perf_counter() - begin)
    print(f"one process {seconds[0]:.1f} s, two {seconds[1]:.1f} s: {seconds[0] / seconds[1]:.2f} × (promised 1.8)")


def _warm(_: int) -> None:
    ours(*make_case("a"), FULL)()


def large(options: argparse.Namespace) -> None:
    """A ball of ten million voxels: seconds and peak memory."""
    rng = np.random.default_rng(0)
    n = 290
    far = sum((np.arange(n) - n / 2).reshape([-1 if i == axis else 1 for i in range(3)]) ** 2 for axis in range(3))
    mask = np.asarray(far < 133.7**2)
    image = ndimage.gaussian_filter(rng.standard_normal((n, n, n)).astype(np.float32), 1.0)
    volume = Volume((image / image.std() * 60).round().astype(np.int16), (1.0, 1.0, 1.0))
    labels = Volume(mask.astype(np.uint8), (1.0, 1.0, 1.0))
    ours(*make_case("a"), FULL)()
    for title, text in (("Original", PLAIN), ("full set", FULL)):
        before = _status("VmRSS")
        seconds, found = timed(ours(volume, labels, text), 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{mask.sum():,} voxels, {title}, {len(found)} features: {seconds:.1f} s CPU, peak {peak - before / 1024:.0f} MB"
        )


ALL = """imageType:
  {Original: {}, LoG: {sigma: [2.0]}, Wavelet: {}, Square: {}, SquareRoot: {}, Logarithm: {}, Exponential: {}, Gradient: {}}
setting: {additionalInfo: false, binCount: 32}
"""
SMALL = 1e-6  # smaller values are sums that cancel out: their difference is taken relative to this


def parity(options: argparse.Namespace) -> None:
    """The worst relative difference of each family on each kind of image; what one side alone has is counted."""
    from features.images.formats.volume import read_volume

    pairs = [make_case(name) for name in options.cases]
    for path in sorted(options.data.rglob("*_image.*")) if options.data else []:
        found = [path.with_name(path.name.replace("image", word)) for word in ("label", "mask")]
        pairs.append((read_volume(path), read_volume(next(mask for mask in found if mask.exists()))))
    worst: dict[tuple[str, str], float] = {}
    alone: dict[tuple[str, str], int] = {}
    for image, labels in pairs:
        own, others = ours(image, labels, ALL)(), theirs(image, labels, ALL)()
        assert own.keys() == others.keys()
        for name, value in others.items():
            filtered, family, _ = name.split("_", 2)
            key = family, filtered.split("-")[0]
            if math.isnan(own[name]) != math.isnan(value):
                alone[key] = alone.get(key, 0) + 1
            elif not math.isnan(value):
                worst[key] = max(worst.get(key, 0.0), abs(own[name] - value) / max(abs(value), SMALL))
    images = sorted({filtered for _, filtered in worst})
    print(f"{len(pairs)} pairs; worst relative difference (features that one side alone has)\n")
    print("| family | " + " | ".join(images) + " |\n|---" + "|---" * len(images) + "|")
    for family in sorted({family for family, _ in worst}):
        cells = [_cell(worst.get((family, one)), alone.get((family, one))) for one in images]
        print(f"| {family} | " + " | ".join(cells) + " |")


def _cell(far: float | None, alone: int | None) -> str:
    return "–" if far is None else f"{far:.1e}" + (f" ({alone})" if alone else "")


def _child(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
