"""Deep features: how much of the bare network's speed is left, what the way before cost, and what a plain loop costs.

    python benchmarks/deep.py warm                  # samples that are kept → features, against the bare network
    python benchmarks/deep.py build                 # built-in cohort: from store to features, against an earlier commit
    python benchmarks/deep.py loop                  # built-in cohort: files to features, against one case at a time
    python benchmarks/deep.py backbones             # views a second of one network of each family; --every: of each network
    python benchmarks/deep.py all                   # all of them, one after the other

`bare`: the same engine, with the same threads and batches, over views in [0, 1] that are in memory already, nothing else.
`warm`: one file of a sample for each case read from work/, seal checked, network, pooling, and one file of features for each case
kept; 128 cases, as a refresh hands them to a device. Both by turns in one process, so that both meet the same machine, and
medians of them: of seconds on the clock, and of CPU seconds, which tell more where others use the machine. `eager`: torch's own
forward, batches of 16. `backbones`: CPU seconds of one thread, two forward passes of one batch; each thread runs batches of its
own, so that two give twice as many. `plain loop`: what `deep_plain.py` does of the same files, one case after the other; no
store, no checks. `build`: the commit before samples were kept, with the same files and checkpoint, in processes of its own.
Features are compared beside each figure. On a machine with a GPU the same commands measure it; its rows are not there otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

BEFORE = "98f84e3"  # the last commit whose networks read images themselves
COHORT = "builtin"
CLOSE = 1e-3  # of the largest value
LONG = 40  # seconds for the turns of a network of `warm`, and for one of `backbones`
MILLIONS = 400  # weights of the largest network that `backbones` runs: above, the ONNX file has no room
EAGER = 32  # views of torch's own forward at most, and an eighth of those of three dimensions


class Measured(NamedTuple):
    """A network of `warm`: an extractor of a recipe, keys of that recipe, and the share of the cases that is enough."""

    extractor: dict[str, Any]
    recipe: dict[str, Any] = {}
    share: float = 1


NETWORKS: dict[str, Measured] = {
    "EfficientNet-Lite0, 224²": Measured(
        {"kind": "network", "weights": "efficientnet_lite0", "samplings": ["largest"]},
    ),
    "ResNet-50, 224², random": Measured(
        {
            "kind": "network",
            "weights": "random",
            "seed": 1,
            "architecture": {"kind": "resnet", "variant": "resnet50"},
            "samplings": ["largest"],
        },
        share=0.5,
    ),
    "I3ResNet-152, 48³": Measured(
        {"kind": "network", "weights": "i3resnet152_astra", "samplings": ["patch"]},
        {"window": [-1000, 1000], "spacing_mm": [1.5, 1.5, 3]},
        share=0.25,
    ),
}


class Cost(NamedTuple):
    """Seconds on the clock, and of processors, children included."""

    wall: float
    cpu: float


def timed(do: Callable[[], object]) -> Cost:
    """What a call costs."""
    start, before = time.perf_counter(), _cpu()
    do()
    return Cost(time.perf_counter() - start, _cpu() - before)


def _cpu() -> float:
    """Seconds of processors so far; those of children in hundredths."""
    return time.process_time() + sum(os.times()[2:4])


def best(do: Callable[[], object], times: int) -> Cost:
    """The cheapest of several runs, on the clock."""
    return min((timed(do) for _ in range(times)), key=lambda cost: cost.wall)


def simulated(folder: Path, patients: int) -> Path:
    """The catalog of the built-in cohort."""
    from features.simulate.simulator import SIMULATORS, simulate

    return simulate(SIMULATORS.parse({"kind": "lung", "seed": 1, "patients_per_centre": patients}), folder / "cohort")


def recipe_file(folder: Path, extractors: Sequence[Any], **changed: Any) -> Path:
    """A recipe of the lung's preparation with these extractors alone."""
    import yaml

    settings = {
        "name": "deep",
        "modality": "CT",
        "unit": "HU",
        "spacing_mm": [2, 2, 2],
        "interpolator": "bspline",
        "round_intensities": True,
        "discretise": {"bin_width": 25},
        "window": [-1000, 400],
        "extractors": list(extractors),
        **changed,
    }
    path = folder / "deep.yaml"
    path.write_text(yaml.safe_dump(settings), "utf-8")
    return path


