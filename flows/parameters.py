"""How parameters of flows look in a form: titles, and unions of the kinds of a room as a choice."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from features.core.room import Kind, Room
from tasks.runners.runner import RUNNERS, Runner

K = TypeVar("K", bound=Kind)


def titled(title: str) -> FieldInfo:
    """The title of a parameter; Prefect takes descriptions from the flow's docstring and has no place for titles."""
    found: FieldInfo = Field(json_schema_extra={"title": title})
    return found


class _Choice:
    """The UI shows `anyOf` as a choice with a form for each kind, and pydantic's `oneOf` as raw JSON."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": schema["oneOf"]} if "oneOf" in schema else schema


def any_of(room: Room[K]) -> Any:
    """The type "any kind of this room", told by its `kind`: a new file in the room is a new choice in the form."""
    kinds = [room.load(kind) for kind in room.modules]
    return Annotated[reduce(or_, kinds), Field(discriminator="kind"), _Choice()]  # type: ignore[arg-type]


if TYPE_CHECKING:
    AnyRunner = Runner
else:
    AnyRunner = any_of(RUNNERS)
