"""Translated: a network as onnxruntime runs it on processors, which is several times faster than torch does.

torch writes the network in the form of ONNX once; it is kept in the user's cache under the digest of all that decides it, and
from then on neither torch nor the checkpoint is loaded.
"""

from __future__ import annotations

import io
import os
import warnings
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import lru_cache
from math import prod
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.core.digest import digest_bytes, digest_json
from features.core.errors import StoreError
from features.core.kinds.sampling import Pixels, to_unit
from features.core.storage.place import write_bytes
from features.deep.asked import Asked, pooled
from features.deep.augment import Change
from features.deep.needed import check_torch, load_onnxruntime, torch_version
from features.deep.on_device import PIXELS, halved

if TYPE_CHECKING:
    import torch

ENGINE = "onnxruntime"
VERSION = "2"  # raise it when the same network is written otherwise
DIGITS = 32
FULL = ("Failed to allocate", "bad_alloc", "bad allocation")  # says onnxruntime where memory is full
MOST = 16  # views at once
CACHED = 2 * 224**2  # pixels of views at once: maps of layers, several times as large, stay in a processor's cache
BOUND = 1e-4  # of the largest value: how far features may be from torch's


class NotTranslatedError(Exception):
    """A network that torch cannot write as ONNX, or that gives other values so."""


class Translated:
    """What is asked of a network, for views of one size, of all its channels or of one that is repeated.

    Values are those of torch within 1e-4 of the largest. Each thread takes a few views at a time, which its cache holds, and
    runs the whole network over them: threads that share each layer wait for each other at its end. Of large patches fewer are
    in memory at a time, and threads share layers after all.
    """

    def __init__(self, asked: Asked, size: Sequence[int], threads: int) -> None:
        """Raises MachineError if onnxruntime is not installed; where it is not kept, as `Asked.load`, and NotTranslatedError."""
        onnxruntime = load_onnxruntime()
        pixels = prod(size)
        self.batch = max(1, min(MOST, CACHED // pixels))  # views that a thread runs at once
        self.lanes = max(1, min(threads, PIXELS["cpu"] // (self.batch * pixels)))
        onnxruntime.set_default_logger_severity(4)  # errors are raised too
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads - self.lanes + 1
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no core
        self._session: Any = onnxruntime.InferenceSession(
            _kept(asked, size), settings, providers=["CPUExecutionProvider"]
        )
        self._asked, self._own = asked, local()
        self._threads = ThreadPoolExecutor(self.lanes, ENGINE) if self.lanes > 1 else None

    def run(self, views: Pixels | Sequence[Pixels], change: Change | None = None) -> NDArray[np.float32]:
        """(n, k): the features of views, (n, channels, *size) in [0, 1] or as they are kept, or of several such arrays.

        change: what is done to them first. Raises MemoryError if they do not fit.
        """
        one = isinstance(views, np.ndarray)
        each: Pixels | list[Pixels] = views if one else [view for part in views for view in part]  # type: ignore[assignment]
        size = max(1, min(self.batch, -(-len(each) // self.lanes)))
        starts = range(0, len(each), size)
        found: list[NDArray[np.float32] | None] = [None] * len(starts)
        places = iter(range(len(starts)))  # each thread takes the next one

        def lane(_: int) -> None:
            try:
                for place in places:
                    found[place] = self._features(each[starts[place] : starts[place] + size], change)
            except BaseException:
                deque(places, maxlen=0)  # nothing is left for the others
                raise

        try:
            if self._threads is None or self.lanes == 1:
                lane(0)
            else:
                list(self._threads.map(lane, range(min(self.lanes, len(starts)))))
        except MemoryError:
            self.batch = min(self.batch, size)  # half of what was tried is tried next
            raise
        return np.concatenate([one for one in found if one is not None])

    def take_fewer(self) -> None:
        """After memory was full: fewer views at once from here on, which is said. Raises MemoryError if it was one."""
        before, self.lanes = self.lanes, 1
        self.batch = halved(self.batch if before == 1 else 2 * self.batch, "cpu", self._asked)

    def _features(self, views: Pixels | list[Pixels], change: Change | None) -> NDArray[np.float32]:
        given = self._stacked(views)
        try:
            (found,) = self._session.run(None, {"views": given if change is None else _changed(given, change)})
        except Exception as error:
            if type(error).__module__.partition(".")[0] != ENGINE or not any(mark in str(error) for mark in FULL):
                raise
            raise MemoryError from error
        return np.asarray(found, np.float32)

    def _stacked(self, views: Pixels | list[Pixels]) -> NDArray[np.float32]:
        """Views as one array in [0, 1], in memory that the thread uses again: new memory costs more than what is put there."""
        if isinstance(views, np.ndarray) and views.dtype == np.float32:
            return np.asarray(views, np.float32)
        room: NDArray[np.float32] | None = getattr(self._own, "room", None)
        if room is None or len(room) < len(views) or room.shape[1:] != views[0].shape:
            room = self._own.room = np.empty((len(views), *views[0].shape), np.float32)
        for place, view in enumerate(views):
            to_unit(view, room[place])
        return room[: len(views)]


def _changed(views: NDArray[np.float32], change: Change) -> NDArray[np.float32]:
    import torch

    found: NDArray[np.float32] = change(torch.from_numpy(views)).contiguous().numpy()
    return found


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
    import torch

    onnxruntime = load_onnxruntime()

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