def one_way(tree: Path, catalog: Path, recipe: Path, out: Path) -> dict[str, float]:
    """What `deep_build.py` prints by one tree."""
    command = [sys.executable, ROOT / "benchmarks" / "deep_build.py", catalog, recipe, out]
    settings = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run(list(map(str, command)), env=settings, capture_output=True, text=True, cwd=tree, check=False)
    if run.returncode:
        raise SystemExit(f"{tree}: {run.stderr[-2000:]}")
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def build(folder: Path, options: argparse.Namespace) -> None:
    """From store to features on the built-in cohort, by the tree before and by this one."""
    before = folder / "before"
    before.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", BEFORE], capture_output=True, check=False)
    if archive.returncode:
        print(f"build: not measured: this is no clone that holds the commit {BEFORE}")
        return
    subprocess.run(["tar", "-x", "-C", before], input=archive.stdout, check=True)
    catalog, recipe = simulated(folder, options.patients), recipe_file(folder, ["efficientnet_lite0"])
    costs: dict[str, list[dict[str, float]]] = {"before": [], "now": []}
    for turn in range(options.repeats):  # in turns, so that both meet the same machine
        for name, tree in (("before", before), ("now", ROOT)):
            costs[name].append(one_way(tree, catalog, recipe, folder / f"{name}.npz"))
            print(f"  turn {turn + 1}, {name}: {costs[name][-1]}", flush=True)
    values = [np.load(folder / f"{name}.npz") for name in ("before", "now")]
    print(
        f"\nbuild: {int(costs['now'][0]['scans'])} scans x 2 views, EfficientNet-Lite0, two workers, best of {options.repeats}"
    )
    print("                                      before (s)    now (s)   times   CPU before    CPU now   times")
    for what, key in (("of scans that are checked", ""), ("in a first refresh, beside checks", "first_")):
        wall, cpu = (
            [min(cost[f"{key}{unit}"] for cost in costs[name]) for name in ("before", "now")]
            for unit in ("wall", "cpu")
        )
        print(
            f"  {what:34} {wall[0]:11.1f} {wall[1]:10.1f} {wall[0] / wall[1]:7.2f} {cpu[0]:12.1f} {cpu[1]:10.1f} "
            f"{cpu[0] / cpu[1]:7.2f}"
        )
    print(f"  {_apart(values[0], values[1])}")


def _apart(one: Any, other: Any) -> str:
    """How far the features of both ways lie apart."""
    if set(one.files) != set(other.files):
        raise SystemExit(f"cases differ: {sorted(set(one.files) ^ set(other.files))[:5]}")
    largest = max(float(np.abs(one[case]).max()) for case in one.files)
    apart = {case: float(np.abs(one[case] - other[case]).max()) for case in one.files}
    near = [value for value in apart.values() if value < CLOSE * largest]
    return (
        f"values of {len(near)} of {len(apart)} scans lie within {max(near, default=0) / largest:.1e} of the largest; the others "
        "have surroundings that lay beyond what was prepared before, and were shown as air"
    )


def warm(folder: Path, options: argparse.Namespace) -> None:
    """Samples that are kept → features, against the bare network in memory and torch's own forward."""
    from features.deep.device import chosen_device
    from features.deep.running import threads

    folder.mkdir(parents=True)
    print(
        f"\nwarm: on {chosen_device()}, {threads()} threads; medians of {options.repeats} turns, fewer if they take long"
    )
    print(
        "                                         views/s             CPU ms a view      torch    largest   kept features"
    )
    print(
        "  network                  cases    bare   warm   share    bare   warm   share   eager    difference   differ by"
    )
    for name, network in NETWORKS.items():
        try:
            told = _warm(folder / str(len(name)), network, max(2, round(options.cases * network.share)), options)
        except Exception as error:
            told = f"not measured: {str(error).splitlines()[0][:150]}"
        print(f"  {name:24} {told}", flush=True)


