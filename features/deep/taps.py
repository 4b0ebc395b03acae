"""Taps: the layers of a network whose output is taken, several in one forward pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from features.core.errors import RadweaveError, did_you_mean
from features.deep.architecture import FEATURES, Architecture
from features.deep.pooling import Pooling

if TYPE_CHECKING:
    import torch

MOST_NAMED = 12  # layers that a sentence names


def forward(
    architecture: Architecture, network: torch.nn.Module, pixels: torch.Tensor, taps: Sequence[str]
) -> dict[str, torch.Tensor]:
    """The output of each tap: of `features` the last maps, else of the module of that name.

    A module that is run several times gives its last output. Layers behind the last maps, such as those that classify, may be
    named too. Raises RadweaveError if there is no such layer, or its output is no tensor.
    """
    if architecture.holds_network:
        return architecture.tapped(network, pixels, taps)
    found: dict[str, torch.Tensor] = {}
    wanted = [tap for tap in dict.fromkeys(taps) if tap != FEATURES]
    hooks = [layer_of(architecture, network, tap).register_forward_hook(_keep(found, tap)) for tap in wanted]
    try:
        maps = {FEATURES: architecture.maps(network, pixels)} if FEATURES in taps else {}
        if any(tap not in found for tap in wanted):
            network(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    found |= maps
    for tap in wanted:
        if tap not in found:
            raise RadweaveError(
                f'the layer "{tap}" of {architecture.variant} gives no tensor of its own: take one around or inside it'
            )
    return {tap: found[tap] for tap in taps}


def layer_of(architecture: Architecture, network: torch.nn.Module, tap: str) -> torch.nn.Module:
    """The module of a name. Raises RadweaveError with the names that there are."""
    layers = dict(network.named_modules())
    if tap in layers and tap:
        return layers[tap]
    parent = tap
    while parent and parent not in layers:
        parent = parent.rpartition(".")[0]
    inside = [f"{parent}.{name}" if parent else name for name, _ in layers[parent].named_children()]
    more = f" and {len(inside) - MOST_NAMED} more" if len(inside) > MOST_NAMED else ""
    hint = did_you_mean(tap, [FEATURES, *(name for name in layers if name)])
    named = f"{', '.join(inside[:MOST_NAMED])}{more}" if inside else "no layers"
    where = (
        f"{parent} holds {named}"
        if parent
        else f"it has {FEATURES} (the last maps), {named}, and what these hold (a.b)"
    )
    raise RadweaveError(f'{architecture.variant} has no layer "{tap}"; {where}{"; " + hint if hint else ""}')


def channels_of(architecture: Architecture, tap: str) -> int:
    """How many channels a tap has. Of `features` it is known; other layers need torch. Raises RadweaveError as `forward` does."""
    if tap == FEATURES:
        return architecture.width
    if architecture.holds_network:
        check_declared(architecture, tap)
        return architecture.declared[tap]
    shape = shape_of(architecture, tap)
    return shape[2] if len(shape) == 3 else shape[1]


def check_tap(architecture: Architecture, tap: str, poolings: Sequence[Pooling]) -> None:
    """Raises ValueError if there is no such layer, or a pooling makes nothing of its output. Of other layers than `features` it
    needs torch.
    """
    if tap == FEATURES:
        return
    if architecture.holds_network:
        check_declared(architecture, tap)
        return
    import torch

    try:
        maps = torch.zeros(shape_of(architecture, tap))
    except RadweaveError as error:
        raise ValueError(f"taps: {error}") from error
    for one in poolings:
        try:
            one.pool(maps, before=architecture.before, dimensions=architecture.dimensions)
        except ValueError as error:
            raise ValueError(f"taps: {tap} of {architecture.variant}: {error}") from error


def check_declared(architecture: Architecture, tap: str) -> None:
    """Raises ValueError if the card of a network that a checkpoint holds does not declare a tap."""
    if tap not in architecture.declared:
        there = ", ".join([FEATURES, *architecture.declared])
        hint = did_you_mean(tap, [FEATURES, *architecture.declared])
        raise ValueError(
            f'taps: {architecture.variant} has no "{tap}"; its card declares {there}{"; " + hint if hint else ""}'
        )


def tap_word(tap: str) -> str:
    """A tap in the names of columns.

    >>> tap_word("layer3.5.conv2"), tap_word("blocks.4")
    ('layer3_5_conv2', 'blocks_4')
    """
    return re.sub(r"[^a-z0-9]+", "_", tap.lower()).strip("_")


def _keep(found: dict[str, torch.Tensor], tap: str) -> Callable[[torch.nn.Module, Any, Any], None]:
    def hook(module: torch.nn.Module, given: Any, output: Any) -> None:  # noqa: ARG001
        import torch

        if isinstance(output, torch.Tensor):
            found[tap] = output.clone()  # a layer behind it may write into its input

    return hook


@lru_cache(maxsize=64)
def shape_of(architecture: Architecture, tap: str) -> tuple[int, ...]:
    """Of the output of a tap for one view of the published size. It needs torch; where all layers allow, nothing is computed.

    Raises RadweaveError as `forward` does.
    """
    import torch

    shape = (1, architecture.channels, *architecture.input_size)
    with torch.inference_mode():
        try:
            with torch.device("meta"):
                found = forward(architecture, architecture.build().eval(), torch.zeros(shape), [tap])
        except (NotImplementedError, RuntimeError) as error:
            if isinstance(error, RadweaveError):
                raise
            found = forward(architecture, architecture.build().eval(), torch.zeros(shape), [tap])
    return tuple(found[tap].shape)
