"""Translated: a network as onnxruntime runs it on processors, which is several times faster than torch does.

torch writes the network in the form of ONNX once; it is kept in the user's cache under the digest of all that decides it, and
from then on neither torch nor the checkpoint is loaded.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.core.digest import digest_bytes, digest_json
from features.core.errors import StoreError
from features.core.storage.place import write_bytes
from features.deep.asked import Asked, pooled
from features.deep.needed import check_installed, check_torch, torch_version
from features.deep.on_device import most_views

if TYPE_CHECKING:
    import torch

ENGINE = "onnxruntime"
VERSION = "2"  # raise it when the same network is written otherwise
DIGITS = 32
FULL = ("Failed to allocate", "bad_alloc", "bad allocation")  # says onnxruntime where memory is full
BOUND = 1e-4  # of the largest value: how far features may be from torch's


class NotTranslatedError(Exception):
    """A network that torch cannot write as ONNX, or that gives other values so."""


class Translated:
    """What is asked of a network, for views of one size, of all its channels or of one that is repeated.

    Values are those of torch within 1e-4 of the largest.
    """

    def __init__(self, asked: Asked, size: Sequence[int], threads: int) -> None:
        """Raises MachineError if onnxruntime is not installed; where it is not kept, as `Asked.load`, and NotTranslatedError."""
        check_installed(ENGINE, "onnx")
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)  # errors are raised too
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no core
        self._session: Any = onnxruntime.InferenceSession(
            _kept(asked, size), settings, providers=["CPUExecutionProvider"]
        )
        self.batch = most_views("cpu", size)  # views at once

    def run(self, views: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, k): the features of views, (n, channels, *size) in [0, 1]. Raises MemoryError if they do not fit."""
        try:
            (found,) = self._session.run(None, {"views": views})
        except Exception as error:
            if type(error).__module__.partition(".")[0] != ENGINE or not any(mark in str(error) for mark in FULL):
                raise
            raise MemoryError from error
        return np.asarray(found, np.float32)


@lru_cache(maxsize=8)
def translated(asked: Asked, digest: str, size: tuple[int, ...], threads: int) -> Translated:  # noqa: ARG001
    """A network for processors; made once. digest: that of `asked`, so that another file in the same place is another network."""
    return Translated(asked, size, threads)


def _kept(asked: Asked, size: Sequence[int]) -> bytes:
    """The network as ONNX, from the user's cache if it is there and undamaged."""
    key = digest_json([asked.digest, list(size), torch_version(), VERSION])[:DIGITS]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "radweave" / "networks"
    for path in folder.glob(f"{key}-*.onnx") if folder.is_dir() else ():
        data = path.read_bytes()
        if path.stem == f"{key}-{digest_bytes(data)[:DIGITS]}":
            return data
        path.unlink(missing_ok=True)
    data = _written(asked, size)
    try:
        write_bytes(folder / f"{key}-{digest_bytes(data)[:DIGITS]}.onnx", data)
    except (OSError, StoreError):
        return data  # it is made again the next time
    return data


def _written(asked: Asked, size: Sequence[int]) -> bytes:
    """The network as ONNX: it takes views and gives features."""
    check_torch()
    import torch

    loaded, channels = asked.load(), asked.architecture.channels

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = loaded.network

        def forward(self, views: torch.Tensor) -> torch.Tensor:
            return pooled(asked, loaded, views)

    written = io.BytesIO()
    network = Whole().eval()
    with (
        warnings.catch_warnings(),
        torch.no_grad(),
        redirect_stdout(io.StringIO()),
    ):  # torch prints what it cannot write
        warnings.simplefilter("ignore")  # of traced shapes, which are the same for all views
        try:
            torch.onnx.export(
                network,
                (torch.zeros(2, channels, *size),),
                written,
                dynamo=False,
                input_names=["views"],
                output_names=["features"],
                dynamic_axes={"views": {0: "n", **({1: "channels"} if channels > 1 else {})}, "features": {0: "n"}},
            )
        except torch.onnx.OnnxExporterError as error:
            raise NotTranslatedError(f"torch cannot write it as ONNX ({type(error).__name__})") from error
    views = np.random.default_rng(0).random((3, channels, *size), np.float32)
    for one in (views, views[:, :1]) if channels > 1 else (views,):
        _check_values(network, written.getvalue(), one)
    return written.getvalue()


def _check_values(network: torch.nn.Module, data: bytes, views: NDArray[np.float32]) -> None:
    """Raises NotTranslatedError if onnxruntime gives other values than torch for a batch of another size than was written."""
    import onnxruntime
    import torch

    with torch.inference_mode():
        wanted = network(torch.from_numpy(views)).numpy()
    if not np.isfinite(wanted).all():
        raise NotTranslatedError("its values are NaN or infinite, so that none can be compared")
    try:
        (found,) = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"views": views})
    except Exception as error:
        if type(error).__module__.partition(".")[0] != ENGINE:
            raise
        raise NotTranslatedError(f"onnxruntime does not run it ({type(error).__name__})") from error
    largest = float(np.abs(wanted).max())
    if found.shape != wanted.shape or not float(np.abs(found - wanted).max()) <= BOUND * largest:
        raise NotTranslatedError(f"its values would differ by more than {BOUND:.0e} of the largest")
