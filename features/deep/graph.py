"""Graph: a network in an ONNX file, run by onnxruntime as if it were a module of torch. It is imported only where torch is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from features.core.errors import MachineError, WeightsError, did_you_mean
from features.core.wording import counted
from features.deep.needed import load_onnxruntime

Array = np.ndarray[Any, np.dtype[np.float32]]
DECODE_ERRORS = ("DecodeError", "InvalidProtobuf", "InvalidGraph", "Fail", "InvalidArgument", "NotImplemented")


class Graph(nn.Module):  # type: ignore[misc]
    """Gives values of the graph for its one input. On the threads of torch, and on processors."""

    def __init__(self, path: Path, shape: Sequence[int], output: str = "", further: Sequence[str] = ()) -> None:
        """shape: of one input, without the first axis. output: the value that it gives. further: values that can be asked for too.

        Raises WeightsError if the file is no ONNX file, keeps tensors in further files, or has not such an input or output.
        """
        super().__init__()
        onnxruntime = load_onnxruntime()
        self._name, settings = path.name, onnxruntime.SessionOptions()
        onnxruntime.set_default_logger_severity(3)
        settings.intra_op_num_threads = torch.get_num_threads()
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no core
        model, self._output = _model(path, output, further)
        try:
            self._session: Any = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        except Exception as error:
            if type(error).__name__ not in DECODE_ERRORS:
                raise
            raise WeightsError(f"onnxruntime cannot run {path.name}: {str(error).splitlines()[0][:200]}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise WeightsError(
                f"{path.name} has {len(inputs)} inputs, {', '.join(one.name for one in inputs)}; one is allowed"
            )
        batch, *sides = inputs[0].shape
        wrong = len(sides) != len(shape) or any(
            isinstance(a, int) and a > 0 and a != b for a, b in zip(sides, shape, strict=True)
        )
        if wrong or inputs[0].type != "tensor(float)":
            raise WeightsError(
                f"{path.name} takes {inputs[0].type} of {_said(sides)}, and its card says float of {_said(shape)}; "
                "see size, channels and layout of the card's architecture"
            )
        self._input, self._batch = inputs[0].name, batch if isinstance(batch, int) and batch > 0 else None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.values(pixels, [""])[0]

    def values(self, pixels: torch.Tensor, names: Sequence[str]) -> list[torch.Tensor]:
        """Values of names, "" for the output, in one pass."""
        wanted = [one or self._output for one in names]
        given = np.ascontiguousarray(pixels.detach().cpu().numpy(), np.float32)
        if self._batch is None:
            found = self._run(given, wanted)
        else:  # a file for batches of one size: the last one is filled up
            lacking = -len(given) % self._batch
            filled = np.concatenate([given, np.zeros((lacking, *given.shape[1:]), np.float32)])
            parts = [self._run(filled[i : i + self._batch], wanted) for i in range(0, len(filled), self._batch)]
            found = [np.concatenate(one)[: len(given)] for one in zip(*parts, strict=True)]
        for name, one in zip(wanted, found, strict=True):
            if one.ndim < 2 or len(one) != len(given):
                views = counted(len(given), "view")
                raise MachineError(
                    f'{self._name}: the value "{name}" is {one.shape} for {views}, so it is not of views one by one: '
                    "its card must take another value"
                )
        return [torch.from_numpy(np.asarray(one, np.float32)).to(pixels.device) for one in found]

    def _run(self, given: Array, wanted: Sequence[str]) -> list[Array]:
        found: list[Array] = self._session.run(wanted, {self._input: given})
        return found


def _model(path: Path, output: str, further: Sequence[str]) -> tuple[bytes, str]:
    """The graph with the values that are asked for as its outputs, which onnxruntime alone gives; and the name of the first."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        if type(error).__name__ not in DECODE_ERRORS:
            raise
        raise WeightsError(f"{path.name} is no ONNX file, or a damaged one") from error
    if not model.graph.node:
        raise WeightsError(f"{path.name} is no ONNX file, or a damaged one")
    if any(one.data_location == onnx.TensorProto.EXTERNAL for one in _tensors(model.graph)):
        raise WeightsError(f"{path.name} keeps its tensors in further files, which nobody checks: save it as one file")
    ends = {one.name: one for one in model.graph.output}
    first = output or next(iter(ends))
    values = [name for node in model.graph.node for name in node.output if name]
    for wanted in (first, *further):
        if wanted not in values:
            hint = did_you_mean(wanted, values)
            last = ", ".join(dict.fromkeys([*values[-5:], *ends]))
            raise WeightsError(
                f'{path.name} has no value "{wanted}"; its last ones are {last}{"; " + hint if hint else ""}'
            )
    del model.graph.output[:]
    for wanted in dict.fromkeys((first, *further)):
        model.graph.output.append(ends.get(wanted) or onnx.helper.make_empty_tensor_value_info(wanted))
    return bytes(model.SerializeToString()), first


def _tensors(graph: Any) -> Iterator[Any]:
    """All tensors of a graph: weights, constants of nodes, and those of graphs within."""
    yield from graph.initializer
    for node in graph.node:
        for one in node.attribute:
            yield from (one.t, *one.tensors)
            for inner in (one.g, *one.graphs):
                yield from _tensors(inner)


def _said(shape: Sequence[int | str | None]) -> str:
    return " × ".join(str(one) if isinstance(one, int) else "any" for one in shape)
