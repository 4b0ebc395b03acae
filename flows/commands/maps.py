"""map: features of the surroundings of every voxel as images, of one pair of files or many, without catalog and store."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import ExitCode, RadweaveError
from features.core.progress import tell
from features.core.quarantine import REASONS, Rejected
from features.core.wording import counted
from features.radiomics.pair import remedy_of
from flows.commands.extract import Line, read_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.radiomics.pair import Pair
    from features.radiomics.parameters import Parameters

ENDINGS = (".nii", ".nii.gz")


@dataclass(frozen=True)
class Written:
    """What was written of a pair, in words. rejected: images that have no maps, and why."""

    told: str
    rejected: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def map_features(
    image: Annotated[
        Path, typer.Argument(help="The image: NIfTI, NRRD, MetaImage, a DICOM folder; or a CSV of pairs.")
    ],
    mask: Annotated[Path | None, typer.Argument(help="The label map; left out with a CSV.")] = None,
    *,
    out: Annotated[
        Path, typer.Option("--output", "--out", "-o", help="A folder; or, of one map, a file: .nii or .nii.gz.")
    ],
    feature: Annotated[
        list[str] | None,
        typer.Option(help="glcm_Contrast; glcm for the whole family; all. As often as you like."),
    ] = None,
    param: Annotated[Path | None, typer.Option("--param", "-p", help="A parameter file of pyradiomics.")] = None,
    label: Annotated[int | None, typer.Option("--label", "-l", min=1, help="The ROI's label in the mask.")] = None,
    radius: Annotated[
        int | None, typer.Option(min=1, max=20, help="Voxels that the surroundings reach, each way; 1 unless told.")
    ] = None,
    bin_width: Annotated[float | None, typer.Option(help="Width of the bins; 25 unless told.")] = None,
    flat: Annotated[bool, typer.Option("--flat", help="Surroundings within slices (along z) only.")] = False,
    crop: Annotated[bool, typer.Option("--crop", help="Write the ROI's box and the radius around it alone.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Threads side by side; 0: one per core.")] = 1,
) -> None:
    """Write features of the surroundings of every voxel of a ROI as images; 0 outside the ROI unless told otherwise."""
    from features.radiomics.maps import names_of_maps
    from flows.screen import Screen

    parameters = _parameters(param, feature or [], radius, bin_width, flat=flat)
    names = names_of_maps(parameters.plan)
    if not names:
        raise RadweaveError(f"{param}: names no feature that maps are made of; those of shape have none")
    lines = read_lines(image, mask, label)
    single = len(lines) == 1 and len(names) == 1
    if out.name.endswith(ENDINGS):
        if not single:
            raise RadweaveError(
                f"--output {out}: {counted(len(names), 'map')} of {counted(len(lines), 'pair')} need a folder"
            )
    elif out.is_file():
        raise RadweaveError(f"--output {out}: is a file; name a folder, or a file that ends in .nii or .nii.gz")
    places = _places(image, lines, out, alone=mask is not None)
    window = replace(parameters.window, threads=jobs or os.cpu_count() or 1)
    parameters = replace(parameters, window=window)
    _spare([image, mask, param, *lines], [target for place in places for target in _targets(place, names)])
    found = []
    with Screen():
        for number, (line, place) in enumerate(zip(lines, places, strict=True), start=1):
            found.append(_map_pair(line, parameters, place, crop=crop))
            if len(lines) > 1:
                tell("pairs", number, len(lines))
    for place, one in zip(places, found, strict=True):
        if isinstance(one, Rejected):
            remedy = remedy_of(one.code)
            message = one.message if remedy in one.message else f"{one.message}; {remedy}"
            typer.echo(f"failed: {place}: {one.code}: {message}", err=True)
            continue
        for told in (*one.warnings, *one.rejected):
            typer.echo(told, err=True)
        typer.echo(one.told)
    failed = sum(isinstance(one, Rejected) for one in found)
    if len(lines) > 1:
        typer.echo(f"{counted(len(lines), 'pair')}: {len(lines) - failed} mapped, {failed} failed", err=True)
    if failed:
        raise typer.Exit(ExitCode.DATA)


def _parameters(
    param: Path | None, asked: Sequence[str], radius: int | None, bin_width: float | None, *, flat: bool
) -> "Parameters":
    """What the options ask for. Raises RadweaveError where they contradict each other, or name what is not there."""
    from features.radiomics.dialects.settings import Settings
    from features.radiomics.maps import parse_features
    from features.radiomics.parameters import Parameters, load_parameters
    from features.radiomics.plan import ImageType, Plan
    from features.radiomics.pyradiomics_preparation import PyradiomicsPreparation
    from features.radiomics.voxelwise.compute import KERNELS
    from features.radiomics.voxelwise.window import Window

    families = parse_features(asked)
    if param is None:
        if not families:
            raise RadweaveError(
                "say what to map: --feature glcm_Contrast, --feature glcm, --feature all, or --param FILE"
            )
        if bin_width is not None and bin_width <= 0:
            raise RadweaveError(f"--bin-width {bin_width:g}: needed is a width above 0")
        settings = Settings(bin_width=25.0 if bin_width is None else bin_width, flat=flat)
        plan = Plan(images=(ImageType(None, settings),), families=families)
        return Parameters(PyradiomicsPreparation(), plan, window=Window(radius or 1))
    for option, given, key in (("--bin-width", bin_width, "binWidth"), ("--flat", flat, "force2D")):
        if given:
            raise RadweaveError(f"{option}: is for use without --param; in {param} it is setting.{key}")
    parameters = load_parameters(param)
    for note in parameters.notes:
        if note.setting != "voxelSetting":
            typer.echo(f"note: {note}", err=True)
    for kind in [] if families else parameters.plan.families:
        if kind not in KERNELS:
            typer.echo(f"note: {param}: {kind} has no maps", err=True)
    plan = Plan(images=parameters.plan.images, families=families or parameters.plan.families)
    return replace(parameters, plan=plan, window=replace(parameters.window, radius=radius or parameters.window.radius))


def _places(image: Path, lines: Sequence[Line], out: Path, *, alone: bool) -> list[Path]:
    """Where the maps of each pair go: into `out`; those of a CSV into a folder each, by ID or number."""
    if alone or out.name.endswith(ENDINGS):
        return [out]
    names = [line.carried.get("ID", "").strip() or f"pair-{number}" for number, line in enumerate(lines, start=1)]
    for name in names:
        if name != Path(name).name or name in (".", ".."):
            raise RadweaveError(f'{image}: the ID "{name}" is no name of a folder')
        if names.count(name) > 1:
            raise RadweaveError(
                f'{image}: the ID "{name}" stands twice; maps of one pair would replace those of another'
            )
    return [out / name for name in names]


def _map_pair(line: Line, parameters: "Parameters", place: Path, *, crop: bool) -> Written | Rejected:
    from features.results.attempt import attempt, out_of_memory

    pair = line.pair
    if isinstance(pair, Rejected):
        return pair
    try:
        return attempt(lambda: _write_maps(pair, parameters, place, crop=crop))
    except MemoryError as error:
        return out_of_memory(error)


def _write_maps(pair: "Pair", parameters: "Parameters", place: Path, *, crop: bool) -> Written:
    """Map by map, so that one grid is in memory at a time. Raises Rejected as the readers; RadweaveError: no such place."""
    import numpy as np

    from features.core.box import bounding_box
    from features.core.region import Volume
    from features.images.formats.nifti import write_nifti
    from features.radiomics.extraction import prepare, read_pair, told_of, warnings_of
    from features.radiomics.maps import Maps, map_region
    from features.radiomics.prepare_pair import crop_around

    image, labels = read_pair(pair, parameters)
    window, outside = parameters.window, parameters.outside
    with told_of(pair.image, pair.mask):
        steps, plan = prepare(image, labels, parameters, pair.label)
    region, grid = steps.region, steps.region.volume
    box = (slice(None), slice(None), slice(None))
    if crop:
        grid, box = crop_around(grid, bounding_box(region.mask, region.within), window.radius)
    rejected, written, told = [], 0, ""
    for name, maps in map_region(region, plan, window, outside=outside):
        if not isinstance(maps, Maps):
            rejected.append(f"partly: {place}: {name} has no maps: {maps}; {REASONS[maps.code].remedy}")
            continue
        shown = maps.within(box)
        for feature in shown:
            path = place if place.name.endswith(ENDINGS) else place / f"{name}_{feature}.nii.gz"
            voxels = shown[feature].astype(np.float32)
            write_nifti(path, Volume(voxels, grid.spacing_mm, grid.origin_mm, grid.direction), quick=True)
            written, told = written + 1, _span(feature, maps.of_voxels[feature])
    if not place.name.endswith(ENDINGS):
        told = f"{counted(written, 'map')} round {counted(int(np.count_nonzero(region.mask)), 'voxel')}"
    warnings = tuple(f"warning: {one.code}: {one.message}" for one in warnings_of(pair.image, pair.mask, image, labels))
    return Written(f"{place}: {told}", tuple(rejected), warnings)


def _span(feature: str, values: "NDArray[np.float64]") -> str:
    known = values[values == values]  # not NaN
    span = f"from {known.min():.6g} to {known.max():.6g}" if known.size else "none defined"
    return f"{feature} round {counted(values.size, 'voxel')}, {span}"


def _targets(place: Path, names: Sequence[str]) -> list[Path]:
    return [place] if place.name.endswith(ENDINGS) else [place / f"{name}.nii.gz" for name in names]


def _spare(given: Sequence[Path | Line | None], targets: Sequence[Path]) -> None:
    """Raises RadweaveError if a map would be written over what is read."""
    read: set[Path] = set()
    for one in given:
        if isinstance(one, Path):
            read.add(one.resolve())
        elif isinstance(one, Line) and not isinstance(one.pair, Rejected):
            read |= {one.pair.image.resolve(), one.pair.mask.resolve()}
    for target in targets:
        if target.resolve() in read:
            raise RadweaveError(f"--output {target}: is one of the files to read; choose another name")


map_features.__name__ = "map"  # the name of the command, which is a builtin's too
