"""run: what a device gives does not depend on batches; full memory, a GPU that vanishes and NaN are told."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from features.core.errors import ExitCode, MachineError, RadweaveError
from features.core.kinds.extractor import EXTRACTORS
from features.core.kinds.sampling import LEVELS, to_unit
from features.core.progress import heard_by
from features.deep.architecture import ARCHITECTURES
from features.deep.asked import Asked, forget, pooled
from features.deep.device import chosen_device, has_gpu
from features.deep.on_device import OnDevice, most_views, on_device
from features.deep.pooling import POOLINGS
from features.deep.running import _tried, run, threads
from features.deep.translated import Translated, translated
from tests.features.deep.test_translated import Small

torch = pytest.importorskip("torch")
Fail = pytest.importorskip("onnxruntime").capi.onnxruntime_pybind11_state.Fail

ASKED = Asked(Small(), None, 0, ("features",), (POOLINGS.parse("average"),))
VIEWS = np.random.default_rng(0).random((37, 3, 12, 10), np.float32)
Pooled = Callable[[Asked, Any, Any], Any]


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("RADWEAVE_DEVICE", "RADWEAVE_GPU_GIB"):
        monkeypatch.delenv(name, raising=False)
    for cached in (on_device, translated, _tried):
        cached.cache_clear()
    yield
    forget()


@pytest.fixture
def said() -> Iterator[list[str]]:
    found: list[str] = []
    with heard_by(found.append):
        yield found


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that is the processor: torch finds one, and what goes there stays here."""
    monkeypatch.setattr("features.deep.device.has_gpu", lambda: True)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    to, moved = torch.Tensor.to, torch.nn.Module.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *a, **k: self if a[:1] == ("cuda",) else to(self, *a, **k))
    monkeypatch.setattr(
        torch.nn.Module, "to", lambda self, *a, **k: moved(self, **k) if a[:1] == ("cuda",) else moved(self, *a, **k)
    )


def with_forward(monkeypatch: pytest.MonkeyPatch, check: Callable[[int], None]) -> list[int]:
    """How many views each forward pass got; check: raises as the device would."""
    sizes: list[int] = []

    def watched(asked: Asked, loaded: Any, views: Any) -> Any:
        sizes.append(len(views))
        check(len(views))
        return pooled(asked, loaded, views)

    monkeypatch.setattr("features.deep.on_device.pooled", watched)
    return sizes


def room_for(most: int) -> Callable[[int], None]:
    def check(count: int) -> None:
        if count > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return check


def wanted() -> np.ndarray[Any, Any]:
    loaded = ASKED.load()
    with torch.inference_mode():
        return pooled(ASKED, loaded, torch.from_numpy(VIEWS)).numpy()  # type: ignore[no-any-return]


