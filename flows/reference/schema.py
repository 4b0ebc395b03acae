"""schema: JSON schemas of the files that users write, made from the models, for editors and for the reference pages."""

import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import to_jsonable_python

from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.registry import Kind, Registry

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILES = ("catalog", "recipe", "study", "association", "parameters")
# What the loader of a file adds from the file's place: it need not stand in the file, or must not.
_FROM_PLACE = {"recipe": ("name",), "study": ("name",), "association": ("name",), "catalog": ("folder",)}


def schema_of(file: str) -> dict[str, Any]:
    """The JSON schema of a file that users write. Raises RadweaveError for another word."""
    if file not in FILES:
        raise RadweaveError(
            f'there is no schema "{file}"; there are {", ".join(FILES)}. {hint_sentence(file, FILES)}'.strip()
        )
    model = model_of(file)
    found = json_schema(model)
    found["required"] = [name for name in found.get("required", []) if name not in _FROM_PLACE.get(file, ())]
    if file == "catalog":
        del found["properties"]["folder"]
    return {"$schema": DRAFT, **found, "title": f"radweave {file}"}


def model_of(file: str) -> type[BaseModel]:
    """The model that a file is parsed by."""
    if file == "catalog":
        from features.core.catalog.catalog import Catalog

        return Catalog
    if file == "recipe":
        from features.core.kinds.recipe import Recipe

        return Recipe
    if file == "study":
        from tasks.modelling.evaluation.study import Study

        return Study
    if file == "association":
        from tasks.modelling.association.study import AssociationStudy

        return AssociationStudy
    from features.radiomics.parameter_file import ParameterFile

    return ParameterFile


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model. Where a registry's kind is allowed, each kind stands with settings of its own."""
    found: dict[str, Any] = _plain(model.model_json_schema(schema_generator=_Schemas))
    return found


class _Schemas(GenerateJsonSchema):
    """Pydantic's schema, in which the base of a registry stands for all of its kinds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._inside: set[str] = set()

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        cls = schema["cls"]
        own = _registry_of(cls)
        if own is not None:
            return self._kinds(*own)
        found = super().model_schema(schema)
        for name, field in cls.model_fields.items():
            if field.default_factory is not None:
                value = to_jsonable_python(field.get_default(call_default_factory=True))
                found["properties"][field.alias or name]["default"] = value
        if issubclass(cls, Kind) and not _is_default(cls):
            key = cls.model_fields["kind"].alias or "kind"
            found["required"] = [key, *(name for name in found.get("required", []) if name != key)]
        return found

    def _kinds(self, name: str, registry: Registry[Any]) -> JsonSchemaValue:
        if (
            name in self._inside
        ):  # a kind in a kind, as the region of a mask that is computed: its settings stand further out
            named = {"type": "object", "properties": {registry.key: {"enum": list(registry.modules)}}}
            return {"title": name, "anyOf": [{**named, "required": [registry.key]}, {"enum": list(registry.modules)}]}
        kinds = {kind: registry.load(kind) for kind in registry.modules}
        self._inside.add(name)
        choices = [self.generate_inner(found.__pydantic_core_schema__) for found in kinds.values()]
        self._inside.discard(name)
        alone = [
            kind for kind, found in kinds.items() if not any(one.is_required() for one in found.model_fields.values())
        ]
        if registry.short is not None:
            names = [one for one in registry.names if one not in kinds]
            alone += names
            choices.append(self._short(choices[list(kinds).index(registry.short.kind)], registry.short.key, names))
        return {"title": name, "anyOf": [*choices, *([{"enum": alone}] if alone else [])]}

    def _short(self, kind: JsonSchemaValue, key: str, names: list[str]) -> JsonSchemaValue:
        """Of a kind one of whose settings is given by a name in place of the kind's."""
        found = dict(self.get_schema_from_definitions(kind["$ref"]) or kind)
        properties = {name: one for name, one in found["properties"].items() if name != key}
        required = [name for name in found.get("required", ()) if name not in (key, "kind")]
        return {**found, "properties": {**properties, "kind": {"enum": names}}, "required": ["kind", *required]}


def _registry_of(cls: type) -> tuple[str, Registry[Any]] | None:
    """The registry whose base a class is, and its name in small letters: the base's own file declares it."""
    there = vars(sys.modules[cls.__module__]).items()
    return next(((name.lower(), one) for name, one in there if isinstance(one, Registry) and one.base is cls), None)


def _is_default(cls: type[Kind]) -> bool:
    """Whether a kind is the one that is meant where settings name none."""
    registries = (found[1] for base in cls.__mro__ if base.__module__ in sys.modules and (found := _registry_of(base)))
    return any(registry.default == cls.model_fields["kind"].default for registry in registries)


def _plain(schema: Any) -> Any:
    """`oneOf` as `anyOf`, since 2 is a whole number and a number; without the keywords that only OpenAPI knows."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        "anyOf" if key == "oneOf" else key: _plain(value)
        for key, value in schema.items()
        if not (key == "discriminator" and isinstance(value, dict) and "propertyName" in value)
    }
