"""The generated references: routes, events, errors and settings, written from the code that runs."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI
from pydantic import AliasChoices, AliasPath
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import shared.contracts
from cli.credentials import ensure_gateway_secrets
from cli.data_folder import write_private
from cli.migrations import package_of
from cli.processes import GATEWAY, INSTITUTIONS, PROJECT, SERVICES
from cli.routing_table import routing_table
from shared.contracts.event import Event
from shared.errors import Refusal
from shared.identity import INTERNAL, api_routes, permission_of
from shared.settings import ServiceSettings
from shared.text import PROBLEMS, TABLE_PROBLEMS, Text

GENERATED: Final = "<!-- Written by `tekamoul docs`; change the code, then run it again. -->\n\n"
OURS: Final = ("services.", "gateway.", "shared.")
OUTSIDE: Final = ("/v1/", "/health/")
"""What the gateway forwards to a service."""
PACKAGES: Final = tuple(dict.fromkeys(package_of(service) for service in SERVICES))


def write_reference(folder: Path, table: Path, *, check: bool) -> list[str]:
    """Write the reference files into `folder`, and the gateway's routing `table`; returns the names of those that were out of date. With `check` nothing is written."""
    apps = build_apps()
    pages = {
        folder / "api.md": api_page(apps),
        folder / "errors.md": errors_page(),
        folder / "events.md": events_page(),
        folder / "settings.md": settings_page(),
        table: routing_table(apps),
    }
    stale = [file for file, text in pages.items() if not _is(file, text)]
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for file in stale:
            file.write_text(pages[file], encoding="utf-8")
    return [file.name for file in stale]


def _is(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


def build_apps() -> dict[str, FastAPI]:
    """The app of each package, by package, put together with made-up settings: nothing is connected to."""
    with tempfile.TemporaryDirectory() as folder:
        secrets = ensure_gateway_secrets(Path(folder)).env
        key = Path(folder) / "secrets" / "internal.key"
        write_private(key, token_hex(32))
        values: dict[str, Any] = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "NATS_URL": "nats://127.0.0.1:1",
            "internal_key_file": key,
            "service_urls": {service.name: "http://127.0.0.1:1" for service in SERVICES},
            "institution": INSTITUTIONS[0],
            "signing_key_file": Path(secrets["TEKAMOUL_SIGNING_KEY_FILE"]),
            "client_secrets_file": Path(secrets["TEKAMOUL_CLIENT_SECRETS_FILE"]),
        }
        return {package: _app(package, values) for package in PACKAGES}


def _app(package: str, values: dict[str, Any]) -> FastAPI:
    kind = settings_of(package)
    known = {name: value for name, value in values.items() if name.isupper() or name in kind.model_fields}
    made = importlib.import_module(f"{package}.app").create_app(kind(**known))
    app: FastAPI = getattr(made, "app", made)  # the gateway's forwarding path stands before its FastAPI app
    return app


def settings_of(package: str) -> type[ServiceSettings]:
    """The settings class of a package."""
    module = importlib.import_module(f"{package}.settings")
    return next(
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, ServiceSettings) and value.__module__ == module.__name__
    )


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One operation; `path` is the outside one, or for what the gateway does not forward the process's own."""

    path: str
    method: str
    permission: str
    meaning: str
    outside: bool


def routes_of(package: str, app: FastAPI) -> list[Route]:
    """A package's operations; where two share an address the first one answers."""
    prefix = "" if package == GATEWAY else "/" + package.split(".")[-1]
    if prefix == "/programs":
        prefix += "/{institution}"
    found: dict[tuple[str, str], Route] = {}
    for one in api_routes(app.routes):
        path = str(one.path)
        permission = permission_of(one) or "none"
        outside = permission != INTERNAL and (package == GATEWAY or path.startswith(OUTSIDE))
        shown = prefix + path if outside else path
        for method in sorted(one.methods or ()):
            route = Route(shown, method, permission, first_sentence(one.endpoint), outside)
            found.setdefault((path, method), route)
    return sorted(found.values())


