"""Training: how much of the bare step's speed epochs from kept samples have, what a plain loop costs, and what a kill costs.

    python benchmarks/training.py                   # a brain cohort: written, refreshed, then all rows
    python benchmarks/training.py --cases 24 --threads 1

One ResNet-10 of three dimensions learns yes or no from the patch of 32 × 32 × 32 voxels of 2 mm round a tumour in one sequence of
155 × 240 × 240. `bare`: steps of the same network and optimiser over one batch that is in memory, nothing else. `held`: epochs of
radweave over samples as a refresh kept them, order drawn, augmented, in memory after the first epoch; `read`: none is ever held,
each is read from its file in each epoch. All by turns in one process, so that they meet the same machine; medians of seconds on the
clock and of CPU seconds. `plain`: a Dataset of torch whose `__getitem__` reads image and mask, scales, normalises and crops by
MONAI, as its tutorials do, with a DataLoader of two workers; the same network and step. `resume`: a process whose head learns is
killed with SIGKILL after an epoch; what is learnt again is counted. On a machine with a GPU steps run there.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

SIDE, BATCH, SEQUENCE, SPACING_MM = 32, 4, "t1c", 2.0
PROMISED = {"kept": 0.90, "times": 5.0}


def cohort(folder: Path, cases: int, shape: tuple[int, ...], side: int) -> Any:
    """What networks are shown of a brain cohort that is written and refreshed below a folder; and CPU seconds of the refresh."""
    from benchmarks import brain_refresh as brains
    from features.core.storage.store import SAMPLES, Store
    from features.fusion.kept_images import kept_images

    brains.write_brain(folder / "data", cases, shape, [SEQUENCE])
    brains.declare(folder / "data", brains.ADDED, [SEQUENCE])
    shown = {"kind": "samples", "size": [side] * 3, "channels": 1, "spacing_mm": SPACING_MM}
    recipe = brains.recipe_of(
        "looks", images=[SEQUENCE], normalise={"kind": "zscore"}, window=[-3, 3], extractors=[shown]
    )
    store = Store(folder / "store")
    used = brains.refresh(folder / "data", store, [recipe])
    addresses = sorted(store.results()[SAMPLES])
    return kept_images(store, [[one] for one in addresses]), used.cpu


def training_of(images: Any, *, held: bool, epochs: int = 1, trains: str = "all") -> Any:
    """A course over images, all of which teach."""
    import torch

    from features.deep.architecture import ARCHITECTURES
    from features.deep.device import chosen_device
    from features.deep.learning.augmentation import Augmentation
    from features.deep.learning.course import Course, Training
    from features.deep.learning.headed import Headed
    from features.deep.learning.losses import Flags
    from features.deep.learning.reading import Views

    n, device = len(images), chosen_device()
    torch.manual_seed(0)
    architecture = ARCHITECTURES.parse({"kind": "resnet3d", "variant": "resnet3d_10", "channels": 1})
    headed = Headed(architecture, architecture.build(), [1], 0).to(device)
    course = Course(trains, epochs, BATCH, 1e-4, 0.01, 0.0, 1.0, None, "auto", Augmentation(), 0)
    loss = Flags((np.arange(n) % 2)[:, None].astype(float), np.ones((n, 1)))
    views, every = Views(images, None if held else 0), np.arange(n)
    return Training(headed, views, np.zeros((n, 0)), [(loss, 1.0)], every, every[:0], course, device)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of CPU, those of children too, once they have ended."""
    start, cpu = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - start, _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def compare(images: Any, turns: int) -> dict[str, list[tuple[float, float]]]:
    """Epochs of each way over the same cases, by turns. The first of each is not counted."""
    import torch

    from features.deep.device import chosen_device
    from features.deep.learning.course import working
    from features.deep.learning.reading import chunks

    ways = {"held": training_of(images, held=True), "read": training_of(images, held=False)}
    with working(chosen_device()), torch.enable_grad():
        optimisers = {name: one.ready(None) for name, one in ways.items()}
        one, parts, rng = ways["held"], chunks(np.arange(len(images)), BATCH), np.random.default_rng(0)
        plain = Unaugmented(one)
        batch = {len(part): one.views.unit(part) for part in parts}

        def bare() -> None:
            for part in parts:
                lost = plain.step(optimisers["held"], part, batch[len(part)], rng)
            float(lost)  # a GPU may be at work yet

        found: dict[str, list[tuple[float, float]]] = {"bare": [], "held": [], "read": []}
        for turn in range(turns + 1):
            found["bare"].append(timed(bare))
            for name, way in ways.items():
                found[name].append(timed(partial(way.epoch, optimisers[name], turn)))
    return {name: times[1:] for name, times in found.items()}


class Unaugmented:
    """Steps of a course without augmentation: it is part of what epochs cost, not of the bare step."""

    def __init__(self, training: Any) -> None:
        self.training = training

    def step(self, *arguments: Any) -> Any:
        from dataclasses import replace

        course = self.training.course
        self.training.course = replace(course, augment=None)
        try:
            return self.training.step(*arguments)
        finally:
            self.training.course = course


