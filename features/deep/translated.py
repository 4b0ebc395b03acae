"""Translated: a network as onnxruntime runs it on processors, which is several times faster than torch does."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.deep.loaded import Loaded
from features.deep.needed import check_installed
from features.deep.taps import forward

if TYPE_CHECKING:
    import torch

ENGINE = "onnxruntime"


class Translated:
    """A network with its preparation of channels and intensities, for views of one shape and some taps.

    shape: (channels, *size) of the views. Values are those of torch within 1e-4 of the largest.
    """

    def __init__(self, loaded: Loaded, taps: Sequence[str], shape: Sequence[int], threads: int) -> None:
        """Raises MachineError if onnxruntime is not installed."""
        check_installed(ENGINE, "onnx")
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no core
        self._taps = tuple(taps)
        self._session: Any = onnxruntime.InferenceSession(
            _exported(loaded, self._taps, shape), settings, providers=["CPUExecutionProvider"]
        )

    def run(self, views: NDArray[np.float32]) -> dict[str, torch.Tensor]:
        """The maps of each tap. views: (n, channels, *size) in [0, 1]."""
        import torch

        found = self._session.run(None, {"views": views})
        return {tap: torch.from_numpy(maps) for tap, maps in zip(self._taps, found, strict=True)}


@lru_cache(maxsize=16)
def translated(loaded: Loaded, taps: tuple[str, ...], shape: tuple[int, ...], threads: int) -> Translated:
    """A network for processors, for views of this shape (channels, *size); made once."""
    return Translated(loaded, taps, shape, threads)


def _exported(loaded: Loaded, taps: Sequence[str], shape: Sequence[int]) -> bytes:
    """The network as ONNX, which takes views and gives the taps."""
    import torch

    class Prepared(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = loaded.network

        def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, ...]:
            found = forward(loaded.architecture, self.network, loaded.prepared(views), taps)
            return tuple(found[tap] for tap in taps)

    written = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of traced shapes, which are the same for all views
        torch.onnx.export(
            Prepared().eval(),
            (torch.zeros(2, *shape),),
            written,
            dynamo=False,
            input_names=["views"],
            output_names=[f"tap{i}" for i in range(len(taps))],
            dynamic_axes={name: {0: "n"} for name in ["views", *(f"tap{i}" for i in range(len(taps)))]},
        )
    return written.getvalue()
