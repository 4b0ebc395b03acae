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
_SPLINE = 23  # SimpleITK's sitkBSpline today; it was 3


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

    minimumROIDimensions: Literal[1, 2, 3] | None = Field(
        None, description="least number of axes along which the ROI has to extend. Default: 2."
    )
    minimumROISize: PositiveInt | None = Field(None, description="the ROI needs more voxels than this. Default: null.")
    geometryTolerance: PositiveFloat | None = Field(
        None,
        description="how much the grids of image and mask may differ. Default: null, which is 1e-4 (origin 1e-3 mm).",
    )
    correctMask: bool | None = Field(
        None, description="resample a mask on another grid to that of the image. Default: false."
    )
    additionalInfo: bool | None = Field(None, description="give diagnostics beside the features. Default: true.")
    label: PositiveInt | None = Field(None, description="number of the voxels of the ROI. Default: 1.")
    label_channel: NonNegativeInt | None = Field(
        None, description="channel of a mask whose voxels are vectors. Default: 0."
    )
    binWidth: BinWidth | None = Field(None, description="width of the bins of grey levels. Default: 25.0.")
    binCount: BinCount | None = Field(None, description="number of bins; goes before binWidth. Default: null.")
    normalize: bool | None = Field(
        None, description="subtract the mean of the image and divide by its standard deviation. Default: false."
    )
    normalizeScale: PositiveFloat | None = Field(
        None, description="what the normalised intensities are multiplied by. Default: 1.0."
    )
    removeOutliers: PositiveFloat | None = Field(
        None, description="normalised intensities are cut off beyond so many standard deviations. Default: null."
    )
    resampledPixelSpacing: Annotated[list[SpacingOrKeptMm], Field(min_length=3, max_length=3)] | None = Field(
        None, description="voxel size (x, y, z) in mm after resampling; 0 keeps an axis. Default: null."
    )
    interpolator: InterpolatorName | None = Field(
        None, description="how intensities are resampled; null: not at all. Default: sitkBSpline."
    )
    padDistance: NonNegativeInt | None = Field(
        None, description="voxels round the box of the ROI that stay with resampling or preCrop. Default: 5."
    )
    distances: Annotated[list[Distance], Field(min_length=1, max_length=MOST_DISTANCES)] | None = Field(
        None, description="distances of neighbours in GLCM, GLDM and NGTDM, in voxels. Default: [1]."
    )
    force2D: bool | None = Field(None, description="textures and filters within slices only. Default: false.")
    force2Ddimension: Literal[0, 1, 2] | None = Field(
        None, description="the axis across the slices: z, y or x as 0, 1, 2. Default: 0."
    )
    resegmentRange: Annotated[list[float], Field(min_length=1, max_length=2)] | None = Field(
        None, description="lowest, or lowest and highest intensity that stays in the ROI. Default: null."
    )
    resegmentMode: Literal["absolute", "relative", "sigma"] | None = Field(
        None,
        description="the range is in intensities, shares of the maximum, or standard deviations. Default: absolute.",
    )
    resegmentShape: bool | None = Field(
        None, description="features of shape use the re-segmented ROI, too. Default: false."
    )
    preCrop: bool | None = Field(None, description="crop the image to the ROI before filters see it. Default: false.")
    sigma: Annotated[list[Sigma], Field(max_length=MOST_SIGMAS)] | None = Field(
        None, description="standard deviations of LoG in mm, one image for each. Without it, LoG gives no image."
    )
    start_level: LevelFromZero | None = Field(
        None, description="first level of the wavelet of which bands are given. Default: 0."
    )
    level: Level | None = Field(None, description="how many levels of wavelet bands. Default: 1.")
    wavelet: str | None = Field(None, description="name that PyWavelets has for the wavelet. Default: coif1.")
    gradientUseSpacing: bool | None = Field(None, description="gradient per mm instead of per voxel. Default: true.")
    lbp2DRadius: RadiusVoxels | None = Field(None, description="radius of the circle of LBP2D in voxels. Default: 1.0.")
    lbp2DSamples: Annotated[int, Field(gt=0, le=30)] | None = Field(
        None, description="samples on the circle of LBP2D. Default: 8."
    )
    lbp2DMethod: Literal["default", "ror", "uniform", "var"] | None = Field(
        None, description="method of LBP2D. Default: uniform."
    )
    lbp3DLevels: Level | None = Field(None, description="degrees of the harmonics of LBP3D. Default: 2.")
    lbp3DIcosphereRadius: RadiusVoxels | None = Field(
        None, description="radius of the sphere of LBP3D in voxels. Default: 1.0."
    )
    lbp3DIcosphereSubdivision: Annotated[int, Field(ge=0, le=4)] | None = Field(
        None, description="how often the faces of the icosahedron are divided. Default: 1."
    )
    voxelArrayShift: int | None = Field(
        None, description="added to intensities for energy, total energy and root mean square. Default: 0."
    )
    symmetricalGLCM: bool | None = Field(None, description="pairs of voxels count in both orders. Default: true.")
    weightingNorm: Literal["euclidean", "manhattan", "infinity", "no_weighting"] | None = Field(
        None,
        description="how GLCM and GLRLM of several directions are merged; null: features are averaged. Default: null.",
    )
    gldm_a: NonNegativeInt | None = Field(
        None, description="largest difference of grey levels of dependent voxels. Default: 0."
    )


