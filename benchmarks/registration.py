"""Target registration error against planted moves, in mm, with the error without registration beside it.

    python benchmarks/registration.py phantoms    # heads and trunks: kinds of image, noise, coverage; CPU seconds
    python benchmarks/registration.py failures    # pairs that cannot be registered: how many are found as such
    python benchmarks/registration.py brain       # the simulated brain cohort, from its files: centre B is moved
    python benchmarks/registration.py dementia    # the simulated dementia cohort: T1 to the template of its atlas, affine
    python benchmarks/registration.py sarcoma     # real PET and T1 that lie right already (--data: folder sts of the public data)
    python benchmarks/registration.py picture     # a pair as the quality page shows it, into --out
    python benchmarks/registration.py size        # CPU seconds of one pair from 10^5 to 10^7 voxels

A phantom is a function of points: its images are exact after a move of 5 to 10 mm and 5 degrees (to a template: 20 mm,
8 degrees, scales of 0.9 to 1.1). The target registration error (TRE) is the distance of points of the ROI from where they
belong; of each pair the mean over its ROI, then mean and highest over pairs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy import ndimage  # noqa: E402

from benchmarks.registration_phantom import (  # noqa: E402
    HEAD_ROI,
    TRUNK_ROI,
    Grid,
    ball,
    picture_of,
    planted_move,
    roi_points,
)
from features.core.quarantine import Rejected  # noqa: E402
from features.core.region import Volume  # noqa: E402
from features.core.registration import TEMPLATE, Registration  # noqa: E402
from features.images.registration.picture import draw_pair  # noqa: E402
from features.images.registration.register import register  # noqa: E402

RIGID, AFFINE = Registration(to="t1c"), Registration(to=TEMPLATE, kind="affine")
HEAD = Grid((80, 200, 170), (1.0, 1.0, 2.2))
SLICES = Grid((34, 220, 200), (0.9, 0.9, 5.0))
DIFFUSION = Grid((50, 112, 112), (2.0, 2.0, 3.5))
SLAB = Grid((22, 112, 112), (2.0, 2.0, 4.0), (5.0, 0.0, 20.0))
ISOTROPIC = Grid((170, 200, 170), (1.1, 1.1, 1.1))
CT = Grid((150, 170, 240), (1.6, 1.6, 3.0))
PET = Grid((110, 100, 128), (4.0, 4.0, 4.0))
THICK = Grid((90, 180, 220), (1.8, 1.8, 5.0))


@dataclass(frozen=True)
class Case:
    """A kind of pair: what is looked at, and how."""

    name: str
    body: str
    fixed: tuple[str, Grid]
    moving: tuple[str, Grid]
    noise: float = 0.05
    settings: Registration = RIGID
    psf_mm: float = 1.0
    shift_mm: tuple[float, float] = (5.0, 10.0)
    degrees: float = 5.0


CASES = (
    Case("FLAIR to T1c", "head", ("t1c", HEAD), ("flair", SLICES)),
    Case("FLAIR to T1c, noise 15 %", "head", ("t1c", HEAD), ("flair", SLICES), 0.15),
    Case("T2 to T1", "head", ("t1", HEAD), ("t2", SLICES)),
    Case("ADC to T1c", "head", ("t1c", HEAD), ("adc", DIFFUSION)),
    Case("ADC to T1c, noise 15 %", "head", ("t1c", HEAD), ("adc", DIFFUSION), 0.15),
    Case("ADC slab of 88 mm to T1c", "head", ("t1c", HEAD), ("adc", SLAB)),
    Case("FDG PET to T1", "head", ("t1", HEAD), ("fdg", Grid((60, 90, 80), (2.5, 2.5, 3.0))), psf_mm=2.5),
    Case("PET to CT", "trunk", ("ct", CT), ("pet", PET), 0.03, psf_mm=3.0),
    Case("PET to CT, noise 10 %", "trunk", ("ct", CT), ("pet", PET), 0.10, psf_mm=3.0),
    Case("CT to CT with contrast", "trunk", ("ct_contrast", CT), ("ct", THICK), shift_mm=(10.0, 25.0)),
    Case(
        "T1 to a template, affine",
        "head",
        ("t1", HEAD),
        ("t1", ISOTROPIC),
        settings=AFFINE,
        shift_mm=(20.0, 20.0),
        degrees=8.0,
    ),
)


@dataclass(frozen=True)
class Measured:
    """A pair: its TRE before and after in mm (after: NaN if it failed), CPU seconds."""

    before: float
    after: float
    cpu_s: float


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description="Target registration error against planted moves.")
    parser.add_argument("what", choices=["phantoms", "failures", "brain", "dementia", "size", "picture", "sarcoma"])
    parser.add_argument("--pairs", type=int, default=5, help="of each kind, or patients of a centre (default 5)")
    parser.add_argument("--cases", type=int, default=len(CASES), help="so many kinds of the list (default all)")
    parser.add_argument("--out", type=Path, default=Path("registration.png"), help="of the picture")
    parser.add_argument("--data", type=Path, help="folder with STS_002 and so on")
    options = parser.parse_args()
    if options.what == "phantoms":
        phantoms(options.pairs, CASES[: options.cases])
    elif options.what == "failures":
        failures(options.pairs)
    elif options.what == "brain":
        brain(options.pairs)
    elif options.what == "dementia":
        dementia(options.pairs)
    elif options.what == "picture":
        picture(options.out)
    elif options.what == "sarcoma":
        sarcoma(options.data)
    else:
        size()


def phantoms(pairs: int, cases: tuple[Case, ...]) -> None:
    """A row for each kind of pair."""
    _head("Pair", "largest spacing mm")
    for case in cases:
        measured = [_pair(case, np.random.default_rng(100 + seed)) for seed in range(pairs)]
        largest = max(*case.fixed[1].spacing_mm, *case.moving[1].spacing_mm)
        _row(case.name, f"{largest:g}", measured)


def _pair(case: Case, rng: np.random.Generator) -> Measured:
    scale = 0.1 if case.settings is AFFINE else 0.0
    move = planted_move(rng, shift_mm=rng.uniform(*case.shift_mm), degrees=case.degrees, scale=scale)
    bias = 0.2 if case.body == "head" else 0.0
    fixed = picture_of(case.body, *case.fixed, rng, noise=case.noise, bias=bias)
    moving = picture_of(case.body, *case.moving, rng, move=move, noise=case.noise, psf_mm=case.psf_mm, bias=bias)
    points = roi_points(HEAD_ROI if case.body == "head" else TRUNK_ROI)
    return measure(moving, fixed, case.settings, move(points), points)


def measure(
    moving: Volume, fixed: Volume, settings: Registration, places: NDArray[np.float64], belong: NDArray[np.float64]
) -> Measured:
    """Register a pair; places: points of the moving image, belong: where they lie in the fixed one."""
    before = float(np.linalg.norm(places - belong, axis=1).mean())
    start = time.process_time()
    try:
        found = register(moving, fixed, settings)
    except Rejected:
        return Measured(before, np.nan, time.process_time() - start)
    after = float(np.linalg.norm(found.transform(places) - belong, axis=1).mean())
    return Measured(before, after, time.process_time() - start)


def failures(pairs: int) -> None:
    """A row for each kind of pair that must not be registered."""
    print("| Moving image | Fixed image | Pairs | Found as failures |\n|---|---|---:|---:|")
    kinds: dict[tuple[str, str], list[bool]] = {}
    for seed in range(pairs):
        for moving_name, fixed_name, moving, fixed, settings in _hopeless(np.random.default_rng(200 + seed)):
            try:
                register(moving, fixed, settings)
                found = False
            except Rejected as rejected:
                found = rejected.code == "REGISTRATION_FAILED"
            kinds.setdefault((moving_name, fixed_name), []).append(found)
    for (moving_name, fixed_name), told in kinds.items():
        print(f"| {moving_name} | {fixed_name} | {len(told)} | {sum(told)} |")
    print(f"\n{sum(map(sum, kinds.values()))} of {sum(map(len, kinds.values()))} were found")


def _hopeless(rng: np.random.Generator) -> Iterator[tuple[str, str, Volume, Volume, Registration]]:
    """Pairs that have nothing in common."""
    head = picture_of("head", "t1c", HEAD, rng, noise=0.05, bias=0.2)
    trunk = picture_of("trunk", "ct", CT, rng, noise=0.02)
    flair = picture_of("head", "flair", SLICES, rng, noise=0.05)
    noise = rng.normal(size=SLICES.shape).astype(np.float32)
    yield "noise", "T1c of a head", replace(flair, array=noise), head, RIGID
    yield "noise", "T1c as a template, affine", replace(flair, array=noise), head, AFFINE
    for name, sd in (("noise, blurred by 7 mm", (1.5, 8.0, 8.0)), ("noise, blurred by 18 mm", (4.0, 20.0, 20.0))):
        yield name, "T1c of a head", replace(flair, array=ndimage.gaussian_filter(noise, sd)), head, RIGID
    yield "one value", "T1c of a head", replace(flair, array=np.full_like(noise, 7.0)), head, RIGID
    yield "FLAIR of a head", "CT of a trunk", flair, trunk, RIGID
    yield "CT of a trunk", "T1c of a head", trunk, head, RIGID
    upper = picture_of("trunk", "pet", Grid((45, 100, 128), (4.0, 4.0, 4.0), (0.0, 0.0, 115.0)), rng, noise=0.03)
    lower = picture_of("trunk", "ct", Grid((60, 170, 240), (1.6, 1.6, 3.0), (0.0, 0.0, -115.0)), rng, noise=0.02)
    yield "PET of the chest", "CT of the abdomen", upper, lower, RIGID


def brain(patients: int) -> None:
    """Two rows: FLAIR and ADC of the moved centre, registered from their files."""
    from features.images.formats.volume import read_volume
    from features.simulate.fields import Rigid

    _head("Pair", "largest spacing mm")
    with tempfile.TemporaryDirectory() as folder:
        _simulate("brain", Path(folder), patients)
        truth = pd.read_csv(Path(folder) / "truth" / "patients.csv")
        for word in ("flair", "adc"):
            measured, largest = [], 0.0
            for one in truth[truth["centre"] == "B"].to_dict("records"):
                place = Path(folder) / "B" / str(one["patient"])
                if not (place / f"{word}.nii.gz").exists() or not (place / "t1c.nii.gz").exists():
                    continue
                fixed, moving = read_volume(place / "t1c.nii.gz"), read_volume(place / f"{word}.nii.gz")
                turns, shifts = (
                    tuple(float(one[f"{word}_{what}_{axis}_{unit}"]) for axis in "xyz")
                    for what, unit in (("turn", "degrees"), ("shift", "mm"))
                )
                motion = Rigid.of(turns, shifts)  # type: ignore[arg-type]
                labels = read_volume(place / "seg.nii.gz")
                belong = _places(labels, np.isin(labels.array, (1, 4)))
                places = (belong - motion.shift_mm) @ motion.matrix  # the inverse of a turn is its transpose
                measured.append(measure(moving, fixed, RIGID, places, belong))
                largest = max(*fixed.spacing_mm, *moving.spacing_mm)
            _row(f"{word.upper()} to T1c", f"{largest:g}", measured)


def dementia(patients: int) -> None:
    """A row: T1 of the centres that have an atlas, registered to its template; the error at all labels of the atlas."""
    from features.images.formats.volume import read_volume

    _head("Pair", "largest spacing mm")
    with tempfile.TemporaryDirectory() as folder:
        _simulate("dementia", Path(folder), patients)
        fixed, labels = (read_volume(Path(folder) / "atlas" / f"{name}.nii.gz") for name in ("t1", "labels"))
        belong = _places(labels, labels.array > 0)
        truth = pd.read_csv(Path(folder) / "truth" / "patients.csv")
        measured = []
        for one in truth[truth["affine_00"].notna()].to_dict("records"):
            matrix = np.array([[one[f"affine_{row}{column}"] for column in range(3)] for row in range(3)])
            shift = np.array([one[f"affine_shift_{axis}_mm"] for axis in "xyz"])
            (path,) = (Path(folder) / str(one["centre"])).rglob(f"{one['patient']}/t1.nii.gz")
            places = (belong - shift) @ np.linalg.inv(matrix).T
            measured.append(measure(read_volume(path), fixed, AFFINE, places, belong))
        _row("T1 to the template of the atlas, affine", f"{max(fixed.spacing_mm):g}", measured)


def _simulate(kind: str, folder: Path, patients: int) -> None:
    size = ["--kind", kind, "--patients-per-centre", str(patients), "--seed", "7"]
    command = [sys.executable, str(ROOT / "radweave.py"), "simulate", str(folder), *size]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _places(grid: Volume, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Places of the voxels of a mask in mm."""
    axes = np.array(grid.direction).reshape(3, 3) * np.array(grid.spacing_mm)
    return np.asarray(np.argwhere(mask)[:, ::-1] @ axes.T + np.array(grid.origin_mm))


