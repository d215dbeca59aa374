"""What comes in says nothing that was not asked for: a field nobody described is refused, not passed over."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from cli.reference import build_apps

Document = dict[str, Any]
FREE_OF_NAMES = {
    "answers": "a questionnaire's own names, which are data; each is checked against it",
    "successors": "programs' enrollments by id",
    "mapping": "headers of a file, as its sender wrote them",
    "status_words": "words of an institution's lists",
    "beneficiary": "fields of a program's list; each is checked against its catalog",
    "goods": "goods by their name; each is checked against the program",
    "by_wilaya": "wilayas by their p-code",
    "public_key": "a JWK; what is no public key is refused (gateway/partners/keys.py)",
}
"""Objects whose keys are data, and who checks them."""


def bodies(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if "json" in kind:
                    yield f"{method.upper()} {path}", content["schema"]


def open_objects(schema: Any, schemas: Document, name: str, seen: frozenset[str]) -> Iterator[str]:
    """Where an object of a body takes keys that its description does not name."""
    if not isinstance(schema, dict):
        return
    if (ref := str(schema.get("$ref", "")).rpartition("/")[2]) and ref not in seen:
        yield from open_objects(schemas[ref], schemas, name, seen | {ref})
    if "properties" in schema and schema.get("additionalProperties") is not False:
        yield f"{name}: properties"
    if schema.get("type") == "object" and "properties" not in schema and name not in FREE_OF_NAMES:
        yield f"{name}: any key"
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for one in schema.get(key, []):
            yield from open_objects(one, schemas, name, seen)
    for key in ("items", "additionalProperties"):
        yield from open_objects(schema.get(key), schemas, name, seen)
    for field, one in schema.get("properties", {}).items():
        yield from open_objects(one, schemas, field, seen)


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    """What each service says of itself."""
    with warnings.catch_warnings():
        # The gateway's own health stands before the shared one.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        return {package: app.openapi() for package, app in build_apps().items()}


def test_no_body_takes_a_field_that_is_not_described(documents: dict[str, Document]) -> None:
    found, looked_at = set(), 0
    for document in documents.values():
        for operation, schema in bodies(document):
            looked_at += 1
            open_ones = open_objects(schema, document["components"]["schemas"], "body", frozenset())
            found |= {f"{operation}: {one}" for one in open_ones}

    assert looked_at > 60
    assert found == set()


def test_no_read_takes_a_body_and_every_change_is_no_read(documents: dict[str, Document]) -> None:
    """What a browser sends unasked, a GET, changes nothing: what it leads to is a query, or a download."""
    reads = {}
    for package, document in documents.items():
        for path, item in document["paths"].items():
            if "get" in item:
                reads[package, path] = item["get"]

    assert len(reads) > 150
    assert [place for place, operation in reads.items() if "requestBody" in operation] == []
    assert [place for place, operation in reads.items() if set(operation["responses"]) & {"201", "202", "204"}] == []


def test_an_open_object_is_found_wherever_it_stands() -> None:
    closed = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    opened = {"type": "object", "properties": {"a": {"type": "string"}}}
    schemas = {"Open": opened, "Holder": closed | {"properties": {"it": {"$ref": "#/components/schemas/Open"}}}}

    def found(schema: Document) -> list[str]:
        return list(open_objects(schema, schemas, "body", frozenset()))

    assert found(closed) == []
    assert found(opened) == ["body: properties"]
    assert found({"$ref": "#/components/schemas/Holder"}) == ["it: properties"]
    assert found({"type": "array", "items": {"anyOf": [{"type": "null"}, opened]}}) == ["body: properties"]
    assert found({"type": "object"}) == ["body: any key"]
    assert found(closed | {"properties": {"answers": {"type": "object"}}}) == []
