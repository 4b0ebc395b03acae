"""Graph: a network in an ONNX file, run by onnxruntime as if it were a module of torch. It is imported only where torch is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from features.core.errors import MachineError, WeightsError, did_you_mean

DECODE_ERRORS = ("DecodeError", "InvalidProtobuf", "InvalidGraph", "Fail", "InvalidArgument", "NotImplemented")


class Graph(nn.Module):  # type: ignore[misc]
    """Gives one value of the graph for its one input. On one thread of torch's, and on processors."""

    def __init__(self, path: Path, shape: Sequence[int], output: str = "") -> None:
        """shape: of one input, without the first axis.

        Raises WeightsError if the file is no ONNX file, keeps tensors in further files, or has not such an input or output.
        """
        super().__init__()
        import onnxruntime

        self._name, settings = path.name, onnxruntime.SessionOptions()
        onnxruntime.set_default_logger_severity(3)
        settings.intra_op_num_threads = torch.get_num_threads()
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no core
        model = _model(path, output)
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
            isinstance(a, int) and a != b for a, b in zip(sides, shape, strict=True)
        )
        if wrong or inputs[0].type != "tensor(float)":
            raise WeightsError(
                f"{path.name} takes {inputs[0].type} of {_said(sides)}, and its card says float of {_said(shape)}; "
                "see size, channels and layout of the card's architecture"
            )
        self._input, self._batch = inputs[0].name, batch if isinstance(batch, int) and batch > 0 else None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        given = np.ascontiguousarray(pixels.detach().cpu().numpy(), np.float32)
        if self._batch is None:
            found = self._run(given)
        else:  # a file for batches of one size: the last one is filled up
            lacking = -len(given) % self._batch
            filled = np.concatenate([given, np.zeros((lacking, *given.shape[1:]), np.float32)])
            parts = [self._run(filled[i : i + self._batch]) for i in range(0, len(filled), self._batch)]
            found = np.concatenate(parts)[: len(given)]
        if len(found) != len(given):
            raise MachineError(
                f"{self._name} gives {len(found)} results for {len(given)} views: its card takes another value"
            )
        return torch.from_numpy(np.asarray(found, np.float32)).to(pixels.device)

    def _run(self, given: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
        found: np.ndarray[Any, np.dtype[np.float32]] = self._session.run(None, {self._input: given})[0]
        return found


def _model(path: Path, output: str) -> bytes:
    """The graph with one output."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        if type(error).__name__ not in DECODE_ERRORS:
            raise
        raise WeightsError(f"{path.name} is no ONNX file, or a damaged one") from error
    if not model.graph.node:
        raise WeightsError(f"{path.name} is no ONNX file, or a damaged one")
    if any(one.data_location == onnx.TensorProto.EXTERNAL for one in model.graph.initializer):
        raise WeightsError(f"{path.name} keeps its tensors in further files, which nobody checks: save it as one file")
    ends = {one.name: one for one in model.graph.output}
    wanted = output or next(iter(ends))
    values = [name for node in model.graph.node for name in node.output if name]
    if wanted not in values:
        hint = did_you_mean(wanted, values)
        last = ", ".join(dict.fromkeys([*values[-5:], *ends]))
        raise WeightsError(
            f'{path.name} has no value "{wanted}"; its last ones are {last}{"; " + hint if hint else ""}'
        )
    del model.graph.output[:]
    model.graph.output.append(ends.get(wanted) or onnx.helper.make_empty_tensor_value_info(wanted))
    written = io.BytesIO()
    written.write(model.SerializeToString())
    return written.getvalue()


def _said(shape: Sequence[int | str | None]) -> str:
    return " × ".join(str(one) if isinstance(one, int) else "any" for one in shape)
