"""Commands that measure something by itself, without a store: maps of a feature, and the agreement of measurements."""

from pathlib import Path
from typing import Annotated

import typer

from features.core.errors import RadweaveError


def map_feature(
    image: Annotated[Path, typer.Argument(help="The image: NIfTI, NRRD or MetaImage.")],
    mask: Annotated[Path, typer.Argument(help="The label map, on the image's grid.")],
    feature: Annotated[str, typer.Option(help="family_Feature, such as firstorder_Mean or glcm_Contrast.")],
    out: Annotated[Path, typer.Option(help="The map: .nii or .nii.gz.")],
    label: Annotated[int, typer.Option(min=1, help="Label of the ROI.")] = 1,
    radius: Annotated[int, typer.Option(min=1, help="Voxels that the surroundings reach, each way.")] = 1,
    bin_width: Annotated[float, typer.Option(min=0, help="Width of the bins of texture features.")] = 25.0,
    flat: Annotated[bool, typer.Option("--flat", help="Surroundings within slices (along z) only.")] = False,
) -> None:
    """Write a feature of the surroundings of every voxel of a ROI as an image; 0 outside the ROI."""
    import numpy as np

    from features.core.case import CaseId, FileSet, Scan
    from features.core.quarantine import REASONS, Rejected
    from features.core.region import Volume
    from features.images.formats.nifti import write_nifti
    from features.images.region import read_region
    from features.radiomics.maps import feature_maps
    from features.radiomics.settings import Settings
    from features.radiomics.voxelwise.window import Window

    if not out.name.endswith((".nii", ".nii.gz")):
        raise RadweaveError(f"--out {out}: a map is a NIfTI file; its name ends in .nii or .nii.gz")
    for path in (image, mask):
        if not path.is_file():
            raise RadweaveError(f"{path}: there is no such file")
        if path.resolve() == out.resolve():
            raise RadweaveError(f"--out {out}: is one of the files to read; choose another name")
    if bin_width == 0:
        raise RadweaveError("--bin-width 0: needed is a width above 0")
    family, _, name = feature.removeprefix("original_").partition("_")
    files = [FileSet("nifti", (path,), "") for path in (image, mask)]
    scan = Scan(CaseId("map", "one"), "", "CT", "arbitrary", files[0], files[1], str(label))
    try:
        region = read_region(scan)
        if not np.isfinite(region.values.astype(np.float64)).all():
            raise Rejected("NAN_IN_ROI")
        settings = Settings(bin_width=bin_width, flat=flat)
        ((_, found),) = feature_maps(region, {family: (name,)}, settings, Window(radius=radius)).items()
    except Rejected as rejected:
        remedy = REASONS[rejected.code].remedy
        raise RadweaveError(f"{image} with label {label} of {mask}: {rejected}; {remedy}") from rejected
    volume = region.volume
    write_nifti(out, Volume(found.astype(np.float32), volume.spacing_mm, volume.origin_mm, volume.direction))
    inside = found[region.mask]
    values = inside[np.isfinite(inside)]
    span = f"from {values.min():.6g} to {values.max():.6g}" if values.size else "none defined"
    typer.echo(f"{out}: {feature} round {inside.size} voxels, {span}")


def agreement(
    table: Annotated[Path, typer.Argument(help="CSV with a row per target and rater, and a column per feature.")],
    target: Annotated[str, typer.Option(help="Column that says what was measured, such as the patient.")],
    rater: Annotated[str, typer.Option(help="Column that says by whom or when: reader, scan, session.")],
    out: Annotated[Path, typer.Option(help="The scores as CSV.")],
) -> None:
    """Score how well readers, or test and retest, agree on every numeric column: ICC(2,1) and ICC(3,1) with intervals."""
    from dataclasses import asdict

    import pandas as pd

    from features.core.errors import did_you_mean
    from features.core.place import write_bytes
    from features.radiomics.reliability import reliability_of
    from flows.screen import Screen, stability_table

    try:
        frame = pd.read_csv(table, dtype={target: str, rater: str})
    except (OSError, ValueError) as error:
        raise RadweaveError(f"{table}: cannot be read as CSV: {getattr(error, 'strerror', None) or error}") from error
    for column in (target, rater):
        if column not in frame:
            hint = did_you_mean(column, [str(name) for name in frame.columns])
            raise RadweaveError(f'{table}: there is no column "{column}". {hint}'.strip())
        if frame[column].isna().any():
            raise RadweaveError(f'{table}: the column "{column}" has empty cells')
    if frame[rater].nunique() == 1:
        raise RadweaveError(f'{table}: the column "{rater}" names one rater; agreement needs two or more')
    numbers = frame.drop(columns=[target, rater]).select_dtypes("number")
    if numbers.empty:
        raise RadweaveError(f"{table}: no column holds numbers, or there is no row")
    features = {str(name): numbers[name].tolist() for name in numbers}
    found = reliability_of(frame[target].tolist(), frame[rater].tolist(), features)
    write_bytes(out, pd.DataFrame([asdict(row) for row in found]).to_csv(index=False).encode())
    with Screen() as screen:
        screen.show([stability_table(found), f"Scores of each feature: {out}"])


map_feature.__name__ = "map"  # the name of the command, which is a builtin's too
COMMANDS = (map_feature, agreement)
