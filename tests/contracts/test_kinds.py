"""What every kind of every registry keeps: a new file in such a folder is tested by its being there."""

from __future__ import annotations

from typing import Any

import pytest

from features.core.digest import digest_json
from features.core.kinds.registry import Kind, Registry
from flows.reference.registries import registries
from tests.support.kinds import NEEDED, settings_of

FOUND = registries()
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
