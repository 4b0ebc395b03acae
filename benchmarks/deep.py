"""Deep features: how much of the bare network's speed is left, what the way before cost, and what a plain loop costs.

    python benchmarks/deep.py warm                  # samples that are kept → features, against the bare network
    python benchmarks/deep.py build                 # built-in cohort: from store to features, against an earlier commit
    python benchmarks/deep.py loop                  # built-in cohort: files to features, against one case at a time
    python benchmarks/deep.py backbones             # views a second of every family, random weights; --every: of each network
    python benchmarks/deep.py all                   # all of them, one after the other

`bare`: the same engine over views that are in memory already, nothing else. `warm`: samples read from work/, seal checked,
network, pooling, features kept. `eager`: torch's own forward, one batch of 16. `plain loop`: for each case, read image and mask
with nibabel, crop, scale, torch's forward of each view, average; no store, no checks. `build`: the commit before samples were
kept, with the same files and checkpoint, in processes of its own. Features are compared beside each figure. On a machine with
a GPU the same commands measure it; its rows are not there otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

BEFORE = "98f84e3"  # the last commit whose networks read images themselves
COHORT = "builtin"
CLOSE = 1e-3  # of the largest value
NETWORKS: dict[str, dict[str, Any]] = {
    "EfficientNet-Lite0, 224²": {"kind": "network", "weights": "efficientnet_lite0", "samplings": ["largest"]},
    "ResNet-50, 224²": {
        "kind": "network",
        "weights": "random",
        "seed": 1,
        "architecture": {"kind": "resnet", "variant": "resnet50"},
        "samplings": ["largest"],
    },
    "I3ResNet-152, 48³": {
        "kind": "network",
        "weights": "random",
        "seed": 1,
        "architecture": {"kind": "i3resnet", "variant": "i3resnet152", "channels": 1},
        "samplings": ["patch"],
    },
}


class Cost(NamedTuple):
    """Seconds on the clock, and of processors, children included."""

    wall: float
    cpu: float


def timed(do: Callable[[], object]) -> Cost:
    """What a call costs."""
    start, before = time.perf_counter(), os.times()
    do()
    after = os.times()
    return Cost(time.perf_counter() - start, sum(after[:4]) - sum(before[:4]))


def best(do: Callable[[], object], times: int) -> Cost:
    """The cheapest of several runs, on the clock."""
    return min((timed(do) for _ in range(times)), key=lambda cost: cost.wall)


def simulated(folder: Path, patients: int) -> Path:
    """The catalog of the built-in cohort."""
    from features.simulate.simulator import SIMULATORS, simulate

    return simulate(SIMULATORS.parse({"kind": "lung", "seed": 1, "patients_per_centre": patients}), folder / "cohort")


def recipe_file(folder: Path, extractors: Sequence[Any]) -> Path:
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
    import torch

    from features.core.case import CaseId, FileSet, Scan
    from features.core.kinds.recipe import Recipe, load_recipe
    from features.core.storage.store import Store
    from features.deep.asked import pooled
    from features.deep.device import chosen_device
    from features.deep.extractors.network import Network
    from features.deep.on_device import MOST
    from features.deep.running import run
    from features.results.extract_scans import extract_scans
    from features.results.samples import LEVELS
    from features.results.work import Extraction, features_of

    device = chosen_device()
    print(f"\nwarm: on {device}, {options.cases} samples, {torch.get_num_threads()} threads, best of {options.repeats}")
    print("  network                     bare views/s   warm views/s   share   torch eager   largest difference")
    folder.mkdir(parents=True)
    for name, settings in NETWORKS.items():
        try:
            recipe: Recipe = load_recipe(recipe_file(folder, [settings]))
        except Exception as error:
            print(f"  {name:26} not measured: {error}")
            continue
        (network,) = recipe.extractors
        assert isinstance(network, Network)
        (shown,) = network.shown
        rng = np.random.default_rng(0)
        count = options.cases if network.network.dimensions == 2 else max(4, options.cases // 4)
        channels = shown.sampling.channels(1)
        views = [rng.integers(0, LEVELS, (1, channels, *shown.shape.size), np.uint16) for _ in range(count)]
        store, works = Store(folder / name), []
        for i, view in enumerate(views):
            file = FileSet("nifti", (), f"{i:064d}")
            scan = Scan(CaseId("builtin", f"p{i}"), "A", "CT", "HU", file, file, "1")
            works.append(features_of(scan, recipe, network))
            store.save_array("samples", works[-1].samples[0].address, view, {})
        memory = (np.concatenate(views).astype(np.float32) / np.float32(LEVELS)).astype(np.float32)
        asked = network.asked

        def bare(asked: Any = asked, memory: NDArray[np.float32] = memory) -> NDArray[np.float32]:
            return run(asked, memory)

        def kept(works: list[Extraction] = works, store: Store = store) -> None:
            extract_scans(works, store)

        def eager(on: str = device, asked: Any = asked, memory: NDArray[np.float32] = memory) -> NDArray[np.float32]:
            loaded, parts = asked.load(), np.array_split(memory, max(1, len(memory) // MOST["cpu"]))
            loaded.network.to(on)
            with torch.inference_mode():
                found = [pooled(asked, loaded, torch.from_numpy(part).to(on)).cpu() for part in parts]
            return np.asarray(torch.cat(found).numpy(), np.float32)

        bare(), kept()
        pairs = [(timed(bare), timed(kept)) for _ in range(options.repeats)]
        first, second = (min(pair[i].wall for pair in pairs) for i in (0, 1))
        slow = min((timed(eager) for _ in range(2)), key=lambda cost: cost.wall)
        found, wanted = bare(), eager("cpu")  # of a GPU: how far it is from processors
        apart = float(np.abs(found - wanted).max() / np.abs(wanted).max())
        print(
            f"  {name:26} {count / first:12.2f} {count / second:14.2f} {first / second:8.3f} {count / slow.wall:12.2f} "
            f"{apart:14.1e} of the largest",
            flush=True,
        )


def loop(folder: Path, options: argparse.Namespace) -> None:
    """From files to features: a refresh's two steps, against one case after the other."""
    import nibabel
    import torch

    from features.core.kinds.recipe import load_recipe
    from features.deep.device import chosen_device
    from features.deep.extractors.network import Network
    from features.deep.taps import forward

    folder.mkdir(parents=True)
    catalog, recipe = simulated(folder, options.patients), recipe_file(folder, ["efficientnet_lite0"])
    (network,) = load_recipe(recipe).extractors
    assert isinstance(network, Network)
    loaded, device = network.asked.load(), chosen_device()
    loaded.network.to(device)
    images = sorted((catalog.parent / "C").rglob("CT.nii.gz"))

    def plain() -> None:
        for path in images:
            array = np.asarray(nibabel.load(path).dataobj).T  # type: ignore[attr-defined]
            mask = np.asarray(nibabel.load(path.with_name("GTV.nii.gz")).dataobj).T > 0  # type: ignore[attr-defined]
            if not mask.any():
                continue
            place = int(mask.sum(axis=(1, 2)).argmax())
            rows, columns = np.nonzero(mask[place])
            part = (slice(max(0, rows.min() - 5), rows.max() + 6), slice(max(0, columns.min() - 5), columns.max() + 6))
            for slices in ((place,) * 3, (max(0, place - 1), place, min(len(array) - 1, place + 1))):
                pixels = np.clip((array[list(slices)][(slice(None), *part)].astype(np.float32) + 1000) / 1400, 0, 1)
                with torch.inference_mode():
                    scaled = torch.nn.functional.interpolate(
                        torch.from_numpy(pixels)[None], (224, 224), mode="bilinear", antialias=True
                    )
                    shown = loaded.prepared(scaled.to(device))
                    forward(loaded.architecture, loaded.network, shown, ("features",))["features"].mean((2, 3)).cpu()

    plain()
    ours = [one_way(ROOT, catalog, recipe, folder / "now.npz") for _ in range(options.repeats)]
    peer = best(plain, options.repeats)
    mine = min(ours, key=lambda cost: cost["wall"])
    per, own = peer.wall / len(images), mine["wall"] / mine["scans"]
    print(
        f"\nloop: EfficientNet-Lite0, two views a case; plain loop over {len(images)} NIfTI cases, ours over {int(mine['scans'])}"
    )
    print(f"  plain loop  {1000 * per:7.1f} ms a case on the clock  {1000 * peer.cpu / len(images):7.1f} ms CPU")
    print(f"  ours        {1000 * own:7.1f} ms a case on the clock  {1000 * mine['cpu'] / mine['scans']:7.1f} ms CPU")
    print(
        f"  times as fast {per / own:5.2f}                       {peer.cpu / len(images) / (mine['cpu'] / mine['scans']):7.2f}"
    )


