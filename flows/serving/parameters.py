"""How parameters of flows look in a form: titles, unions of the kinds of a room as a choice; and how they are checked."""

from collections.abc import Callable, Collection
from functools import reduce, wraps
from inspect import signature
from operator import or_
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar, cast

from pydantic import Field, GetJsonSchemaHandler, ValidationError, validate_call
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from features.core.errors import RadweaveError
from features.core.kinds.registry import Kind, Registry
from flows.serving.engine import run_body

K = TypeVar("K", bound=Kind)
P = ParamSpec("P")
R = TypeVar("R")


def titled(title: str) -> FieldInfo:
    """The title of a parameter; Prefect takes descriptions from the flow's docstring and has no place for titles."""
    found: FieldInfo = Field(json_schema_extra={"title": title})
    return found


class Choice:
    """A union as a choice of forms, told apart by `kind`: the UI shows `anyOf` so, but pydantic's `oneOf` as raw JSON.

    none: what the choice of nothing is called.
    """

    def __init__(self, none: str = "") -> None:
        self.none = {"title": none} if none else {}

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        options = handler(core)["oneOf"]
        return {"anyOf": [{**one, **self.none} if one.get("type") == "null" else one for one in options]}


def any_of(room: Registry[K], names: Collection[str] = ()) -> Any:
    """The type "any kind of this room", or of these names, as a choice: a new file in the room is a new form.

    Kinds with fewer fields stand first, because the UI tells a value's kind by the names of its fields.
    """
    kinds = sorted((room.load(kind) for kind in names or room.modules), key=lambda kind: len(kind.model_fields))
    return Annotated[reduce(or_, kinds), Field(discriminator="kind"), Choice()]


def checked(call: Callable[P, R]) -> Callable[P, R]:
    """The function of a flow with checked parameters: wrong ones end the run as Failed with a sentence that names each.

    Prefect's own check would log a traceback and give no sentence: switch it off (`validate_parameters=False`).
    """

    parsed: Callable[..., dict[str, Any]] = validate_call(wraps(call)(lambda **named: named))

    @wraps(call)
    def checking(*args: P.args, **kwargs: P.kwargs) -> R:
        named = signature(call).bind(*args, **kwargs).arguments  # so that faults tell names, not places
        try:
            found = parsed(**named)
        except ValidationError as error:
            sentence = _sentence(error)
            return run_body(lambda _: _refuse(sentence))
        return cast(Callable[..., R], call)(**found)

    return checking


def _sentence(error: ValidationError) -> str:
    faults = [
        (".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")) for fault in error.errors()
    ]
    return "wrong parameters: " + "; ".join(f"{place}: {what}" for place, what in faults)


def _refuse(sentence: str) -> NoReturn:
    raise RadweaveError(sentence)
