"""How parameters of flows look in a form: titles, and unions of the kinds of a room as a choice."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from features.core.room import Kind, Room

K = TypeVar("K", bound=Kind)


def titled(title: str) -> FieldInfo:
    """The title of a parameter; Prefect takes descriptions from the flow's docstring and has no place for titles."""
    found: FieldInfo = Field(json_schema_extra={"title": title})
    return found


class Choice:
    """A union as a choice of forms, told apart by `kind`: the UI shows `anyOf` so, but pydantic's `oneOf` as raw JSON."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": schema["oneOf"]}


def any_of(room: Room[K]) -> Any:
    """The type "any kind of this room", as a choice: a new file in the room is a new form.

    Kinds with fewer fields stand first, because the UI tells a value's kind by the names of its fields.
    """
    kinds = sorted((room.load(kind) for kind in room.modules), key=lambda kind: len(kind.model_fields))
    return Annotated[reduce(or_, kinds), Field(discriminator="kind"), Choice()]
