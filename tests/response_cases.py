"""Tables of the Cadre Harmonisé, and a matching service that is sent them."""

from collections.abc import Sequence
from typing import Any

import httpx

from running import until

HEADER = (
    "Wilaya;Moughataa;P-code;Cycle d'analyse;Période;Début de la période;Fin de la période;Population;"
    "Phase 1;Phase 2;Phase 3;Phase 4;Phase 5;Phase de la zone;Source;Validé par"
)
AMOURJ = "Hodh Ech Chargui;Amourj;MR011;Mars 2026;Projetée;01/06/2026;30/09/2026;10000;5000;2500;1900;600;0;3;CH;Comité"
GUEROU = "Assaba;Guerou;;Mars 2026;Projetée;01/06/2026;30/09/2026;8000;6000;1000;800;200;0;2;CH;Comité"
"""25 % of Amourj's people are in phase 3 or worse, 12.5 % of Guerou's."""


def table(lines: Sequence[str] = (AMOURJ, GUEROU), header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


async def sent(client: httpx.AsyncClient, content: bytes, name: str = "ch.csv", **asked: Any) -> dict[str, Any]:
    """The import of a table once it has ended."""
    params = {"kind": "cadre_harmonise", "filename": name, **asked}
    answer = await client.post("/v1/imports", content=content, params=params)
    assert answer.status_code in (200, 202), answer.text
    told: dict[str, Any] = {}

    async def done() -> bool:
        told.update((await client.get(f"/v1/imports/{answer.json()['id']}")).json())
        return told["status"] not in ("received", "running")

    await until(done, what="the table to be read")
    return told


async def issues(client: httpx.AsyncClient, import_id: str) -> list[tuple[int, str, str]]:
    items = (await client.get(f"/v1/imports/{import_id}/issues")).json()["items"]
    return [(one["line"], one["field"], one["code"]) for one in items]


async def items(client: httpx.AsyncClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found
