"""An operation tried out in the sandbox: one request through the door itself, with what a sandbox partner shows.

It is the partner's own request: with a token got by its credential, within its quota, under its agreements, and it stands in its
traffic and in the disclosure log. On the real platform nothing here can be reached.
"""

import asyncio
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast
from urllib.parse import quote, unquote, urlencode

from gateway.asgi import App, Headers, Message, Scope
from gateway.directory.errors import NothingToShow, NotToBeTried
from gateway.directory.operations import Operation
from gateway.merging import REF
from gateway.partners.books import Books
from gateway.partners.file import Partner
from gateway.partners.tokens import Tokens
from gateway.proxy import AnswerCut

SECONDS: Final = 15.0
"""A person waits no longer for a page; a question that waits for news is cut then, and told as cut."""
MOST_SHOWN_BYTES: Final = 64 << 10
LONGEST_VALUE: Final = 500
LONGEST_BODY: Final = 16 << 10
MOST_PARAMETERS: Final = 30
JSON: Final = "application/json"
EMPTY: Final = {"string": "", "integer": 0, "number": 0, "boolean": False}
DEEPEST_EXAMPLE: Final = 4
SHOWN_HEADERS: Final = frozenset(
    {
        "content-type",
        "etag",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "content-language",
        "traceparent",
    }
)
PLACE: Final = "TOKEN"
"""What the command shows where the token goes."""
Where = Literal["path", "query", "header"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One that the service describes. `choices`: where it accepts these words alone."""

    where: Where
    name: str
    required: bool
    description: str
    choices: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its field in the form."""
        return f"{self.where}.{self.name}"


@dataclass(frozen=True, slots=True)
class Form:
    """What an operation asks for. `body`: an example, where it takes JSON."""

    parameters: Sequence[Parameter]
    body: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One request as it is sent. `address`: path and query; `headers`: without the token."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: str

    def command(self, url: str) -> str:
        """The same by curl, with a word in the place of the token."""
        words = ["curl", "--request", self.method, url.rstrip("/") + self.address]
        for name, value in {"Authorization": f"Bearer {PLACE}", **self.headers}.items():
            words += ["--header", f"{name}: {value}"]
        if self.body:
            words += ["--data-raw", self.body]
        return " ".join(shlex.quote(one) for one in words)


@dataclass(slots=True)
class Answer:
    """What came back: `status` 0 where nothing did in time; `cut` where only the first part of the body is kept."""

    status: int = 0
    milliseconds: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    cut: bool = False


def form_of(description: Mapping[str, Any], schemas: Mapping[str, Any]) -> Form:
    """What the merged description says an operation takes; `schemas` are those it refers to. NotToBeTried where it says nothing, or
    asks for a file."""
    if not description:
        raise NotToBeTried
    content = description.get("requestBody", {}).get("content", {})
    if content and JSON not in content:
        raise NotToBeTried
    found = [
        _parameter(one) for one in description.get("parameters", []) if one.get("in") in ("path", "query", "header")
    ]
    return Form(found[:MOST_PARAMETERS], _example(content[JSON], schemas) if content else None)


def _parameter(said: Mapping[str, Any]) -> Parameter:
    schema = said.get("schema", {})
    kinds = [schema, *schema.get("anyOf", [])]
    choices = tuple(str(word) for kind in kinds for word in kind.get("enum", []))
    return Parameter(
        where=cast(Where, said["in"]),
        name=str(said["name"]),
        required=bool(said.get("required")),
        description=str(said.get("description") or ""),
        choices=choices,
    )


def _example(media: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The service's own example of a body, else what it must have."""
    given = media.get("example")
    body = given if given is not None else _least(media.get("schema", {}), schemas, DEEPEST_EXAMPLE)
    return json.dumps(body, ensure_ascii=False, indent=2)


def _least(schema: Mapping[str, Any], schemas: Mapping[str, Any], deep: int) -> Any:
    """A value of a schema's kind: its own example or first word, else an empty one with what is required in it."""
    if "$ref" in schema:
        schema = schemas.get(str(schema["$ref"]).removeprefix(REF), {})
    for said in ("examples", "enum"):
        if schema.get(said):
            return schema[said][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return _least(schema[choice][0], schemas, deep - 1) if deep else None
    if schema.get("type") == "object" or "properties" in schema:
        parts = schema.get("properties", {})
        names = [name for name in schema.get("required", ()) if name in parts] if deep else []
        return {name: _least(parts[name], schemas, deep - 1) for name in names}
    if schema.get("type") == "array":
        return [_least(schema.get("items", {}), schemas, deep - 1)] if deep and schema.get("minItems") else []
    return schema.get("const", EMPTY.get(str(schema.get("type"))))


def trial_of(one: Operation, form: Form, given: Mapping[str, str], agreement: str, purpose: str) -> Trial:
    """The request that a filled form means. What was left empty is left out, but for a place in the path: there it stands empty,
    and the door says so."""
    path, query, headers = one.path, {}, {}
    for parameter in form.parameters:
        value = given.get(parameter.key, "")[:LONGEST_VALUE]
        if parameter.where == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(value, safe=""))
        elif value and parameter.where == "query":
            query[parameter.name] = value
        elif value and parameter.name.lower() not in ("authorization", "host"):
            headers[parameter.name] = _one_line(value)
    for name, value in (("Tekamoul-Agreement", agreement), ("Tekamoul-Purpose", purpose)):
        if value:
            headers[name] = _one_line(value[:LONGEST_VALUE])
    body = given.get("body", "")[:LONGEST_BODY] if form.body is not None else ""
    if body:
        headers["Content-Type"] = JSON
    return Trial(one.route.method, f"{path}?{urlencode(query)}" if query else path, headers, body)


def _one_line(value: str) -> str:
    """A header ends with its line, and has no letters of its own beyond ASCII."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in value)


def token_for(partner: Partner, books: Books, tokens: Tokens) -> str:
    """A token got by a credential of the partner's that is good now; NothingToShow where there is none, or it needs a certificate."""
    good = [one for one in books.of(partner.id) if not (partner.key_only and one.secret_sha256 is not None)]
    if not good or not partner.sandbox or partner.certificate_required:
        raise NothingToShow(partner=partner.id)
    return tokens.issue(partner, frozenset(partner.permissions), good[0].id)


async def send(door: App, asked: Scope, trial: Trial, token: str, language: str) -> Answer:
    """Send it through the door as it would come from outside. `asked`: the request of whoever tries, for her address."""
    path, _, query = trial.address.partition("?")
    body = trial.body.encode()
    headers: Headers = [(name.lower().encode(), value.encode("ascii")) for name, value in trial.headers.items()]
    headers += [
        (b"host", b"sandbox"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"accept-language", language.encode()),
    ]
    headers += [(b"content-length", str(len(body)).encode())] if body else []
    scope: Scope = {
        **{name: asked[name] for name in ("type", "asgi", "http_version", "scheme", "client") if name in asked},
        "method": trial.method,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "server": ("sandbox", 0),
    }
    answer = Answer()
    kept = bytearray()
    pieces: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pieces.pop() if pieces else await asyncio.Future()

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            told = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.get("headers", [])
            ]
            answer.headers = [one for one in told if one[0] in SHOWN_HEADERS]
        else:
            kept.extend(message.get("body", b"")[: MOST_SHOWN_BYTES + 1 - len(kept)])

    begun = time.perf_counter()
    # A task of its own: the door begins a trace there, which is not that of the page.
    asking = asyncio.create_task(_through(door, scope, receive, take))
    try:
        async with asyncio.timeout(SECONDS):
            await asking
    except TimeoutError:
        answer.status = 0
    except AnswerCut:
        answer.cut = True
    answer.milliseconds = round((time.perf_counter() - begun) * 1000)
    answer.cut |= len(kept) > MOST_SHOWN_BYTES
    answer.body = _written(bytes(kept[:MOST_SHOWN_BYTES]), answer.headers)
    return answer


async def _through(door: App, scope: Scope, receive: Any, take: Any) -> None:
    await door(scope, receive, take)


def _written(body: bytes, headers: Sequence[tuple[str, str]]) -> str:
    """JSON with its lines, other text as it is; of anything else how long it is."""
    kind = dict(headers).get("content-type", "")
    if body and "json" not in kind and not kind.startswith("text/"):
        return f"{kind}: {len(body)} bytes"
    text = body.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text