def first_sentence(thing: Any) -> str:
    """The first sentence of a docstring, on one line."""
    words = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.?!]) (?=[A-Z`])", words, maxsplit=1)[0]


def api_page(apps: dict[str, FastAPI]) -> str:
    parts = ["# API\n\nEvery operation a partner can reach through the gateway, and the permission it asks for.\n"]
    internal = ["## Between the processes\n\nNever reachable through the gateway; each process serves these itself.\n"]
    columns = ("Method", "Path", "Permission", "What it does")
    for package, app in apps.items():
        routes = routes_of(package, app)
        for outside, page in ((True, parts), (False, internal)):
            rows = [(r.method, f"`{r.path}`", r.permission, r.meaning) for r in routes if r.outside is outside]
            title = f"\n{'##' if outside else '###'} {package.split('.')[-1].capitalize()}\n\n"
            if rows:
                page.append(title + table(columns, rows))
    return GENERATED + "".join([*parts, "\n", *internal])


def event_types() -> list[type[Event]]:
    """Every event class of the contracts, by type."""
    found: set[type[Event]] = set()
    for module in pkgutil.iter_modules(shared.contracts.__path__, "shared.contracts."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, Event) and "type" in vars(value):
                found.add(value)
    return sorted(found, key=lambda one: one.type)


def events_page() -> str:
    parts = [
        "# Events\n\nCloudEvents 1.0 in binary mode on NATS JetStream: the attributes are `ce-` headers, the payload is the"
        " JSON below. A process publishes under its own name in place of the service's"
        " (`programs-csa.enrollments.changed.v1`). Fields are only ever added; readers ignore those they do not know.\n"
    ]
    folder = Path(shared.contracts.__path__[0]) / "examples"
    for kind in event_types():
        schema = kind.model_json_schema()
        required = set(schema.get("required", ()))
        rows = [
            (
                f"`{name}`",
                ":".join(filter(None, (one.get("type"), one.get("format")))),
                "yes" if name in required else "no",
            )
            for name, one in schema["properties"].items()
        ]
        example = json.dumps(json.loads((folder / f"{kind.type}.json").read_text()), indent=2)
        parts += [
            f"\n## {kind.type}\n\n{inspect.getdoc(kind)}\n\nPublisher: {kind.publisher}.\n\n",
            table(("Field", "Type", "Always there"), rows),
            f"\n```json\n{example}\n```\n",
        ]
    return GENERATED + "".join(parts)


def every_refusal() -> list[type[Refusal]]:
    """Every refusal of the platform's packages, by code."""
    for package in PACKAGES:
        _import_all(importlib.import_module(package))
    found: list[type[Refusal]] = []
    waiting = list(Refusal.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind) and kind.__module__.startswith(OURS):
            found.append(kind)
    return sorted(found, key=lambda kind: kind.code)


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def errors_page() -> str:
    languages = ("العربية", "Français", "English")
    refused = [(f"`{kind.code}`", str(kind.status), *_texts(kind.text)) for kind in every_refusal()]
    parts = [
        "# Errors\n\nAn answer other than 2xx is problem+json (RFC 9457) with a stable `code`, a `title` in the caller's"
        " language (`Accept-Language`) and the `trace_id` to quote.\n\n",
        table(("Code", "Status", *languages), refused),
        "\n## Files that cannot be read\n\nThe `failure_code` of an import.\n\n",
        table(("Code", *languages), _coded(TABLE_PROBLEMS.items())),
        "\n## Rows of a file\n\nThe `code` of an import's issue; a service's own rules add theirs.\n\n",
        table(("Code", *languages), _coded(PROBLEMS.items())),
    ]
    return GENERATED + "".join(parts)


def _coded(texts: Iterable[tuple[str, Text]]) -> list[tuple[str, ...]]:
    return [(f"`{code}`", *_texts(text)) for code, text in sorted(texts)]


def _texts(text: Text) -> tuple[str, str, str]:
    return text.ar, text.fr, text.en


def settings_page() -> str:
    columns = ("Environment", "Type", "Default", "Meaning")
    parts = [
        "# Settings\n\nRead from the environment once, when a process starts; lists and maps are JSON.\n\n## Every process\n\n",
        table(columns, _settings(ServiceSettings, set())),
    ]
    for package in PACKAGES:
        rows = list(_settings(settings_of(package), set(ServiceSettings.model_fields)))
        if rows:
            parts.append(f"\n## {package.split('.')[-1].capitalize()}\n\n{table(columns, rows)}")
    return GENERATED + "".join(parts)


def _settings(kind: type[ServiceSettings], known: set[str]) -> Iterator[tuple[str, str, str, str]]:
    meanings = field_docstrings(kind)
    for name, field in kind.model_fields.items():
        if name not in known:
            yield f"`{_variable(kind, name, field)}`", _type(field), _default(field), meanings.get(name, "")


def _variable(kind: type[ServiceSettings], name: str, field: FieldInfo) -> str:
    alias: str | AliasPath | AliasChoices | None = field.validation_alias
    return alias if isinstance(alias, str) else f"{kind.model_config['env_prefix']}{name}".upper()


def _type(field: FieldInfo) -> str:
    kind = field.annotation
    return (
        kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind).replace("typing.", "")
    )


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, Path) and field.default.is_relative_to(PROJECT):
        return f"`{field.default.relative_to(PROJECT)}`"
    return "" if field.default in (None, "", {}) else f"`{field.default}`"


def field_docstrings(kind: type[Any]) -> dict[str, str]:
    """The docstrings written below the fields of a class, by field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for above, below in zip(body.body, body.body[1:], strict=False):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                found[name] = " ".join(words.split())
    return found


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