@pytest.mark.usefixtures("gpu")
def test_a_full_gpu_gets_half_as_many_views_until_they_fit_and_says_so(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    before = wanted()
    sizes = with_forward(monkeypatch, room_for(10))
    monkeypatch.setattr("features.deep.on_device.MOST", {"cuda": 32, "cpu": 16})
    np.testing.assert_allclose(run(ASKED, VIEWS), before, atol=1e-5)
    assert sizes == [32, 16, 8, 8, 8, 8, 5]
    assert said == [
        "the memory of the GPU is full: small gets 16 views at once from here on",
        "the memory of the GPU is full: small gets 8 views at once from here on",
    ]
    run(ASKED, VIEWS[:9])
    assert sizes[7:] == [8, 1]  # what fitted is remembered


@pytest.mark.parametrize("threads_", ["1", "2"])
def test_full_memory_of_processors_halves_the_views_of_onnxruntime_too(
    threads_: str, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads_)
    before = run(ASKED, VIEWS)
    network = translated(ASKED, ASKED.digest, VIEWS.shape[2:], threads())
    session, sizes = network._session, []

    class Full:
        def run(self, names: None, given: dict[str, Any]) -> Any:
            sizes.append(len(given["views"]))
            if len(given["views"]) > 5:
                raise Fail("[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer of size 9")
            return session.run(names, given)

    monkeypatch.setattr(network, "_session", Full())
    np.testing.assert_allclose(run(ASKED, VIEWS), before, atol=1e-6)
    assert sizes[-10:] == [4] * 9 + [1]
    allowed = [f"the memory of processors is full: small gets {many} views at once from here on" for many in (16, 8, 4)]
    assert said == allowed[2 - int(threads_) :]
    monkeypatch.setattr(network, "_session", None)  # nothing fits
    monkeypatch.setattr(network, "_features", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        run(ASKED, VIEWS)


@pytest.mark.parametrize("threads_", ["1", "3"])
def test_arrays_one_after_the_other_and_views_as_they_are_kept_give_the_same(
    threads_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads_)
    kept = np.rint(VIEWS * LEVELS).astype(np.uint16)
    parts = np.split(kept, [1, 20])
    expected = run(ASKED, to_unit(kept))
    np.testing.assert_allclose(run(ASKED, parts), expected, atol=1e-6)
    np.testing.assert_allclose(run(ASKED, kept[:, :1]), run(ASKED, to_unit(kept[:, :1])), atol=1e-6)
    monkeypatch.setattr("features.deep.running.translates", lambda _: False)
    np.testing.assert_allclose(run(ASKED, parts), expected, atol=1e-5)


def test_threads_that_ask_for_the_same_network_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = run(ASKED, VIEWS)
    translated.cache_clear()
    made: list[int] = []
    monkeypatch.setattr("features.deep.translated.Translated", lambda *a: made.append(1) or Translated(*a))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: run(ASKED, VIEWS), range(8)):
            np.testing.assert_allclose(found, before, atol=1e-6)
    assert made == [1]


@pytest.mark.usefixtures("gpu")
def test_threads_that_lose_the_gpu_both_go_on_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    before = wanted()
    monkeypatch.setenv("RADWEAVE_DEVICE", "cuda,cpu")
    both = Barrier(2)

    def lost(asked: Asked, loaded: Any, views: Any) -> Any:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr("features.deep.on_device.pooled", lost)
    devices = iter(["cuda", "cuda"])

    def device() -> str:
        if (found := next(devices, None)) is not None:
            both.wait(30)
            return found
        return chosen_device()

    monkeypatch.setattr("features.deep.running.chosen_device", device)
    with ThreadPoolExecutor(2) as pool:
        for begun in [pool.submit(copy_context().run, run, ASKED, VIEWS) for _ in range(2)]:
            np.testing.assert_allclose(begun.result(), before, atol=1e-5)
    assert len(said) == 1


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    "told", ["CUDA error: out of memory\nCUDA kernel errors", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"]
)
def test_a_gpu_that_others_fill_is_a_full_one_and_no_one_that_vanished(
    monkeypatch: pytest.MonkeyPatch, said: list[str], told: str
) -> None:
    def check(count: int) -> None:
        if count > 20:
            raise RuntimeError(told)

    sizes = with_forward(monkeypatch, check)
    run(ASKED, VIEWS)
    assert sizes == [37, 18, 18, 1], "half of what was tried, not of what might have been"
    assert said == ["the memory of the GPU is full: small gets 18 views at once from here on"]


@pytest.mark.usefixtures("gpu")
def test_a_view_that_does_not_fit_alone_is_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    with_forward(monkeypatch, room_for(0))
    with pytest.raises(MemoryError):
        run(ASKED, VIEWS[:2])
    assert said[-1].endswith("small gets 1 view at once from here on")


@pytest.mark.usefixtures("gpu")
def test_weights_that_do_not_fit_the_gpu_are_a_sentence_and_no_case_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.nn.Module, "to", lambda *_, **__: room_for(0)(1))
    with pytest.raises(MachineError, match=r"has no room for the weights of small: .*raise RADWEAVE_GPU_GIB"):
        run(ASKED, VIEWS[:2])


@pytest.mark.slow
@pytest.mark.usefixtures("gpu")
def test_one_network_at_a_time_is_on_a_gpu() -> None:
    run(ASKED, VIEWS[:2])
    before = weakref.ref(on_device(ASKED, ASKED.digest, "cuda", VIEWS.shape[2:]))
    assert before() is not None
    run(replace(ASKED, seed=1), VIEWS[:2])
    gc.collect()
    assert before() is None


