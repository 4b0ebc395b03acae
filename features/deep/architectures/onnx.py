"""onnx: any network in an ONNX file, which holds its layers and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from features.core.errors import MachineError
from features.core.frozen import Frozen
from features.deep.architecture import FEATURES, Architecture

if TYPE_CHECKING:
    import torch

Layout = Literal["channels_first", "channels_last"]
SIDES = Field(min_length=2, max_length=3, description="(rows, columns) or (slices, rows, columns) that it takes")


class Value(Frozen):
    """What a node of a graph gives."""

    name: str = Field(min_length=1, description="in the graph")
    channels: PositiveInt = Field(description="how many of them it has")
    layout: Layout = Field("channels_first", description="order of its axes, where it has places")


class Onnx(Architecture):
    """Run by onnxruntime, on processors. Weights cards name the file; there are no random weights for it.

    The tap `features` is the value `output` of the graph, any that a node gives; without it the first output of the graph. Other
    taps are the `values` that its card declares.
    """

    kind: Literal["onnx"] = "onnx"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime", "onnx")
    translates: ClassVar[bool] = False  # it is what the others are translated to
    holds_network: ClassVar[bool] = True

    variant: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", description="a word for the network, in tables")
    size: tuple[PositiveInt, ...] = SIDES
    features: PositiveInt = Field(description="channels of `output`")
    output: str = Field("", description="value of the graph that is taken; empty: its first output")
    layout: Layout = Field(
        "channels_first", description="order of the axes of the input: as torch has it, or as TensorFlow"
    )
    output_layout: Layout = Field("channels_first", description="the same of the output, where it has places")
    values: tuple[Value, ...] = Field(
        (), exclude_if=lambda values: not values, description="further values of the graph, which recipes may tap"
    )

    @field_validator("values")
    @classmethod
    def check_values(cls, values: tuple[Value, ...]) -> tuple[Value, ...]:
        names = [FEATURES, *(one.name for one in values)]
        if len(set(names)) < len(names):
            raise ValueError(f"{max(names, key=names.count)} stands twice; {FEATURES} is the output itself")
        return values

    @classmethod
    def variants(cls) -> tuple[str, ...]:
        """None: a file is what somebody made it."""
        return ()

    @property
    def dimensions(self) -> Literal[2, 3]:  # type: ignore[override]
        return 2 if len(self.size) == 2 else 3

    @property
    def input_size(self) -> tuple[int, ...]:
        return self.size

    @property
    def smallest(self) -> int:
        return min(self.size)

    @property
    def width(self) -> int:
        return self.features

    @property
    def publication(self) -> str:
        return "of its card"

    @property
    def declared(self) -> Mapping[str, int]:
        return {one.name: one.channels for one in self.values}

    def fault(self, size: tuple[int, ...]) -> str | None:
        if size != self.size:
            found, wanted = (" × ".join(map(str, one)) for one in (size, self.size))
            return f"{self.variant} takes {wanted}, found {found}"
        return super().fault(size)

    def build(self) -> torch.nn.Module:
        raise MachineError(f"{self.variant} is an ONNX file: it has weights of its own, and none can be drawn")

    def open(self, path: Path) -> torch.nn.Module:
        """The network in a file. Raises WeightsError if it is none, or another one than the settings say."""
        from features.deep.graph import Graph

        channels_first = self.layout == "channels_first"
        shape = (self.channels, *self.size) if channels_first else (*self.size, self.channels)
        return Graph(path, shape, self.output, tuple(self.declared)).eval()

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        return self.tapped(network, pixels, (FEATURES,))[FEATURES]

    def tapped(self, network: torch.nn.Module, pixels: torch.Tensor, taps: Sequence[str]) -> dict[str, torch.Tensor]:
        """Each is (n, c, *places); (n, c) is one place, and (n, tokens, c) stays.

        Raises MachineError if c is not what the card says.
        """
        given = pixels if self.layout == "channels_first" else pixels.movedim(1, -1)
        found = network.values(given, ["" if tap == FEATURES else tap for tap in taps])
        return {tap: self._as_maps(tap, one) for tap, one in zip(taps, found, strict=True)}

    def _as_maps(self, tap: str, found: torch.Tensor) -> torch.Tensor:
        value = next((one for one in self.values if one.name == tap), None)
        wanted, layout = (value.channels, value.layout) if value else (self.features, self.output_layout)
        if found.ndim == 2:
            found = found.reshape(*found.shape, *(1,) * self.dimensions)
        elif found.ndim > 3 and layout == "channels_last":
            found = found.movedim(-1, 1)
        channels = found.shape[2 if found.ndim == 3 else 1] if found.ndim > 1 else 0
        if channels != wanted:
            raise MachineError(
                f"{self.variant}: the tap {tap} gives {' × '.join(map(str, found.shape[1:]))} a view, and its card says {wanted} "
                "channels; see features, values and layouts of the card's architecture"
            )
        return found
