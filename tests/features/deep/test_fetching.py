"""Fetching weights: from a server of this machine and a hub that is not there; nothing goes out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from features.core.digest import digest_file
from features.core.errors import MachineError, NetworkError, WeightsError
from features.deep.card import Card, load_card
from features.deep.fetching import fetch
from features.deep.finding import FOLDERS, locate, weight_folders

GET = "ask those who trained it"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def card(**weights: Any) -> Card:
    settings = load_card("efficientnet_lite0").model_dump(mode="json")
    return Card.model_validate({**settings, "weights": {"file": "own.pth", "get": GET, **weights}})


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a file that a server of this machine gives."""
    monkeypatch.setenv(FOLDERS, "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "weights-1.pth").write_bytes(b"weights")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path / "served")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/weights-1.pth"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_fetched_into_the_folder_of_the_user_where_it_is_found(address: str, tmp_path: Path) -> None:
    digest = digest_file(tmp_path / "served" / "weights-1.pth")
    own = card(address=address, sha256_begins=digest[:8])
    assert locate(own.weights) is None
    found = fetch(own)
    assert found == weight_folders()[-1] / "own.pth" == locate(own.weights)
    assert found.read_bytes() == b"weights"


@pytest.mark.parametrize("published", [{"sha256": "0" * 64}, {"sha256_begins": "0" * 8}])
def test_another_file_than_the_published_one_is_not_kept(address: str, published: dict[str, str]) -> None:
    with pytest.raises(WeightsError, match="expected 00000000"):
        fetch(card(address=address, **published))
    assert list(weight_folders()[-1].iterdir()) == []


def test_a_place_that_does_not_answer_is_told(address: str) -> None:
    with pytest.raises(NetworkError, match=r"nothing\.pth could not be fetched: File not found"):
        fetch(card(address=address.replace("weights-1", "nothing")))


def test_what_torch_has_fetched_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kept = tmp_path / "hub" / "checkpoints" / "weights-1.pth"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"weights")
    assert locate(card(address="https://nowhere.invalid/weights-1.pth").weights) == kept


def test_what_a_hub_has_fetched_is_found_and_a_hub_that_is_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    own = card(hub={"repository": "someone/something", "file": "model.safetensors"})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        NetworkError, match=r"model\.safetensors of someone/something could not be fetched: the hub does not answer"
    ):
        fetch(own)
    folder = tmp_path / "models--someone--something"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "snapshots" / "abc" / "model.safetensors").write_bytes(b"weights")
    assert locate(own.weights) == folder / "snapshots" / "abc" / "model.safetensors" == fetch(own)


def test_nothing_is_fetched_of_what_a_user_must_ask_for() -> None:
    with pytest.raises(MachineError, match=f"not where they can be fetched. To get them: {GET}"):
        fetch(card())
