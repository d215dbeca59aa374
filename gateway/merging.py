"""Merges the services' OpenAPI descriptions into the one that partners see. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.agreements.rules.leaving import ROW
from gateway.partners.file import Partners
from gateway.partners.tokens import TOKEN_SECONDS

Document = dict[str, Any]

REF = "#/components/schemas/"
FASTAPIS_OWN = frozenset({"HTTPValidationError", "ValidationError"})
"""What FastAPI says a refusal of a body looks like; ours are problems."""
PROBLEM: Document = {
    "type": "object",
    "required": ["type", "title", "status", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "In the caller's language."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "One of /docs/errors."},
        "trace_id": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer to the part of the body that is refused."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "reason"],
                "properties": {"pointer": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
REFUSED: Document = {
    "description": "A refusal, known by its code: /docs/errors lists all",
    "content": {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}},
}
INSTITUTION = "{institution}"
DESCRIPTION = """\
Every institution's door to the platform. Ask `POST /oauth2/token` for a token with your client id and secret
(OAuth 2 client credentials, {minutes} minutes), and send it as `Authorization: Bearer`.

Errors are problem+json (RFC 9457) with a stable `code`, in Arabic, French or English by `Accept-Language`:
[all codes](/docs/errors). Writes accept `Idempotency-Key`. Lists are pages: pass `next_cursor` on as `cursor`.
Enrollment changes come by the feed, `GET /v1/events`.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One service's description: `prefix` leads there from outside, `name` tells its schemas from others."""

    name: str
    prefix: str
    document: Document


def merge(
    own: Document, parts: Iterable[Part], *, institutions: list[str], away: list[str], partners: Partners
) -> Document:
    """The whole: the gateway's own routes as they are, the services' `/v1` ones under their prefixes."""
    merged = {
        "openapi": own["openapi"],
        "info": {"title": "Tekamoul", "version": "1", "description": _description(away)},
        "servers": [{"url": "/"}],
        "security": [{"oauth2": []}],
        "paths": {},
        "components": {"schemas": {"Problem": PROBLEM}, "securitySchemes": {"oauth2": _security(partners)}},
    }
    _add(merged, Part("gateway", "", own), institutions)
    for path, item in merged["paths"].items():
        if not path.startswith("/v1/"):
            for operation in item.values():
                operation["security"] = []
    for part in parts:
        _add(merged, part, institutions)
    return merged


def _description(away: list[str]) -> str:
    text = DESCRIPTION.format(minutes=TOKEN_SECONDS // 60)
    if away:
        names = ", ".join(away)
        text += f"\n**Not answering now, so not described here / ne répond pas / لا يجيب الآن: {names}.**\n"
    return text


def _security(partners: Partners) -> Document:
    scopes = sorted({permission for partner in partners.values() for permission in partner.permissions})
    flow = {"tokenUrl": "/oauth2/token", "scopes": {scope: scope for scope in scopes}}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}


def _add(merged: Document, part: Part, institutions: list[str]) -> None:
    held: dict[str, Any] = merged["components"]["schemas"]
    described: dict[str, Any] = part.document.get("components", {}).get("schemas", {})
    schemas = {name: schema for name, schema in described.items() if name not in FASTAPIS_OWN}
    renamed = _clashes(held, schemas, part.name)
    for name, schema in schemas.items():
        held[renamed.get(name, name)] = _as_told(_pointing_at(schema, renamed))
    for path, item in part.document.get("paths", {}).items():
        if part.prefix and not path.startswith("/v1/"):
            continue  # /internal is for services among themselves, and the gateway's /health speaks for all
        shown: Document = {method: _operation(one, part, renamed) for method, one in item.items()}
        if INSTITUTION in part.prefix:
            shown["parameters"] = [_institution(institutions), *shown.get("parameters", [])]
        merged["paths"][part.prefix + path] = shown


def _operation(operation: Document, part: Part, renamed: Mapping[str, str]) -> Document:
    made: Document = _pointing_at({**operation, "responses": _answers(operation.get("responses", {}))}, renamed)
    if part.prefix:
        made["tags"] = [f"{part.name}: {tag}" for tag in made.get("tags", ["routes"])]
        if "operationId" in made:  # unique in the whole document, as generated clients require
            made["operationId"] = f"{part.name}_{made['operationId']}"
    return made


def _as_told(schema: Document) -> Document:
    """A record under an agreement without what is told to the gateway alone, which takes it out."""
    if ROW not in schema.get("properties", {}):
        return schema
    kept = {name: one for name, one in schema["properties"].items() if name != ROW}
    return schema | {"properties": kept, "required": [name for name in schema.get("required", []) if name != ROW]}


def _answers(responses: Document) -> Document:
    """What an operation says it answers, and that it may refuse: by our problems, where it does not describe its own."""
    told = {status: one for status, one in responses.items() if f"{REF}HTTPValidationError" not in str(one)}
    return told | {"4XX": REFUSED, "5XX": REFUSED}


def _institution(institutions: list[str]) -> Document:
    schema = {"type": "string", "enum": institutions}
    return {"name": "institution", "in": "path", "required": True, "schema": schema}


def _clashes(held: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """New names for schemas that differ from one already there, and for those that speak of them."""
    renamed = {name for name, schema in schemas.items() if name in held and held[name] != schema}
    while more := {
        name for name, schema in schemas.items() if name not in renamed and name in held and _refs(schema) & renamed
    }:
        renamed |= more
    return {name: f"{prefix}_{name}" for name in renamed}


def _refs(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        found = {schema["$ref"].removeprefix(REF)} if isinstance(schema.get("$ref"), str) else set[str]()
        return found.union(*(_refs(value) for value in schema.values()))
    return set[str]().union(*(_refs(value) for value in schema)) if isinstance(schema, list) else set()


def _pointing_at(value: Any, renamed: Mapping[str, str]) -> Any:
    """A copy whose references follow the new names."""
    if isinstance(value, dict):
        made = {key: _pointing_at(one, renamed) for key, one in value.items()}
        if isinstance(value.get("$ref"), str):
            name = value["$ref"].removeprefix(REF)
            made["$ref"] = REF + renamed.get(name, name)
        return made
    return [_pointing_at(one, renamed) for one in value] if isinstance(value, list) else value