def sarcoma(folder: Path) -> None:
    """T1 registered to PET, both cropped round a sarcoma and in one frame: how far the ROI of the PET, carried over, is the
    ROI that was drawn on the T1, without and with registration."""
    from features.images.formats.volume import read_volume
    from features.images.masks.carried import carry_mask

    print("| Patient | Dice without | Dice with | shift mm | turn ° | metric before | after | said |")
    print(f"|---{'|---:' * 6}|---|")
    for place in sorted(folder.glob("STS_*")):
        if not (place / "MR_T1_image.nii.gz").exists():
            continue
        t1, pet = (read_volume(place / f"{name}_image.nii.gz") for name in ("MR_T1", "PET"))
        own, drawn = (read_volume(place / f"{name}_mask.nii.gz").array > 0 for name in ("MR_T1", "PET"))
        before = _dice(own, carry_mask(drawn, pet, t1))
        try:
            found = register(t1, pet, RIGID)
            after = _dice(own, carry_mask(drawn, pet, t1, found.transform))
        except Rejected as rejected:
            print(f"| {place.name} | {before:.2f} | – | – | – | – | – | {rejected.code} |")
            continue
        said = ", ".join(warned.code for warned in found.warnings(RIGID)) or "–"
        numbers = f"{found.shift_mm:.1f} | {found.rotation_deg:.1f} | {found.metric_before:.2f} | {found.metric:.2f}"
        print(f"| {place.name} | {before:.2f} | {after:.2f} | {numbers} | {said} |", flush=True)


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))


