"""onnx: any network in an ONNX file, which holds its layers and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from features.core.errors import MachineError
from features.deep.architecture import Architecture

if TYPE_CHECKING:
    import torch

SIDES = Field(min_length=2, max_length=3, description="(rows, columns) or (slices, rows, columns) that it takes")


class Onnx(Architecture):
    """Run by onnxruntime, on processors. Weights cards name the file; there are no random weights for it.

    The tap `features` is the value `output` of the graph, any that a node gives; without it the first output of the graph. There
    are no other taps: another card takes another value.
    """

    kind: Literal["onnx"] = "onnx"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime", "onnx")
    translates: ClassVar[bool] = False  # it is what the others are translated to
    holds_network: ClassVar[bool] = True

    variant: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", description="a word for the network, in tables")
    size: tuple[PositiveInt, ...] = SIDES
    features: PositiveInt = Field(description="channels of `output`")
    output: str = Field("", description="value of the graph that is taken; empty: its first output")
    layout: Literal["channels_first", "channels_last"] = Field(
        "channels_first", description="order of the axes of the input: as torch has it, or as TensorFlow"
    )
    output_layout: Literal["channels_first", "channels_last"] = Field(
        "channels_first", description="the same of the output, where it has places"
    )

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
        return Graph(path, shape, self.output).eval()

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(n, c, *places); (n, c) is one place, and (n, tokens, c) stays."""
        given = pixels if self.layout == "channels_first" else pixels.movedim(1, -1)
        found: torch.Tensor = network(given)
        if found.ndim == 2:
            return found.reshape(*found.shape, *(1,) * self.dimensions)
        return found.movedim(-1, 1) if found.ndim > 3 and self.output_layout == "channels_last" else found