class ImageTypes(Frozen):
    """`imageType`: the images of which features are computed, with settings of their own."""

    Original: FileSettings | None = Field(None, description="the image itself")
    LoG: FileSettings | None = Field(None, description="Laplacian of Gaussian; needs `sigma`")
    Wavelet: FileSettings | None = Field(None, description="bands of the wavelet transform")
    Square: FileSettings | None = Field(None, description="squared intensities")
    SquareRoot: FileSettings | None = Field(None, description="square root of the intensities")
    Logarithm: FileSettings | None = Field(None, description="logarithm of the intensities")
    Exponential: FileSettings | None = Field(None, description="exponential of the intensities")
    Gradient: FileSettings | None = Field(None, description="magnitude of the gradient")
    LBP2D: FileSettings | None = Field(None, description="local binary patterns of slices")
    LBP3D: FileSettings | None = Field(None, description="local binary patterns in space")

    def of(self, name: str) -> FileSettings | None:
        """The settings of an image type that the file names."""
        return getattr(self, name)  # type: ignore[no-any-return]


class VoxelSettings(Frozen):
    """`voxelSetting`: of maps alone. voxelBatch -1: all voxels at once."""

    kernelRadius: KernelRadius | None = Field(
        None, description="voxels that the surroundings of a voxel reach. Default: 1."
    )
    maskedKernel: bool | None = Field(None, description="leave out voxels outside the ROI. Default: true.")
    initValue: Annotated[float, Field(allow_inf_nan=True)] | None = Field(
        None, description="value outside the ROI. Default: 0.0."
    )
    voxelBatch: Literal[-1] | PositiveInt | None = Field(
        None, description="most voxels at once; -1: all. Changes no value. Default: -1."
    )


Classes = dict[FamilyName, list[str] | None]


def _empty(value: object) -> object:
    return {} if value is None else value


class ParameterFile(Frozen):
    """A whole file. A key without a value is as good as one that is not there.

    featureClass: names of features of each family, of ours too; none or null for all of them.
    """

    setting: Annotated[FileSettings, BeforeValidator(_empty, json_schema_input_type=FileSettings | None)] = Field(
        FileSettings(), description="settings of all image types"
    )
    imageType: Annotated[ImageTypes, BeforeValidator(_empty, json_schema_input_type=ImageTypes | None)] = Field(
        ImageTypes(), description="image types, each with settings of its own; without it, Original"
    )
    featureClass: Annotated[Classes, BeforeValidator(_empty, json_schema_input_type=Classes | None)] = Field(
        {}, description="families, each with names of features; none: all of them"
    )
    voxelSetting: Annotated[VoxelSettings, BeforeValidator(_empty, json_schema_input_type=VoxelSettings | None)] = (
        Field(VoxelSettings(), description="settings of `radweave map`")
    )
