"""Decisions of the rules matrix for tests: proposed by one official and approved by another."""

from typing import Any

import httpx

from services.matching import matrix_proposing
from services.matching.matrix_schemas import DecisionIn
from shared.database import Database
from shared.identity import Caller

LABEL = {"ar": "فيها معاق", "fr": "un membre handicapé", "en": "a member with a disability"}
DISABLED = {"attribute": "disabled", "operator": "gt", "value": 0, "label": LABEL}
FORBIDDEN: dict[str, Any] = {
    "overlap_class": "forbidden",
    "legal_text": "المقرر رقم 0123 بتاريخ 2 مارس 2026، المادة 4",
    "language": "ar",
    "valid_from": "2026-03-01",
}
COMMITTEE = Caller("taazour", frozenset())
PROPOSER, APPROVER = {"official": "secretary-1"}, {"official": "chair-1"}


async def propose(client: httpx.AsyncClient, body: Any, version: int, path: str, **headers: str) -> httpx.Response:
    return await client.put(path, json=PROPOSER | body, headers={"If-Match": f'"{version}"', **headers})


async def approve(client: httpx.AsyncClient, proposal_id: str, **body: str) -> httpx.Response:
    path = f"/v1/matrix-proposals/{proposal_id}/approve"
    return await client.post(path, json=APPROVER | body, headers={"If-Match": '"1"'})


async def put(client: httpx.AsyncClient, body: Any, version: int, path: str, **headers: str) -> httpx.Response:
    """Propose, and let another official approve; the cell as it is then, or the refusal."""
    proposed = await propose(client, body, version, path, **headers)
    if proposed.status_code != 200 or proposed.json()["proposal"] is None:
        return proposed
    approved = await approve(client, proposed.json()["proposal"]["id"])
    return await client.get(path) if approved.status_code == 200 else approved


async def decide(database: Database, one: str, other: str, overlap_class: str, version: int = 0, **told: Any) -> None:
    """The same without HTTP: in force from March on, or as told."""
    body = FORBIDDEN | {"overlap_class": overlap_class} | told | PROPOSER
    async with database.transaction() as tx:
        cell = await matrix_proposing.propose(
            tx, one, other, DecisionIn.model_validate(body), by=COMMITTEE, if_match=f'"{version}"'
        )
    assert cell.proposal is not None
    async with database.transaction() as tx:
        await matrix_proposing.approve(tx, cell.proposal.id, APPROVER["official"], by=COMMITTEE, if_match='"1"')