def vanished(_: int) -> None:
    raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_vanishes_ends_the_run_with_a_sentence_and_rejects_nobody(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    with_forward(monkeypatch, vanished)
    with pytest.raises(MachineError) as told:
        run(ASKED, VIEWS)
    assert str(told.value).startswith("the GPU does not answer any more (CUDA error: unspecified launch failure).")
    assert "RADWEAVE_DEVICE=cpu runs networks on processors" in str(told.value)
    assert said == []


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_vanishes_is_replaced_by_processors_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    before = wanted()
    monkeypatch.setenv("RADWEAVE_DEVICE", "cuda,cpu")
    sizes = with_forward(monkeypatch, vanished)
    np.testing.assert_allclose(run(ASKED, VIEWS), before, atol=1e-5)
    assert len(said) == 1
    assert "networks run on processors from here on" in said[0]
    run(ASKED, VIEWS)
    assert sizes == [37]  # the GPU is left alone


@pytest.mark.usefixtures("gpu")
def test_other_errors_are_not_taken_for_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise RuntimeError("shapes do not fit")

    with_forward(monkeypatch, broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        run(ASKED, VIEWS)


def test_a_device_is_chosen_by_the_user_or_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.deep.device.has_gpu", lambda: True)
    assert chosen_device() == "cuda"
    monkeypatch.setenv("RADWEAVE_DEVICE", "cpu")
    assert chosen_device() == "cpu"
    monkeypatch.setattr("features.deep.device.has_gpu", lambda: False)
    monkeypatch.setenv("RADWEAVE_DEVICE", "cuda, cpu")
    assert chosen_device() == "cpu"
    monkeypatch.setenv("RADWEAVE_DEVICE", "cuda")
    with pytest.raises(MachineError, match="RADWEAVE_DEVICE=cuda demands a GPU and torch .* finds none"):
        chosen_device()
    monkeypatch.setenv("RADWEAVE_DEVICE", "cud")
    with pytest.raises(RadweaveError, match='found "cud"; allowed: cpu, cuda, "cuda,cpu"; did you mean "cuda"'):
        chosen_device()
    monkeypatch.setenv("RADWEAVE_DEVICE", "GPU")
    with pytest.raises(RadweaveError, match='found "gpu"; .*; did you mean "cuda"'):
        chosen_device()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RADWEAVE_DEVICE", "cud", 'RADWEAVE_DEVICE: found "cud"; allowed: cpu, cuda, "cuda,cpu"'),
        ("RADWEAVE_GPU_GIB", "-1", 'RADWEAVE_GPU_GIB: found "-1"; allowed: a number above 0, of GiB'),
    ],
)
def test_settings_that_are_none_are_told_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    network = EXTRACTORS.parse({"kind": "network", "weights": "random", "seed": 1, "architecture": "lenet"})
    network.require()
    monkeypatch.setenv(name, value)
    with pytest.raises(RadweaveError, match=told) as fault:
        network.require()
    assert fault.value.exit_code is ExitCode.CONFIGURATION


def test_a_gpu_that_is_demanded_is_looked_for_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = EXTRACTORS.parse("efficientnet_lite0")
    monkeypatch.setattr("features.deep.device.has_gpu", lambda: False)
    for setting in ("cpu", "cuda,cpu", ""):
        monkeypatch.setenv("RADWEAVE_DEVICE", setting)
        network.check_device()
    monkeypatch.setenv("RADWEAVE_DEVICE", "cuda")
    with pytest.raises(MachineError, match="RADWEAVE_DEVICE=cuda demands a GPU"):
        network.check_device()


@pytest.mark.usefixtures("gpu")
def test_memory_of_the_gpu_is_bounded_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", shares.append)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda _: type("Properties", (), {"total_memory": 8 * 2**30})
    )
    monkeypatch.setenv("RADWEAVE_GPU_GIB", "2")
    OnDevice(ASKED, "cuda", (12, 10))
    assert shares == [0.25]
    monkeypatch.setenv("RADWEAVE_GPU_GIB", "all")
    with pytest.raises(RadweaveError, match='RADWEAVE_GPU_GIB: found "all"; allowed: a number above 0, of GiB'):
        OnDevice(ASKED, "cuda", (12, 10))


@pytest.mark.gpu
@pytest.mark.skipif(not has_gpu(), reason="torch finds no GPU")
def test_a_real_gpu_with_little_memory_gets_fewer_views_at_once(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    asked = replace(ASKED, architecture=ARCHITECTURES.parse({"kind": "resnet", "variant": "resnet18"}))
    views = np.random.default_rng(0).random((512, 3, 224, 224), np.float32)
    before = run(asked, views[:4])
    assert said == []
    monkeypatch.setenv("RADWEAVE_GPU_GIB", "1")
    on_device.cache_clear()
    try:
        np.testing.assert_allclose(run(asked, views)[:4], before, atol=1e-5 * abs(before).max())
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert said and all(one.startswith("the memory of the GPU is full: resnet18 gets ") for one in said)


def test_large_patches_are_run_few_at_once() -> None:
    assert (most_views("cpu", (224, 224)), most_views("cpu", (160, 224, 224))) == (16, 1)
    assert most_views("cuda", (48, 48, 48)) > most_views("cpu", (48, 48, 48))


def test_the_same_bytes_give_the_same_features_and_settings_of_torch_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    network = OnDevice(ASKED, "cpu", (12, 10))
    np.testing.assert_array_equal(network.run(VIEWS), network.run(VIEWS))
    seen: list[bool] = []
    with_forward(monkeypatch, lambda _: seen.append(torch.are_deterministic_algorithms_enabled()))
    network.run(VIEWS[:1])
    assert seen == [True]
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_network_that_cannot_be_translated_is_run_by_torch_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    class Odd(torch.nn.Module):  # type: ignore[misc]
        def forward(self, pixels: Any) -> Any:
            return torch.linalg.svd(pixels).S[..., None]

    monkeypatch.setattr(Small, "build", lambda _: Odd())
    forget()
    found = run(ASKED, VIEWS)
    run(ASKED, VIEWS)
    assert found.shape == (37, 3)
    (sentence,) = said
    assert sentence.startswith("small is run by torch, several times slower than by onnxruntime: torch cannot write it")