def picture(path: Path) -> None:
    """The picture of FLAIR and T1c with the ROI."""
    rng = np.random.default_rng(2)
    move = planted_move(rng, shift_mm=9.0, degrees=6.0)
    fixed = picture_of("head", "t1c", HEAD, rng, noise=0.03)
    moving = picture_of("head", "flair", SLICES, rng, move=move, noise=0.03)
    found = register(moving, fixed, RIGID)
    path.write_bytes(draw_pair(moving, fixed, ball(HEAD_ROI, HEAD), found.transform))


def size() -> None:
    """CPU seconds of PET to CT and FLAIR to T1c at several numbers of voxels of the fixed image."""
    print("| Pair | Voxels of the fixed image (10⁶) | CPU s | TRE mm |\n|---|---:|---:|---:|")
    for case in (CASES[0], CASES[7]):
        for finer in (0.5, 1.0, 1.3):
            look, grid = case.fixed
            z, y, x = (round(length * finer) for length in grid.shape)
            sx, sy, sz = (step / finer for step in grid.spacing_mm)
            fine = replace(case, fixed=(look, Grid((z, y, x), (sx, sy, sz), grid.centre)))
            one = _pair(fine, np.random.default_rng(5))
            print(f"| {case.name} | {x * y * z / 1e6:.1f} | {one.cpu_s:.1f} | {one.after:.2f} |")


def _head(*names: str) -> None:
    print(
        f"| {' | '.join(names)} | pairs | TRE before, mean mm | TRE after, mean mm | TRE after, highest mm | failed | CPU s |"
    )
    print(f"|---{'|---:' * (len(names) + 5)}|")


def _row(name: str, spacing: str, measured: list[Measured]) -> None:
    after = np.array([one.after for one in measured])
    known = after[np.isfinite(after)]
    mean, most = (f"{known.mean():.2f}", f"{known.max():.2f}") if known.size else ("–", "–")
    before, cpu = np.mean([one.before for one in measured]), np.mean([one.cpu_s for one in measured])
    failed = int(np.isnan(after).sum())
    print(
        f"| {name} | {spacing} | {len(measured)} | {before:.2f} | {mean} | {most} | {failed} | {cpu:.1f} |", flush=True
    )


if __name__ == "__main__":
    main()
