"""What every architecture keeps, whichever file it stands in; every variant on torch's meta device, the smallest in numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from features.core.errors import RadweaveError  # noqa: E402
from features.deep.architecture import ARCHITECTURES, FEATURES, Architecture  # noqa: E402
from features.deep.asked import Asked, pooled  # noqa: E402
from features.deep.device import has_gpu  # noqa: E402
from features.deep.family import Family  # noqa: E402
from features.deep.loading import load_random_network  # noqa: E402
from features.deep.needed import is_installed  # noqa: E402
from features.deep.on_device import OnDevice  # noqa: E402
from features.deep.pooling import POOLINGS  # noqa: E402
from features.deep.taps import forward, layer_of  # noqa: E402
from features.deep.translated import Translated  # noqa: E402

KINDS = [kind for kind in ARCHITECTURES.modules if ARCHITECTURES.load(kind).variants()]


def _millions(family: type[Architecture], variant: str) -> float:
    return family.members[variant].millions if issubclass(family, Family) else family.variants().index(variant)


def _least(kind: str) -> Architecture:
    family = ARCHITECTURES.load(kind)
    least = min(family.variants(), key=lambda one: _millions(family, one))
    return ARCHITECTURES.parse({"kind": kind, "variant": least})


VARIANTS = [(kind, variant) for kind in KINDS for variant in ARCHITECTURES.load(kind).variants()]


def _pixels(network: Architecture, count: int, side: int) -> Any:
    shape = (count, network.channels, *(side,) * network.dimensions)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def _places(network: Architecture, maps: Any) -> tuple[int, ...]:
    """Channels, and how many places along each axis, or in all of tokens."""
    if maps.ndim == 3:
        return maps.shape[2], maps.shape[1] - network.before
    return tuple(maps.shape[1:])


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params.get("kind") if hasattr(request.node, "callspec") else None
    if kind and not is_installed(*ARCHITECTURES.load(kind).modules):
        pytest.skip(f"{kind} needs {', '.join(ARCHITECTURES.load(kind).modules)}")


@pytest.mark.parametrize("kind", KINDS)
def test_each_variant_says_what_it_takes_and_who_published_it(kind: str) -> None:
    family = ARCHITECTURES.load(kind)
    for variant in family.variants():
        network = ARCHITECTURES.parse({"kind": kind, "variant": variant})
        assert network.fault(network.input_size) is None
        assert network.publication[-4:].isdigit() or network.publication.endswith(")")
        assert ARCHITECTURES.parse(network.model_dump(mode="json")) == network
    if issubclass(family, Family):
        assert tuple(family.members) == family.variants()


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_that_it_cannot_take_are_said(kind: str) -> None:
    network = _least(kind)
    sides = (network.smallest,) * network.dimensions
    assert network.fault(sides) is None
    below = (network.smallest - 1, *sides[1:])
    found = " × ".join(map(str, below))
    assert network.fault(below) == (f"{network.variant} needs sides of {network.smallest} at least, found {found}")
    assert f"takes {network.dimensions} sides, found 1: 99" in str(network.fault((99,)))
    if network.multiple > 1:
        odd = (network.smallest * 2 + 1,) * network.dimensions
        assert f"multiples of {network.multiple}, found {odd[0]} × " in str(network.fault(odd))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "variant"), VARIANTS)
def test_width_and_smallest_side_are_true_of_every_variant(kind: str, variant: str) -> None:
    network = ARCHITECTURES.parse({"kind": kind, "variant": variant})
    with torch.device("meta"), torch.inference_mode():
        built = network.build()
        assert not built.training
        maps = network.maps(built, torch.zeros(1, network.channels, *(network.smallest,) * network.dimensions))
        sides = (1, 2)  # two where a layer needs several places
        assert _places(network, maps) in [
            (network.width, 1),
            *((network.width, *(n,) * network.dimensions) for n in sides),
        ]
        found = sum(one.numel() for one in built.parameters()) / 1e6
    published = network.millions
    if published is not None:
        assert abs(found - published) <= max(0.0051 * published, 0.00005), (found, published)
        assert not any(one.is_meta is False for one in built.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_images_beside_each_other_change_nothing_and_layers_can_be_named(kind: str) -> None:
    network = _least(kind)
    loaded, asked = load_random_network(network, 7), Asked(network, None, 7, (FEATURES,), (POOLINGS.parse("average"),))
    side = network.input_size[-1] if network.before else max(32, network.smallest)  # tokens go with learnt places
    pixels, built = _pixels(network, 3, side), loaded.network
    layer = next(name for name, module in built.named_modules() if name and not list(module.children()))
    with torch.inference_mode():
        found = forward(network, built, pixels, [FEATURES, layer])
        together = pooled(asked, loaded, pixels)
        alone = torch.cat([pooled(asked, loaded, one[None]) for one in pixels])
    largest = float(together.abs().max())
    assert 0 < largest < float("inf")
    assert float((together - alone).abs().max()) <= 1e-5 * largest
    assert len(found[FEATURES]) == 3
    assert len(found[layer]) == 3
    with pytest.raises(RadweaveError, match="has no layer"):
        layer_of(network, built, "nowhere")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_network_is_built_from_the_random_state_and_leaves_it_alone(kind: str) -> None:
    network = _least(kind)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = network.build().state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    second = network.build().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_random_weights_tell_images_apart(kind: str) -> None:
    network = _least(kind)
    loaded = load_random_network(network, 7)
    side = max(32, network.smallest)
    pixels = torch.nn.functional.interpolate(_pixels(network, 4, 4), size=(side,) * network.dimensions)
    with torch.inference_mode():
        maps = network.maps(loaded.network, loaded.prepared(pixels))
    vectors = (maps if maps.ndim == 3 else maps.flatten(2).transpose(1, 2)).mean(1)
    apart = vectors.std(0) / vectors.abs().mean(0).clamp_min(1e-30)
    assert float((apart > 0.01).float().mean()) > 0.3  # of so few places many are rectified to nothing


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if ARCHITECTURES.load(kind).translates])
def test_onnxruntime_gives_what_torch_gives(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the bound that features.deep.translated states, and views beside each other change nothing beyond 1e-5."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network = _least(kind)
    asked = Asked(network, None, 7, (FEATURES,), (POOLINGS.parse("average"),))
    side = network.input_size[-1] if network.before else max(32, network.smallest)  # tokens go with learnt places
    views = _pixels(network, 3, side).numpy()
    translated = Translated(asked, views.shape[2:], 1)
    found = translated.run(views)
    with torch.inference_mode():
        expected = pooled(asked, load_random_network(network, 7), torch.from_numpy(views)).numpy()
    largest = abs(expected).max()
    assert abs(found - expected).max() <= 1e-4 * largest
    assert abs(translated.run(views[1:2]) - found[1:2]).max() <= 1e-5 * largest


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.skipif(not has_gpu(), reason="torch finds no GPU")
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_gives_what_processors_give_and_the_same_each_time(kind: str) -> None:
    """Within the bound that features.deep.running states; views beside each other change nothing beyond 1e-5."""
    network = _least(kind)
    asked = Asked(network, None, 7, (FEATURES,), (POOLINGS.parse("average"),))
    side = network.input_size[-1] if network.before else max(32, network.smallest)
    views = _pixels(network, 5, side).numpy()
    expected = OnDevice(asked, "cpu", views.shape[2:]).run(views)
    gpu = OnDevice(asked, "cuda", views.shape[2:])
    found, largest = gpu.run(views), abs(expected).max()
    assert abs(found - expected).max() <= 1e-4 * largest
    assert gpu.run(views).tobytes() == found.tobytes()
    assert max(abs(gpu.run(views[i : i + 1]) - found[i]).max() for i in range(5)) <= 1e-5 * largest


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_channels_of_the_input_are_a_setting(kind: str) -> None:
    network = _least(kind).model_copy(update={"channels": 2})
    with torch.device("meta"), torch.inference_mode():
        maps = network.maps(network.build(), torch.zeros(1, 2, *(network.smallest,) * network.dimensions))
    assert _places(network, maps)[0] == network.width


def test_importing_architectures_imports_no_engine() -> None:
    engines = "[name for name in ('torch', 'timm', 'torchvision', 'monai', 'onnxruntime') if name in sys.modules]"
    code = f"import sys, {', '.join(ARCHITECTURES.modules.values())}; print({engines})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