def plain_epoch(folder: Path, images: Any, side: int) -> None:
    """One epoch of the peers' way, with the same network and step."""
    import torch
    from monai import transforms
    from torch.utils.data import DataLoader, Dataset

    from features.deep.device import chosen_device
    from features.deep.learning.course import working

    both = ["image", "mask"]
    prepare = transforms.Compose(
        [
            transforms.LoadImaged(both),
            transforms.EnsureChannelFirstd(both),
            transforms.Orientationd(both, axcodes="RAS", labels=None),
            transforms.Spacingd(both, pixdim=(SPACING_MM,) * 3, mode=("bilinear", "nearest")),
            transforms.NormalizeIntensityd("image", nonzero=True),
            transforms.CropForegroundd(both, source_key="mask"),
            transforms.ResizeWithPadOrCropd("image", (side, side, side)),
            transforms.RandFlipd("image", prob=0.5, spatial_axis=0),
            transforms.RandShiftIntensityd("image", offsets=0.05, prob=1.0),
            transforms.RandScaleIntensityd("image", factors=0.1, prob=1.0),
        ]
    )
    patients = sorted(path for path in (folder / "data").iterdir() if path.is_dir())

    class Volumes(Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(patients)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            patient = patients[place]
            found = prepare({"image": patient / f"{SEQUENCE}.nii.gz", "mask": patient / "seg.nii.gz"})
            return found["image"].as_tensor(), place

    one = training_of(images, held=False)
    step = Unaugmented(one)
    with working(chosen_device()), torch.enable_grad():
        optimiser = one.ready(None)
        for pixels, places in DataLoader(Volumes(), batch_size=BATCH, shuffle=True, num_workers=2):
            step.step(optimiser, places.numpy(), pixels.numpy()[:, None], np.random.default_rng(0))


def resumed(folder: Path, images: Any) -> int:
    """How many epochs are learnt twice where a process is killed."""
    command = [sys.executable, str(Path(__file__)), "--child", str(folder), str(images.root), *images.samples[:, 0]]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert child.stdout is not None
    done = []
    for line in child.stdout:
        done.append(int(line))
        if len(done) == 2:
            child.send_signal(signal.SIGKILL)
            break
    child.stdout.close()
    child.wait()
    again = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    rest = [int(line) for line in again.stdout.split()]
    if sorted({*done, *rest}) != list(range(1, 6)):
        raise AssertionError(f"epochs {done}, then {rest}")
    return len(done) + len(rest) - 5


def learn_here(folder: Path, root: Path, addresses: list[str]) -> None:
    """The child of `resumed`: five epochs, each told once it is kept."""
    from features.core.progress import watched_by
    from features.core.storage.store import Store
    from features.deep.learning.course import Reached
    from features.fusion.kept_images import kept_images
    from tasks.modelling.half_trained import HalfTrained

    half, place = HalfTrained(Store(folder)), "0" * 64
    found = half.find(place)
    reached = None if found is None else Reached(**{**found[0], "arrays": found[1]})
    training = training_of(kept_images(Store(root), [[one] for one in addresses]), held=True, epochs=5, trains="head")

    def keep(now: Reached) -> None:
        facts = {"epoch": now.epoch, "best": now.best, "lowest": now.lowest, "lost": now.lost}
        half.keep(place, facts, now.arrays)

    with watched_by(lambda _, done, total: print(done, flush=True)):
        training.run(reached, keep)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(times: dict[str, list[tuple[float, float]]], cases: int) -> bool:
    """Rows by way; whether what is promised is kept, by the clock or by CPU, which tells more where others use the machine."""
    print("| epochs | cases/s | share of bare | CPU s a case | share of CPU |\n|---|---|---|---|---|")
    middle = {name: (median(one[0] for one in each), median(one[1] for one in each)) for name, each in times.items()}
    shares = {}
    for name, (clock, cpu) in middle.items():
        shares[name] = middle["bare"][0] / clock, middle["bare"][1] / cpu
        print(f"| {name} | {cases / clock:.2f} | {shares[name][0]:.2f} | {cpu / cases:.3f} | {shares[name][1]:.2f} |")
    times_faster = [one / other for one, other in zip(middle["plain"], middle["held"], strict=True)]
    print(
        f"plain loop: {times_faster[0]:.1f} times the time of an epoch from kept samples, {times_faster[1]:.1f} times the CPU"
    )
    return max(shares["held"]) >= PROMISED["kept"] and max(times_faster) >= PROMISED["times"]


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        learn_here(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--shape", type=int, nargs=3, default=(155, 240, 240))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        images, cpu = cohort(folder, options.cases, tuple(options.shape), options.side)
        n = len(images)
        print(f"{n} samples of {images.shape}, made once in {cpu / n:.2f} CPU s a case; {options.threads} threads")
        before = peak_mib()
        times = compare(images, options.turns)
        print(
            f"peak memory {peak_mib():.0f} MiB, of which {before:.0f} MiB before the network; samples {n * _mib(images):.0f} MiB"
        )
        times["plain"] = [timed(lambda: plain_epoch(folder, images, options.side)) for _ in range(2)]
        kept = table(times, n)
        again = resumed(folder / "half", images)
        print(f"killed after epoch 2 of 5: {again} epochs learnt twice")
    print("what is promised is kept" if kept and again <= 1 else "what is promised is NOT kept")
    return 0 if kept and again <= 1 else 1


def _mib(images: Any) -> float:
    sides: NDArray[np.intp] = np.array(images.shape)
    return 2 * float(sides.prod()) / 2**20


if __name__ == "__main__":
    sys.exit(main())
