"""The gateway's routing table, written from the services' code: each address, its permission, and whom its answer is about."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from cli.processes import GATEWAY
from shared.disclosing import ABOUT, FILE_FORM, FILE_OF, PERSONAL_FIELDS, SUBJECT_FIELDS
from shared.identity import INTERNAL, api_routes, permission_of, permission_under_agreement

OUTSIDE = "/v1/"
REF = "#/components/schemas/"
PEOPLE = frozenset({"household", "individual"})


class TellsOfNobody(Exception):
    """An answer has a field that only people have, in an object that does not say whom it is about."""


def routing_table(apps: Mapping[str, FastAPI]) -> str:
    """gateway/routes.json: every operation that is forwarded. TellsOfNobody where an answer hides whom it is about."""
    rows = [row for package, app in apps.items() if package != GATEWAY for row in _rows(package.split(".")[-1], app)]
    lines = ",\n".join(
        json.dumps(row, ensure_ascii=False) for row in sorted(rows, key=lambda row: tuple(row.values())[:3])
    )
    return f"[\n{lines}\n]\n"


def _rows(service: str, app: FastAPI) -> Iterator[dict[str, Any]]:
    document = app.openapi()
    schemas = document.get("components", {}).get("schemas", {})
    seen: set[tuple[str, str]] = set()
    for route in api_routes(app.routes):
        path, permission = str(route.path), permission_of(route) or ""
        if permission == INTERNAL or not path.startswith(OUTSIDE):
            continue
        for method in sorted(route.methods or ()):
            if (method, path) in seen:  # where two share an address the first one answers
                continue
            seen.add((method, path))
            operation = document["paths"].get(path, {}).get(method.lower(), {})
            row: dict[str, Any] = {"service": service, "path": path, "method": method, "permission": permission}
            if shared := permission_under_agreement(route):
                row["under_agreement"] = shared
            if records := _records(f"{method} /{service}{path}", operation, schemas):
                row["records"] = records
            if kind := operation.get(FILE_OF):
                row["file_of"] = kind
                row["file"] = operation[FILE_FORM]
            yield row


def _records(name: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """`{where: {field: kind}}` of a successful JSON answer; `where` is a path with `*` for every item or value."""
    found: dict[str, dict[str, str]] = {}
    for code, answer in operation.get("responses", {}).items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if code.startswith("2") and schema:
            _walk(name, schema, "", schemas, (), found)
    return dict(sorted(found.items()))


def _walk(
    name: str,
    schema: Mapping[str, Any],
    at: str,
    schemas: Mapping[str, Any],
    inside: tuple[str, ...],
    found: dict[str, dict[str, str]],
) -> None:
    if reference := schema.get("$ref"):
        kind = reference.removeprefix(REF)
        if kind not in inside:
            _walk(name, schemas[kind], at, schemas, (*inside, kind), found)
        return
    for choice in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(choice, ()):
            _walk(name, one, at, schemas, inside, found)
    properties = schema.get("properties", {})
    about = {field: SUBJECT_FIELDS[field] for field in properties if field in SUBJECT_FIELDS} | schema.get(ABOUT, {})
    if about:
        found.setdefault(at, {}).update(about)
    elif hidden := (PERSONAL_FIELDS & set(properties)) | _kinds_of_people(properties):
        within = any(at == where or at.startswith(f"{where}/") for where in found)
        if not within:  # a part of a record is told under the record's name
            raise TellsOfNobody(f"{name}: {at or '/'} has {', '.join(sorted(hidden))} and says of nobody")
    for field, one in properties.items():
        _walk(name, one, f"{at}/{field}", schemas, inside, found)
    for every in ("items", "additionalProperties"):
        if isinstance(schema.get(every), Mapping):
            _walk(name, schema[every], f"{at}/*", schemas, inside, found)


def _kinds_of_people(properties: Mapping[str, Any]) -> set[str]:
    """Fields that say whether it is a household or an individual that an id beside them names."""
    if not any(one.get("format") == "uuid" for one in properties.values()):
        return set()
    return {field for field, one in properties.items() if PEOPLE & set(one.get("enum", ()))}