def _warm(folder: Path, network: Measured, count: int, options: argparse.Namespace) -> str:
    """The row of one network."""
    from features.core.case import CaseId, FileSet, Scan
    from features.core.kinds.recipe import load_recipe
    from features.core.kinds.sampling import LEVELS, to_unit
    from features.core.storage.store import Store
    from features.deep.extractors.network import Network
    from features.deep.running import run
    from features.results.extract_scans import extract_scans
    from features.results.work import features_of

    folder.mkdir()
    recipe = load_recipe(recipe_file(folder, [network.extractor], **network.recipe))
    (extractor,) = recipe.extractors
    assert isinstance(extractor, Network)
    (shown,) = extractor.shown
    rng, store, works = np.random.default_rng(0), Store(folder / "store"), []
    shape = (count, 1, shown.sampling.channels(1), *shown.shape.size)
    views = rng.integers(0, LEVELS + 1, shape, np.uint16)
    for i, view in enumerate(views):
        file = FileSet("nifti", (), f"{i:064d}")
        scan = Scan(CaseId("builtin", f"p{i}"), "A", "CT", "HU", file, file, "1")
        works.append(features_of(scan, recipe, extractor))
        store.save_array("samples", works[-1].samples[0].address, view, {})
    memory, asked = np.concatenate([to_unit(view) for view in views]), extractor.asked
    turns = iter(range(1, 2**16))

    def kept() -> list[Any]:  # under addresses of its own: new files, as a refresh writes them
        turn = f"{next(turns):04x}"
        named = [replace(work, address=work.address[:-4] + turn) for work in works]
        if any(extract_scans(named, store)):
            raise SystemExit("features could not be computed")
        return named

    found, last = run(asked, memory), kept()
    values = np.array([[*store.load(work.block, work.address).values()] for work in last])  # type: ignore[union-attr]
    costs, began = [], time.perf_counter()
    while len(costs) < options.repeats and (len(costs) < 3 or time.perf_counter() - began < LONG):
        costs.append((timed(lambda: run(asked, memory)), timed(kept)))
    few = memory[: EAGER if len(shown.shape.size) == 2 else EAGER // 8]
    slow, wanted = _eager(asked, few)
    pairs = ((found[: len(few)], wanted), (values, found))
    apart, kept_apart = (np.abs(one - other).max() / np.abs(other).max() for one, other in pairs)
    told = f"{count:3d}"
    for unit, times in (("wall", [1 / count]), ("cpu", [1000 / count])):
        bare, ours = (median([getattr(pair[i], unit) for pair in costs]) * times[0] for i in (0, 1))
        share = median([getattr(one, unit) / getattr(other, unit) for one, other in costs])
        shown_as = (1 / bare, 1 / ours) if unit == "wall" else (bare, ours)
        told += f"  {shown_as[0]:6.1f} {shown_as[1]:6.1f} {share:7.3f}"
    return f"{told} {len(few) / slow.wall:7.1f} {apart:13.1e} {kept_apart:11.1e}"


def _eager(asked: Any, views: NDArray[np.float32]) -> tuple[Cost, NDArray[np.float32]]:
    """What torch's own forward costs on the device, and what it gives on processors."""
    import torch

    from features.deep.asked import pooled
    from features.deep.device import chosen_device
    from features.deep.on_device import MOST

    loaded, device = asked.load(), chosen_device()
    parts = [torch.from_numpy(part) for part in np.array_split(views, max(1, len(views) // MOST["cpu"]))]

    def forward(on: str) -> Any:
        loaded.network.to(on)
        with torch.inference_mode():
            return torch.cat([pooled(asked, loaded, part.to(on)).cpu() for part in parts]).numpy()

    wanted = forward("cpu")
    return timed(lambda: forward(device)), wanted


def loop(folder: Path, options: argparse.Namespace) -> None:
    """From files to features: what a refresh does, against one case after the other, both over all scans of the cohort."""
    from benchmarks.deep_plain import features, files_of
    from features.core.kinds.recipe import load_recipe
    from features.deep.device import chosen_device
    from features.deep.extractors.network import Network

    folder.mkdir(parents=True)
    catalog, recipe = simulated(folder, options.patients), recipe_file(folder, ["efficientnet_lite0"])
    (network,) = load_recipe(recipe).extractors
    assert isinstance(network, Network)
    loaded, device = network.asked.load(), chosen_device()
    loaded.network.to(device)
    scans, found = files_of(catalog.parent), list[NDArray[np.float32]]()

    def plain() -> None:
        found[:] = [values for one in scans if (values := features(one, loaded, device)) is not None]

    costs, ours = list[Cost](), list[dict[str, float]]()
    plain()
    for _ in range(options.repeats):  # in turns, so that both meet the same machine
        costs.append(timed(plain))
        ours.append(one_way(ROOT, catalog, recipe, folder / "now.npz"))
    peer, count = min(costs, key=lambda cost: cost.wall), len(scans)
    print(f"\nloop: {count} scans, EfficientNet-Lite0, two views a scan, best of {options.repeats}")
    print(
        f"  plain loop, nothing checked     {1000 * peer.wall / count:7.1f} ms a scan  {1000 * peer.cpu / count:7.1f} ms CPU"
    )
    for what, key in (("ours, of checked scans", ""), ("ours, with all checks", "whole_")):
        wall, cpu = (min(cost[f"{key}{unit}"] for cost in ours) / ours[0]["scans"] for unit in ("wall", "cpu"))
        times = f"times as fast {peer.wall / count / wall:5.2f}, of CPU {peer.cpu / count / cpu:5.2f}"
        print(f"  {what:31} {1000 * wall:7.1f} ms a scan  {1000 * cpu:7.1f} ms CPU   {times}")
    print(f"  {_alike(found, np.load(folder / 'now.npz'))}")


def _alike(plain: Sequence[NDArray[np.float32]], ours: Any) -> str:
    """How near the features of both come; scans have other names there, so that the nearest is taken to be the same."""
    rows = np.array([ours[case] for case in ours.files], np.float64)
    alike = np.corrcoef(np.array(plain, np.float64), rows)[: len(plain), len(plain) :]
    best, nearest = alike.max(axis=1), {int(row.argmax()) for row in alike}
    return (
        f"each scan's features correlate with ours by {best.min():.3f} or more, median {np.median(best):.3f}; "
        f"{len(nearest)} of {len(rows)} scans are somebody's nearest"
    )


def backbones(folder: Path, options: argparse.Namespace) -> None:
    """Views a second of the usual network of every family, or of each network, by the engine that runs it.

    Networks are translated by two processes at a time, small ones first; what takes over 40 s of a processor is left, and said.
    """
    from features.deep.architecture import ARCHITECTURES
    from features.deep.card import card_names, load_card
    from features.deep.running import threads

    cards: dict[str, list[str]] = {}
    for name in card_names():
        cards.setdefault(load_card(name).architecture.variant, []).append(name)
    todo = []
    for kind in ARCHITECTURES.modules:
        found = ARCHITECTURES.load(kind)
        usual = found.model_fields["variant"].default if "variant" in found.model_fields else None
        variants = found.variants()
        todo += [(kind, one) for one in (variants if options.every or usual not in variants else (usual,))]
    todo.sort(key=lambda one: ARCHITECTURES.parse({"kind": one[0], "variant": one[1]}).millions or 0)
    print(
        f"\nbackbones: on processors, {options.seconds:.0f} s at most; {threads()} threads give {threads()} times as many views"
    )
    print(
        "  network                      weights            input              features  millions  engine       views/s  cards"
    )
    waiting, running, began = deque(todo), dict[Any, tuple[str, float, Any]](), time.perf_counter()
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)  # so that what is forked is whole
    while waiting or running:
        while waiting and len(running) < 2 and time.perf_counter() - began < options.seconds:
            kind, variant = waiting.popleft()
            here, there = multiprocessing.Pipe(duplex=False)
            begun = multiprocessing.get_context("fork").Process(
                target=_measure, args=(kind, variant, cards.get(variant, []), there)
            )
            begun.start()
            there.close()
            running[begun] = (variant, time.perf_counter(), here)
        if not running:
            break
        connection.wait([one.sentinel for one in running], 1)
        for process, (variant, since, told) in list(running.items()):
            if late := process.is_alive() and time.perf_counter() - since > LONG:
                process.kill()
                process.join()
            if not process.is_alive():
                row = (
                    f"not measured: {f'longer than {LONG} s' if late else f'its process ended with {process.exitcode}'}"
                )
                with contextlib.suppress(EOFError):  # it told nothing
                    row = told.recv() if told.poll() else row
                print(f"  {variant:28} {row}", flush=True)
                del running[process]
    if waiting:
        print(f"  not measured, the time was up: {', '.join(variant for _, variant in waiting)}")


def _measure(kind: str, variant: str, cards: Sequence[str], told: Any) -> None:
    """Tell the row of one network, in a process of its own."""
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # torch and onnxruntime print what is of no use here
    resource.setrlimit(resource.RLIMIT_CPU, (LONG, LONG))
    try:
        told.send(_row(kind, variant, cards))
    except Exception as error:
        told.send(f"not measured: {str(error).splitlines()[0][:100]}")


def _row(kind: str, variant: str, cards: Sequence[str]) -> str:
    """Weights are those of the first card whose checkpoint is here, else random."""
    from features.deep.architecture import ARCHITECTURES
    from features.deep.asked import Asked
    from features.deep.card import load_card
    from features.deep.finding import locate
    from features.deep.pooling import POOLINGS
    from features.deep.running import run
    from features.deep.translated import translated

    card = next((one for one in map(load_card, cards) if locate(one.weights) is not None), None)
    one = card.architecture if card is not None else ARCHITECTURES.parse({"kind": kind, "variant": variant})
    if (one.millions or 0) > MILLIONS:
        return f"not measured: {one.millions:.0f} million weights"
    asked = Asked(one, card, None if card is not None else 1, ("features",), (POOLINGS.parse("average"),))
    size = card.input.size if card is not None else one.input_size
    weights = sum(part.numel() for part in asked.load().network.parameters()) / 1e6
    os.environ["XDG_CACHE_HOME"] = os.devnull  # what is written of it is not kept: nobody will run it again
    views = np.random.default_rng(0).random((max(1, 2 * 224**2 // math.prod(size)), one.channels, *size), np.float32)[
        :16
    ]
    run(asked, views)
    each = timed(lambda: [run(asked, views) for _ in range(2)]).cpu / (2 * len(views))
    engine = "onnxruntime" if translated.cache_info().currsize else "torch"
    shown = " x ".join(map(str, (one.channels, *size)))
    of = "of the card" if card is not None else "random"
    return f"{of:18} {shown:19} {one.width:7d} {weights:9.1f}  {engine:11} {1 / each:8.2f}  {', '.join(cards)}"


def main() -> None:
    """Print the table of what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["warm", "build", "loop", "backbones", "all"])
    parser.add_argument("--patients", type=int, default=8, help="of each centre of the built-in cohort")
    parser.add_argument("--cases", type=int, default=128, help="of warm: samples")
    parser.add_argument(
        "--seconds", type=float, default=330, help="of backbones: after which no further network is begun"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--every", action="store_true", help="of backbones: each network, not one of each family")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, do in {"warm": warm, "build": build, "loop": loop, "backbones": backbones}.items():
            if options.what in (name, "all"):
                do(Path(folder) / name, options)


if __name__ == "__main__":
    main()
