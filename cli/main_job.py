"""The main job: the registry and every institution's list go in through the gateway, and everything is linked."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.demo.truth import Manifest
from cli.gateway_client import GatewayClient
from cli.uploading import upload

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 4 * 3600
QUIET_LOOKS = 2
"""Two looks in a row with nothing on the way: one alone might fall between a commit and its announcement."""

Told = Callable[[str, int, int], None]
"""Told(what, done, total) as the work goes on; total 0 where it is not known."""


class MainJobFailed(Exception):
    """A file could not be applied; `reason` is the platform's own words to the partner."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one file."""

    file: str
    program: str
    accepted: int
    unchanged: int
    rejected: int
    warnings: int
    import_id: str
    service: str
    partner: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """The gateway's address and the partners' credentials."""

    gateway_url: str
    credentials_file: Path
    language: str = "fr"

    def client(self, partner: str) -> GatewayClient:
        return GatewayClient(self.gateway_url, self.credentials_file, partner, self.language)


async def load_registry(door: Door, folder: Path, manifest: Manifest, told: Told) -> Loaded:
    """Taazour sends the registry's households."""
    return await send_file(
        door,
        "taazour",
        "/registry",
        "households",
        folder / manifest.registry.file,
        "MRU",
        manifest.registry.lines,
        told,
    )


async def load_lists(door: Door, folder: Path, manifest: Manifest, told: Told) -> list[Loaded]:
    """Every institution sends its list, with its own credentials, all at the same time."""
    return list(
        await asyncio.gather(
            *(
                send_file(
                    door,
                    one.partner,
                    f"/programs/{one.institution}",
                    one.program,
                    folder / "lists" / one.file,
                    one.currency,
                    one.rows,
                    told,
                )
                for one in manifest.lists
            )
        )
    )


async def send_file(
    door: Door, partner: str, service: str, kind: str, file: Path, currency: str, rows: int, told: Told
) -> Loaded:
    """Send one file and wait until its last row is applied. MainJobFailed where it cannot be read."""
    said = {"kind": kind, "filename": file.name, "currency": currency}
    async with door.client(partner) as client:
        import_id = await upload(client, service, file, said, lambda done, of: None)
        return await follow(
            client,
            service,
            import_id,
            file.name,
            lambda state: told(kind, state["accepted"] + state["unchanged"] + state["rejected"], rows),
        )


async def follow(
    client: GatewayClient, service: str, import_id: str, name: str, told: Callable[[dict[str, Any]], None]
) -> Loaded:
    """Wait until an import has ended; `told` hears of its state. MainJobFailed where it could not be read to its end."""
    state: dict[str, Any] = await client.get(f"{service}/v1/imports/{import_id}")
    while state["status"] in ("received", "running"):
        await asyncio.sleep(LOOK_SECONDS)
        state = await client.get(f"{service}/v1/imports/{import_id}")
        told(state)
    if state["status"] not in ("completed", "checked"):
        raise MainJobFailed(name, state.get("failure") or state["status"])
    counts = {name: state[name] for name in ("accepted", "unchanged", "rejected", "warnings")}
    return Loaded(
        name,
        state["kind"],
        **counts,
        import_id=state["id"],
        service=service,
        partner=client.partner,
        dry_run=state["dry_run"],
    )


async def ask_for_snapshot(door: Door, note: str) -> str:
    """Taazour freezes the country, so that figures can be read; returns the snapshot's id. It is made within the minute."""
    async with door.client("taazour") as client:
        asked = await client.call("POST", "/matching/v1/snapshots", body={"note": note})
    return str(asked["id"])


async def wait_until_quiet(gateway_url: str, told: Told, patience: float = PATIENCE_SECONDS) -> None:
    """Until nothing is on its way any more: no file waiting, no event unpublished or unread, nobody uncompared."""
    deadline, quiet = time.monotonic() + patience, 0
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        while quiet < QUIET_LOOKS:
            if time.monotonic() > deadline:
                raise TimeoutError("the platform did not come to rest")
            try:
                answer = await client.get(f"{gateway_url}/health/status")
                waiting = on_the_way(answer.json()) if answer.status_code == 200 else None
            except (httpx.TransportError, KeyError, TypeError, ValueError):
                waiting = None  # a process is just being restarted
            quiet = quiet + 1 if waiting == 0 else 0
            if waiting:
                told("waiting", waiting, 0)
            await asyncio.sleep(LOOK_SECONDS)


def on_the_way(status: dict[str, Any]) -> int | None:
    """How many files, events and beneficiaries still wait, by the gateway's status; None where a process is silent."""
    waiting = 0
    for own in [status, *(process["status"] for process in status["processes"])]:
        if own is None or own["outbox"] is None or not all(one["listening"] for one in own["consumers"]):
            return None
        waiting += own["outbox"]["waiting"] + sum(own["work"].values())
        waiting += sum(one["pending"] + one["unacknowledged"] for one in own["consumers"])
    return waiting
