"""Unions as forms: a choice told apart by its kind; wrong kinds and settings are refused."""

import importlib
import inspect
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from features.core.errors import RadweaveError
from flows.serving.parameters import Choice, any_of, checked
from tasks.modelling.models.model import MODELS
from tasks.modelling.models.svm import Svm
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner
from tasks.running.runners.threads import Threads

MODEL = TypeAdapter(any_of(MODELS))


def test_every_kind_of_a_room_is_a_choice() -> None:
    offered = MODEL.json_schema()
    assert set(offered) >= {"anyOf", "$defs"}
    choices = [offered["$defs"][one["$ref"].rpartition("/")[2]] for one in offered["anyOf"]]
    kinds = {one["properties"]["kind"]["const"] for one in choices}
    assert kinds == set(MODELS.modules)
    fields = [(part, key, one) for part, form in offered["$defs"].items() for key, one in form["properties"].items()]
    unexplained = [(part, key) for part, key, one in fields if not ("const" in one or one.get("title"))]
    assert unexplained == []


def test_the_ui_tells_the_default_runner_by_its_fields() -> None:
    """It takes the first choice that has most of a value's fields."""
    schema = TypeAdapter(Annotated[AnyRunner, Choice()]).json_schema()
    forms = [schema["$defs"][one["$ref"].rpartition("/")[2]] for one in schema["anyOf"]]
    for form in forms:
        value = set(form["properties"])
        matches = [len(value & set(other["properties"])) for other in forms]
        assert forms[matches.index(max(matches))] is form


def test_a_kind_is_parsed_by_its_name() -> None:
    assert MODEL.validate_python({"kind": "svm", "C": [2.0]}) == Svm(C=(2.0,))


@pytest.mark.parametrize(
    "wrong", [{"kind": "svn"}, {"C": [1.0]}, {"kind": "svm", "alpha": 1}, {"kind": "svm", "C": []}]
)
def test_wrong_kinds_and_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MODEL.validate_python(wrong)


@checked
def doubled(count: int, runner: Annotated[AnyRunner, Choice()] = DEFAULT_RUNNER) -> tuple[int, AnyRunner]:
    """Twice."""
    return 2 * count, runner


def test_checked_parameters_are_parsed_and_wrong_ones_are_named_together() -> None:
    assert doubled("2", runner={"kind": "threads"}) == (4, Threads())
    with pytest.raises(RadweaveError) as told:
        doubled("many", runner={"kind": "cloud"})
    assert "wrong parameters: count: Input should be a valid integer" in str(told.value)
    assert "; runner: Input tag 'cloud' found using 'kind' does not match" in str(told.value)


@pytest.mark.parametrize("name", ["refresh", "study", "stability", "standardise", "contour"])
def test_every_flow_tells_a_wrong_parameter_in_a_sentence(name: str) -> None:
    flow = getattr(importlib.import_module(f"flows.{name}"), name)
    given = {one: "" for one, what in inspect.signature(flow.fn).parameters.items() if what.default is what.empty}
    with pytest.raises(RadweaveError, match="^wrong parameters: runner: Input tag 'cloud'"):
        flow.fn(**given, runner={"kind": "cloud"})
    assert not flow.should_validate_parameters  # Prefect's own check tells it with a traceback
