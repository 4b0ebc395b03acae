"""ParameterFile: the keys of pyradiomics' parameter files, spelled as there, with the values that it allows."""
# ruff: noqa: N815

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
)

from features.core.bounds import (
    MOST_DISTANCES,
    MOST_SIGMAS,
    BinCount,
    BinWidth,
    Distance,
    KernelRadius,
    Level,
    LevelFromZero,
    RadiusVoxels,
    SigmaMm,
    SpacingOrKeptMm,
    WholeSigmaMm,
)
from features.core.frozen import Frozen
from features.radiomics.dialects.pyradiomics import FamilyName

INTERPOLATORS = (
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)
_SPLINE = 23  # SimpleITK's sitkBSpline since 2.1; 3 before


def _interpolator(value: object) -> object:
    """pyradiomics also takes the number of an interpolator, from 1; SimpleITK has renumbered the spline since."""
    if value == _SPLINE and type(value) is int:
        return "sitkBSpline"
    return INTERPOLATORS[value - 1] if type(value) is int and 1 <= value <= len(INTERPOLATORS) else value


InterpolatorName = Annotated[
    Literal[
        "sitkNearestNeighbor",
        "sitkLinear",
        "sitkBSpline",
        "sitkGaussian",
        "sitkLabelGaussian",
        "sitkHammingWindowedSinc",
        "sitkCosineWindowedSinc",
        "sitkWelchWindowedSinc",
        "sitkLanczosWindowedSinc",
        "sitkBlackmanWindowedSinc",
    ],
    BeforeValidator(_interpolator, json_schema_input_type=Literal[INTERPOLATORS] | Annotated[int, Field(ge=1, le=10)]),
]
# Names of LoG images hold sigma as it is written: 2 is log-sigma-2-mm-3D, 2.0 is log-sigma-2-0-mm-3D.
Sigma = Annotated[
    Annotated[WholeSigmaMm, Tag("int")] | Annotated[SigmaMm, Tag("float")],
    Discriminator(lambda value: "int" if type(value) is int else "float"),
]


class FileSettings(Frozen):
    """`setting`, and what an image type may have besides."""

    minimumROIDimensions: Literal[1, 2, 3] | None = None
    minimumROISize: PositiveInt | None = None
    geometryTolerance: PositiveFloat | None = None
    correctMask: bool | None = None
    additionalInfo: bool | None = None
    label: PositiveInt | None = None
    label_channel: NonNegativeInt | None = None
    binWidth: BinWidth | None = None
    binCount: BinCount | None = None
    normalize: bool | None = None
    normalizeScale: PositiveFloat | None = None
    removeOutliers: PositiveFloat | None = None
    resampledPixelSpacing: Annotated[list[SpacingOrKeptMm], Field(min_length=3, max_length=3)] | None = None
    interpolator: InterpolatorName | None = None
    padDistance: NonNegativeInt | None = None
    distances: Annotated[list[Distance], Field(min_length=1, max_length=MOST_DISTANCES)] | None = None
    force2D: bool | None = None
    force2Ddimension: Literal[0, 1, 2] | None = None
    resegmentRange: Annotated[list[float], Field(min_length=1, max_length=2)] | None = None
    resegmentMode: Literal["absolute", "relative", "sigma"] | None = None
    resegmentShape: bool | None = None
    preCrop: bool | None = None
    sigma: Annotated[list[Sigma], Field(max_length=MOST_SIGMAS)] | None = None
    start_level: LevelFromZero | None = None
    level: Level | None = None
    wavelet: str | None = None
    gradientUseSpacing: bool | None = None
    lbp2DRadius: RadiusVoxels | None = None
    lbp2DSamples: Annotated[int, Field(gt=0, le=30)] | None = None
    lbp2DMethod: Literal["default", "ror", "uniform", "var"] | None = None
    lbp3DLevels: Level | None = None
    lbp3DIcosphereRadius: RadiusVoxels | None = None
    lbp3DIcosphereSubdivision: Annotated[int, Field(ge=0, le=4)] | None = None
    voxelArrayShift: int | None = None
    symmetricalGLCM: bool | None = None
    weightingNorm: Literal["euclidean", "manhattan", "infinity", "no_weighting"] | None = None
    gldm_a: NonNegativeInt | None = None


class ImageTypes(Frozen):
    """`imageType`: the images of which features are computed, with settings of their own."""

    Original: FileSettings | None = None
    LoG: FileSettings | None = None
    Wavelet: FileSettings | None = None
    Square: FileSettings | None = None
    SquareRoot: FileSettings | None = None
    Logarithm: FileSettings | None = None
    Exponential: FileSettings | None = None
    Gradient: FileSettings | None = None
    LBP2D: FileSettings | None = None
    LBP3D: FileSettings | None = None

    def of(self, name: str) -> FileSettings | None:
        """The settings of an image type that the file names."""
        return getattr(self, name)  # type: ignore[no-any-return]


class VoxelSettings(Frozen):
    """`voxelSetting`: of maps alone. voxelBatch -1: all voxels at once."""

    kernelRadius: KernelRadius | None = None
    maskedKernel: bool | None = None
    initValue: Annotated[float, Field(allow_inf_nan=True)] | None = None
    voxelBatch: Literal[-1] | PositiveInt | None = None


Classes = dict[FamilyName, list[str] | None]


def _empty(value: object) -> object:
    return {} if value is None else value


class ParameterFile(Frozen):
    """A whole file. A key without a value is as good as one that is not there.

    featureClass: names of features of each family, of ours too; none or null for all of them.
    """

    setting: Annotated[FileSettings, BeforeValidator(_empty, json_schema_input_type=FileSettings | None)] = (
        FileSettings()
    )
    imageType: Annotated[ImageTypes, BeforeValidator(_empty, json_schema_input_type=ImageTypes | None)] = ImageTypes()
    featureClass: Annotated[Classes, BeforeValidator(_empty, json_schema_input_type=Classes | None)] = {}
    voxelSetting: Annotated[VoxelSettings, BeforeValidator(_empty, json_schema_input_type=VoxelSettings | None)] = (
        VoxelSettings()
    )
