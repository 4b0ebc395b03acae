"""Registry: the folder is the registry, and its faults name the place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from features.core.errors import RadweaveError
from features.core.kinds.registry import Kind, KindError, Registry

GOOD = """
from typing import Literal
from features.core.kinds.registry import Kind
class {name}(Kind):
    kind: Literal["{kind}"] = "{kind}"
    depth: int = 3
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[Kind]]:
    """A package with two good kinds and three bad files."""
    package = tmp_path / "a_test_room"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "forest.py").write_text(GOOD.format(name="Forest", kind="forest"))
    (package / "linear.py").write_text(GOOD.format(name="Linear", kind="linear"))
    (package / "twins.py").write_text(
        GOOD.format(name="One", kind="twins") + GOOD.format(name="Two", kind="twins").replace("from", "#")
    )
    (package / "nothing.py").write_text("from a_test_room.forest import Forest\n")
    (package / "needy.py").write_text("import a_package_that_nobody_has\n")
    (package / "inner").mkdir()
    (package / "inner" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry(Kind, "a_test_room")
    for name in [name for name in sys.modules if name.startswith("a_test_room")]:
        del sys.modules[name]


def test_files_are_the_kinds_and_folders_are_not(room: Registry[Kind]) -> None:
    assert list(room.modules) == ["forest", "linear", "needy", "nothing", "twins"]


def test_listing_imports_no_kind(room: Registry[Kind]) -> None:
    assert room.modules
    assert not [name for name in sys.modules if name.startswith("a_test_room.")]
    room.parse("forest")
    assert [name for name in sys.modules if name.startswith("a_test_room.")] == ["a_test_room.forest"]


def test_bare_name_gives_the_defaults_and_settings_are_kept(room: Registry[Kind]) -> None:
    assert room.parse("forest").model_dump() == {"kind": "forest", "depth": 3}
    deep = room.parse({"kind": "forest", "depth": 5})
    assert deep.model_dump() == {"kind": "forest", "depth": 5}
    assert room.parse(deep) is deep


@pytest.mark.parametrize("value", ["forst", {"kind": "forst"}])
def test_unknown_kind_names_the_nearest(room: Registry[Kind], value: object) -> None:
    with pytest.raises(ValueError, match='unknown kind "forst"; allowed: forest, linear.*did you mean "forest"'):
        room.parse(value)


@pytest.mark.parametrize("value", [3, None, {"depth": 3}, {"kind": ["forest"]}, [], {"kind": {}}])
def test_what_names_no_kind_is_refused(room: Registry[Kind], value: object) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        room.parse(value)


@pytest.mark.parametrize(("kind", "count"), [("twins", 2), ("nothing", 0)])
def test_a_file_defines_exactly_one_class(room: Registry[Kind], kind: str, count: int) -> None:
    with pytest.raises(TypeError, match=f"a_test_room.{kind} must define exactly one Kind, found {count}"):
        room.load(kind)


def test_missing_dependency_is_named(room: Registry[Kind]) -> None:
    with pytest.raises(RadweaveError, match='kind "needy" needs the package a_package_that_nobody_has: pip install'):
        room.parse("needy")


def test_wrong_settings_say_where_in_one_line(room: Registry[Kind]) -> None:
    with pytest.raises(KindError) as caught:
        room.parse({"kind": "forest", "depth": "deep", "width": 1})
    message = str(caught.value)
    assert "depth: Input should be a valid integer" in message
    assert "width: Extra inputs are not permitted" in message
    assert "\n" not in message
    assert "http" not in message


def test_kind_in_the_settings_cannot_be_another(room: Registry[Kind]) -> None:
    class Other(Kind):
        kind: Literal["other"] = "other"

    assert room.parse(Other()).kind == "other"  # an instance of the base is taken as it is
    with pytest.raises(RadweaveError, match='kind: unknown kind "fores"; allowed: forest, .*; did you mean "forest"'):
        room.load("fores")
