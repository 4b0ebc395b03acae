"""Card: all that is known of a checkpoint: where it is found, what it may be used for, what it must be shown."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt, SerializeAsAny, field_validator, model_validator

from features.core.case import Modality, Unit
from features.core.digest import digest_json
from features.core.errors import RadweaveError, did_you_mean
from features.core.frozen import Frozen
from features.core.kinds.normaliser import NORMALISERS, Normaliser
from features.core.kinds.sampling import SAMPLINGS, Sampling
from features.core.region import Vector
from features.core.wording import counted
from features.core.yaml import Document
from features.deep.architecture import ARCHITECTURES, FEATURES, Architecture
from features.deep.pooling import POOLINGS, Pooling

FOLDER = Path(__file__).parent / "cards"
AnyArchitecture = Annotated[SerializeAsAny[Architecture], BeforeValidator(ARCHITECTURES.parse)]
AnySampling = Annotated[SerializeAsAny[Sampling], BeforeValidator(SAMPLINGS.parse)]
AnyNormaliser = Annotated[SerializeAsAny[Normaliser], BeforeValidator(NORMALISERS.parse)]
AnyPooling = Annotated[SerializeAsAny[Pooling], BeforeValidator(POOLINGS.parse)]


class Package(Frozen):
    """A pip package that holds the checkpoint."""

    module: str = Field(description="what is imported")
    further: tuple[str, ...] = Field((), description="modules that hold further parts of the file, in their order")
    path: str = Field(description="of the file, or of each part, below the package")
    install: str = Field(description="the command that installs it")


class Keys(Frozen):
    """How the names in the checkpoint become those of the network."""

    inside: str = Field("", description="key of the checkpoint that holds the tensors, such as state_dict")
    strip: str = Field("", description="what begins names and goes; names that do not begin so are left out")
    drop: tuple[str, ...] = Field((), description="patterns of names that the network has not, such as heads")
    rename: tuple[tuple[str, str], ...] = Field(
        (), description="what begins names, and what they begin with in the network"
    )


class Hub(Frozen):
    """Where radweave backbones NAME --fetch gets the checkpoint from, and where a copy of it may lie already."""

    repository: str = Field(description="at the Hugging Face hub, such as timm/resnet50.a1_in1k")
    file: str = Field(description="of the repository")


class Weights(Frozen):
    """Where the checkpoint is looked for: in a folder of weights, in a package, in the hub's own cache."""

    file: str = Field("", description="name in a folder of weights")
    package: Package | None = Field(None, description="pip package that holds it")
    hub: Hub | None = Field(None, description="hub that has it; nothing is downloaded unless a user says so")
    address: str = Field("", pattern=r"^(https?://.+)?$", description="of the file, where no hub has it; as for hub")
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="of the file; empty where none was published")
    sha256_begins: str = Field(
        "", pattern=r"^([0-9a-f]{8,63})?$", description="what was published of it, where that is not all of it"
    )
    get: str = Field("", description="how a user gets the file")
    keys: Keys = Field(Keys(), description="how its names become those of the network")

    @property
    def remedy(self) -> str:
        """What to do where the file is not here."""
        return self.package.install if self.package else self.get


# DICOM's words for what networks learn from: what recipes measure, and ultrasound, slides, photographs and tomographs of eyes.
Learnt = Modality | Literal["US", "SM", "OP", "OPT"]


class Input(Frozen):
    """What the network must be shown: the contract."""

    modalities: tuple[Learnt, ...] = Field((), description="of the images; empty: any")
    unit: Unit | None = Field(None, description="of the intensities; null: any")
    normalise: AnyNormaliser | None = Field(None, description="how the image is normalised; null: as the recipe says")
    window: tuple[float, float] | None = Field(None, description="intensities that become 0 and 1; null: the recipe's")
    spacing_mm: Vector | None = Field(None, description="(x, y, z) of a patch; null: it is scaled to the size")
    orientation: str = Field(
        "", description="letters of the axes (x, y, z) of a patch, such as LPS; empty: as acquired"
    )
    size: tuple[PositiveInt, ...] = Field(description="(rows, columns) or (slices, rows, columns)")
    mean: tuple[float, ...] = Field(description="of each channel, after the window became [0, 1]")
    std: tuple[float, ...] = Field(description="of each channel, after the window became [0, 1]")
    samplings: tuple[AnySampling, ...] = Field(min_length=1, description="what it is shown where a recipe does not say")
    only: tuple[str, ...] = Field((), description="kinds of samplings that keep the contract; empty: any")


class Output(Frozen):
    """What is taken of the network where a recipe does not say."""

    tap: str = Field(FEATURES, description="layer whose output is taken")
    pooling: AnyPooling = Field(description="what makes a vector of it")
    width: PositiveInt = Field(description="features a view")


class Card(Frozen):
    """All that is known of a checkpoint."""

    title: str = Field(description="network and what it was trained on, in a few words")
    architecture: AnyArchitecture = Field(description="the network, untrained")
    weights: Weights = Field(description="where the checkpoint is looked for")
    trained_on: str = Field(description="images that it was trained on")
    source: str = Field(description="publication, DOI or address")
    licence: str = Field(description="of the weights, as those who published them name it")
    permitted_use: str = Field(description="ANY, or in capital letters what it may be used for")
    note: str = Field("", description="what is not known of it, or is to be kept in mind")
    input: Input = Field(description="what the network must be shown")
    output: Output = Field(description="what is taken of the network")

    @property
    def digest(self) -> str:
        """Of what decides the features, besides the weights themselves: where they are found does not."""
        decides = self.model_dump(mode="json", include={"architecture", "input"})
        return digest_json({**decides, "keys": self.weights.keys.model_dump(mode="json")})

    @field_validator("permitted_use")
    @classmethod
    def check_permitted_use(cls, use: str) -> str:
        if use != use.upper() or not use:
            raise ValueError("write ANY, or in capital letters what it may be used for")
        return use

    @model_validator(mode="after")
    def check_parts_agree(self) -> Card:
        network, shown = self.architecture, self.input
        if len(shown.size) != network.dimensions:
            raise ValueError(f"input: a network of {network.dimensions} dimensions has a size of so many numbers")
        for kind in shown.only:
            if kind not in SAMPLINGS.modules:
                raise ValueError(f"input: only: there is no sampling {kind}; allowed: {', '.join(SAMPLINGS.modules)}")
        for one in shown.samplings:
            if shown.only and one.kind not in shown.only:
                raise ValueError(f"input: samplings: {one.kind} is not among only")
        for name, given in (("mean", shown.mean), ("std", shown.std)):
            if len(given) not in (1, network.channels):
                raise ValueError(
                    f"input: {name} has {counted(len(given), 'number')}, and the network {counted(network.channels, 'channel')}"
                )
        if not (self.weights.file or self.weights.package or self.weights.hub):
            raise ValueError("weights: say a file, a package or a hub")
        if self.weights.package and self.weights.package.further and network.holds_network:
            raise ValueError(
                "weights: package: further: a file of kind " + network.kind + " is read whole, not in parts"
            )
        if self.weights.address and not self.weights.file:
            raise ValueError("weights: an address needs a file: the name under which it is kept")
        return self


def card_names() -> tuple[str, ...]:
    """Names of the cards of radweave."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load_card(name: str) -> Card:
    """A card of radweave. Raises RadweaveError if there is none, ConfigError with all faults if it is wrong."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        hint = did_you_mean(name, card_names())
        raise RadweaveError(
            f'there is no weights card "{name}"; radweave backbones lists them{"; " + hint if hint else ""}'
        )
    return Document.load(path).parse(Card)
