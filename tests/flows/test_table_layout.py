"""Tables on a screen: words stay whole, lines fit, and what has no room is said to be left out."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.deep.card import card_names, load_card
from flows.table_layout import folded, lay_out


@pytest.mark.parametrize(("width", "lacks"), [(80, "licence, size"), (100, "licence"), (120, "")])
def test_the_list_of_backbones_is_whole_on_any_screen(command: Callable, width: int, lacks: str) -> None:
    shown = command("backbones", COLUMNS=str(width)).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    assert {line.split()[0] for line in lines if line[:1].isalpha()} >= {*card_names()}
    assert {*load_card("brainiac").permitted_use.split()} <= {*shown.split()}
    assert (f"A wider screen shows {lacks} too." in lines) == bool(lacks)
    assert "wider" not in command("backbones", "--format", "csv").stdout


def test_lines_between_columns_go_before_columns_do() -> None:
    columns = {"name": ["a" * 30], "kind": ["b" * 30], "note": ["c" * 12]}
    assert lay_out(columns, 82).lines
    assert not lay_out(columns, 76).lines
    assert lay_out(columns, 75, spare=("note",)).left_out == ("note",)


def test_a_word_that_cannot_fit_is_broken_after_punctuation() -> None:
    assert folded("vit_base_patch16_224, vit", 10) == "vit_base_\npatch16_\n224, vit"
    assert folded("x" * 12, 5) == "xxxxx\nxxxxx\nxx"


@given(st.text("ab_- \n", max_size=60), st.integers(1, 12))
def test_folding_loses_no_letter_and_no_line_is_too_long(cell: str, width: int) -> None:
    lines = folded(cell, width).split("\n")
    assert "".join("".join(lines).split()) == "".join(cell.split())
    assert all(len(line) <= width for line in lines)