def backbones(folder: Path, options: argparse.Namespace) -> None:
    """Views a second of the usual variant of every architecture, or of each; random weights, by the engine that runs it."""
    from features.deep.architecture import ARCHITECTURES
    from features.deep.asked import Asked
    from features.deep.device import chosen_device
    from features.deep.pooling import POOLINGS
    from features.deep.running import run, threads

    os.environ["XDG_CACHE_HOME"] = str(folder)  # networks that nobody will run again
    device, count = chosen_device(), 4
    print(f"\nbackbones: on {device}, {threads()} threads, batches of {count} views, random weights, best of 2")
    print("  network                      input              features   views/s   million weights")
    for kind in ARCHITECTURES.modules:
        found = ARCHITECTURES.load(kind)
        usual = found.model_fields["variant"].default if "variant" in found.model_fields else None
        variants = found.variants()
        for variant in variants if options.every or usual not in variants else (usual,):
            try:
                one = found.model_validate({"variant": variant})
                asked = Asked(one, None, 1, ("features",), (POOLINGS.parse("average"),))
                views = np.random.default_rng(0).random((count, one.channels, *one.input_size), np.float32)
                run(asked, views)
                cost = best(lambda: run(asked, views), 2)  # noqa: B023
                weights = sum(part.numel() for part in asked.load().network.parameters()) / 1e6
            except Exception as error:
                print(f"  {variant:28} not measured: {str(error).splitlines()[0][:100]}", flush=True)
                continue
            size = " x ".join(map(str, (one.channels, *one.input_size)))
            print(f"  {variant:28} {size:18} {one.width:8d} {count / cost.wall:9.2f} {weights:10.1f}", flush=True)


def main() -> None:
    """Print the table of what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["warm", "build", "loop", "backbones", "all"])
    parser.add_argument("--patients", type=int, default=8, help="of each centre of the built-in cohort")
    parser.add_argument("--cases", type=int, default=32, help="of warm: samples")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--every", action="store_true", help="of backbones: each network, not one of each family")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, do in {"warm": warm, "build": build, "loop": loop, "backbones": backbones}.items():
            if options.what in (name, "all"):
                do(Path(folder) / name, options)


if __name__ == "__main__":
    main()
