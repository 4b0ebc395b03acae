"""What every kind of every registry keeps: a new file in such a folder is tested by its being there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from features.core.digest import digest_json
from features.core.kinds.registry import Kind, Registry
from flows.reference.registries import registries
from tests.support.kinds import NEEDED, settings_of

FOUND = registries()
TESTS = Path(__file__).parents[1]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])")
KINDS = [pytest.param(found, kind, id=f"{name}-{kind}") for name, found in FOUND.items() for kind in found.modules]


def test_settings_are_given_for_kinds_that_exist_alone() -> None:
    kinds = {found.base.__name__: set(found.modules) for found in FOUND.values()}
    assert {base: given.keys() - kinds[base] for base, given in NEEDED.items()} == {base: set() for base in NEEDED}


@pytest.mark.parametrize(("registry", "kind"), KINDS)
def test_kind_file_and_class_are_one_word_with_a_docstring(registry: Registry[Kind], kind: str) -> None:
    found = registry.load(kind)
    assert found.model_fields["kind"].default == kind
    assert found.__name__.lower().rstrip("_") == kind.replace("_", "").lower()  # None_ of none
    assert "__" not in kind
    assert "." in (found.__doc__ or "")


@pytest.mark.parametrize(("registry", "kind"), KINDS)
def test_settings_survive_writing_and_reading(registry: Registry[Kind], kind: str) -> None:
    settings = settings_of(registry, kind)
    one: Any = registry.parse(settings)
    again = registry.parse(one.model_dump(mode="json"))
    assert (again, hash(again), again.kind) == (one, hash(one), kind)
    assert digest_json(again.model_dump(mode="json")) == digest_json(one.model_dump(mode="json"))
    with pytest.raises(ValueError, match="not_a_setting"):
        registry.parse({**settings, "not_a_setting": 1})


def test_of_every_room_of_the_modelling_floor_a_list_says_with_what_kinds_were_compared() -> None:
    """And what it says is what a test says: its file names the kind, or goes over all, and holds each difference that is told."""
    said = {
        name: {kind: room.load(kind).compared for kind in room.modules}
        for name, room in FOUND.items()
        if any(room.load(kind).compared for kind in room.modules)
    }
    assert {"models", "steps", "metrics", "splits", "controls"} <= set(said)
    faults = []
    for name, kinds in said.items():
        for kind, compared in kinds.items():
            if compared is None or not (path := TESTS / compared.test).is_file():
                faults.append(f"{name} {kind}: says not with what it was compared, or by no test that exists")
                continue
            text = path.read_text("utf-8")
            known = {f"{float(number):g}" for number in NUMBER.findall(text)}
            known |= (
                {"0"} if "assert_array_equal" in text or "] ==" in text or "() ==" in text or ") ==" in text else set()
            )
            known |= {f"{1e-6:g}"} if "approx(" in text else set()  # of pytest, where none is named
            known |= {f"{1e-7:g}"} if "assert_allclose(" in text else set()  # of numpy, likewise
            missing = {f"{float(number):g}" for number in NUMBER.findall(compared.within)} - known
            if missing or bool(compared.reference) != bool(compared.within):
                faults.append(f"{name} {kind}: {compared.test} holds no {', '.join(sorted(missing)) or 'reference'}")
            if kind.split("_")[0] not in text.lower() and ".modules" not in text:
                faults.append(f"{name} {kind}: {compared.test} does not name it")
    assert faults == []
