"""Two hundred marked values of invented people go through every door, also the wrong ones: afterwards they stand in the databases
and nowhere else on disk, in no log, no message store, no temporary file."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.credentials import fetch_token
from registry_cases import Family, Person, a_file
from whole_platform import WholePlatform, new_platform

LETTERS = "abcdefghij"
ARABIC = "ابتثجحخدذر"
HOUSEHOLDS = 40
MARK = re.compile("qanari[a-j]{3}|قناريق[ابتثجحخدذر]{3}".encode())
"""No word of any language: where it stands, somebody's name went."""
SHOWN_IN_PATHS = "Qanariabc"


def lettered(number: int, letters: str) -> str:
    return "".join(letters[int(digit)] for digit in f"{number:03d}")


def nni(number: int) -> str:
    """A synthetic national id: it begins with 99 and passes the check."""
    stem = 9_900_000_000 + 7_000_000 + number * 97
    return str(stem + (1 - stem) % 97)


def family(number: int) -> Family:
    """Five marked values: two names, a village, a phone, a national id."""
    head = Person(
        f"19{number:08d}",
        "head",
        f"Qanari{lettered(number, LETTERS)} Ould Ahmed",
        f"قناريق{lettered(number, ARABIC)} ولد أحمد",
        "M",
        "1980-05-06",
        nni(number),
    )
    village = f"Qanari{lettered(number + 500, LETTERS)}"
    return Family(number=f"MR019{number:07d}", village=village, phone=f"271{number:05d}", members=[head])


FAMILIES = [family(number) for number in range(HOUSEHOLDS)]
NUMBERS = frozenset(value.encode() for one in FAMILIES for value in (one.phone, one.members[0].nni))
VALUES = {value for one in FAMILIES for value in (one.phone, one.village, *one.members[0].__dict__.values())}


def marks_in(content: bytes) -> set[bytes]:
    """The marked values in some bytes, also as JSON escapes them."""
    escaped = re.sub(rb"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)).encode("utf-8", "ignore"), content)
    digits = set(re.findall(rb"(?<![0-9])(?:[0-9]{8}|[0-9]{10}|222[0-9]{8})(?![0-9])", escaped))
    return {digit for digit in digits if digit in NUMBERS or digit[3:] in NUMBERS} | set(MARK.findall(escaped.lower()))


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[WholePlatform]:
    """A platform of its own, whose temporary files are kept where this test can see them."""
    platform = new_platform()
    temporary = platform.folder / "temporary"
    temporary.mkdir(mode=0o777)
    monkeypatch.setenv("TMPDIR", str(temporary))
    try:
        yield platform.start("--no-demo")
    finally:
        platform.stop()
        platform.remove()


@asynccontextmanager
async def caller(platform: WholePlatform, partner: str) -> AsyncIterator[httpx.AsyncClient]:
    token = await fetch_token(platform.gateway_url, platform.door.credentials_file, partner)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=platform.gateway_url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


async def test_no_persons_value_is_on_disk_outside_the_databases(watched: WholePlatform) -> None:
    assert len(VALUES & {value.decode() for value in NUMBERS}) == 2 * HOUSEHOLDS
    async with caller(watched, "taazour") as taazour, caller(watched, "csa") as csa, caller(watched, "wfp") as wfp:
        await through_the_registry(watched, taazour)
        await through_lists(watched, csa, wfp)
        await by_mistake(taazour, csa)
    await watched.quiet()
    cluster = (watched.data_dir / "postgres").resolve()
    assert watched.stop() == 0, watched.output[-2000:]

    held = {mark for file in files_of(cluster) for mark in marks_in(file.read_bytes())}
    assert held >= NUMBERS  # the values did go in, and would be found
    assert len(held) >= 200
    outside = [file for file in files_of(watched.folder) if not file.resolve().is_relative_to(cluster)]
    assert {"registry.log", "gateway.log"} <= {file.name for file in outside}
    assert {str(file): found for file in outside if (found := marks_in(file.read_bytes()))} == {}


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


async def through_the_registry(platform: WholePlatform, taazour: httpx.AsyncClient) -> None:
    """A file with a broken row, one household by itself, searches, a proposal, a grievance, an export."""
    broken = Family(number="MR0199999999", village=FAMILIES[0].village, members=[FAMILIES[0].members[0]])
    broken.members = [Person(**(broken.members[0].__dict__ | {"birth_date": "1980-99-99", "nni": "12345"}))]
    sent = await sent_in_pieces(taazour, a_file(*FAMILIES, broken), f"{SHOWN_IN_PATHS}.csv")
    await platform.quiet()
    assert (await taazour.get(f"/registry/v1/imports/{sent}")).json()["accepted"] >= HOUSEHOLDS
    for form in ("csv", "xlsx"):
        assert (
            await taazour.get(f"/registry/v1/imports/{sent}/error-file", params={"format": form})
        ).status_code == 200
    assert (await taazour.get(f"/registry/v1/imports/{sent}/columns")).status_code == 200

    head = FAMILIES[1].members[0]
    for body in ({"name": head.name_fr}, {"name": head.name_ar}, {"nni": head.nni}, {"phone": FAMILIES[1].phone}):
        for path in ("/registry/v1/search", "/registry/v1/search/status"):
            answer = await taazour.post(path, json=body)
            assert answer.status_code in (200, 422), answer.text  # a name alone is too broad for who may only check
    page = (await taazour.get("/registry/v1/households", params={"number": FAMILIES[1].number})).json()["items"]
    household = (await taazour.get(f"/registry/v1/households/{page[0]['id']}")).json()
    person = household["members"][0]["individual_id"]
    proposal = {
        "kind": "correction",
        "individual_id": person,
        "individual": {"name_fr": FAMILIES[2].members[0].name_fr},
    }
    proposed = await taazour.post(
        "/registry/v1/change-requests",
        json={"proposal": proposal, "official": "TZR-0001", "reason": f"voisin de {head.name_fr}"},
        headers={"If-Match": "*"},
    )
    assert proposed.status_code == 201, proposed.text
    grievance = {
        "official": "agent-1", "category": "payment_missing", "program": "TEKAVOUL", "household_number": FAMILIES[1].number,
        "text": f"{head.name_ar} {FAMILIES[1].phone}", "language": "ar",
    }  # fmt: skip
    opened = await taazour.post("/matching/v1/grievances", json=grievance)
    assert opened.status_code == 201, opened.text
    assert (
        await taazour.post("/registry/v1/exports", json={"what": "individuals", "format": "csv"})
    ).status_code == 202


async def sent_in_pieces(client: httpx.AsyncClient, content: bytes, filename: str) -> str:
    """A resumable upload whose file is named after somebody; the import's id."""
    tus = {"Tus-Resumable": "1.0.0"}
    named = {"kind": "households", "filename": filename}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in named.items())
    begun = await client.post(
        "/registry/v1/uploads", headers=tus | {"Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    )
    assert begun.status_code == 201, begun.text
    half = len(content) // 2
    for start, piece in ((0, content[:half]), (half, content[half:])):
        headers = tus | {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        where = begun.request.url.join(begun.headers["location"])
        assert (await client.patch(where, headers=headers, content=piece)).status_code == 204
    return str(begun.json()["id"])


async def through_lists(platform: WholePlatform, csa: httpx.AsyncClient, wfp: httpx.AsyncClient) -> None:
    """A program's list with a broken row, a list to be matched, one person to be matched."""
    head = ["Numéro de ménage", "Nom", "NNI", "Téléphone", "Date de naissance", "Commune", "Taille"]
    rows = [
        [one.number, one.members[0].name_fr, one.members[0].nni, one.phone, "06/05/1980", "Amourj", "4"]
        for one in FAMILIES
    ]
    rows.append(["", FAMILIES[3].members[0].name_ar, "9.9E+09", "99", "hier", FAMILIES[3].village, "beaucoup"])
    content = "\r\n".join(";".join(row) for row in [head, *rows]).encode()
    for client, path, kind in (
        (csa, "/programs/csa/v1/imports", "EL_MAOUNA"),
        (wfp, "/programs/partners/v1/imports", "WFP_LEAN_SEASON"),
        (wfp, "/matching/v1/imports", "WFP_LEAN_SEASON"),
    ):
        sent = await client.post(path, params={"kind": kind, "filename": "liste.csv"}, content=content)
        assert sent.status_code == 202, sent.text
    await platform.quiet()
    person = FAMILIES[4].members[0]
    asked = {"program": "EL_MAOUNA", "name": person.name_ar, "nni": person.nni, "phone": FAMILIES[4].phone}
    named = {"Tekamoul-Agreement": "CSA-2026-01", "Tekamoul-Purpose": "lean_season_response"}
    matched = await csa.post("/matching/v1/match", json={"people": [asked]}, headers=named)
    assert matched.status_code in (200, 422), matched.text


async def by_mistake(taazour: httpx.AsyncClient, csa: httpx.AsyncClient) -> None:
    """What a clumsy client sends: names in addresses, headers, malformed and unknown parts. Each is answered, not by a 5xx."""
    person, phone = FAMILIES[5].members[0], FAMILIES[5].phone
    asks: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/registry/v1/households/{SHOWN_IN_PATHS}", {}),
        ("GET", f"/registry/v1/individuals/{person.nni}", {}),
        ("GET", f"/registry/v1/{SHOWN_IN_PATHS}/{phone}", {}),
        ("GET", "/registry/v1/households", {"params": {"number": person.nni, "name": person.name_ar}}),
        ("GET", "/v1/events", {"params": {"after": person.nni}}),
        ("GET", f"/{SHOWN_IN_PATHS}", {}),
        ("POST", "/registry/v1/search", {"content": f'{{"name": "{person.name_fr}'.encode()}),
        ("POST", "/registry/v1/search", {"json": {person.name_fr: person.nni}}),
        ("POST", "/registry/v1/search", {"json": {"nni": [person.nni] * 3}}),
        ("PUT", f"/registry/v1/households/{person.nni}", {"json": {"members": [person.__dict__]}}),
        ("POST", "/registry/v1/exports", {"json": {"what": person.name_fr}, "headers": {"Idempotency-Key": person.nni}}),
        ("GET", "/registry/v1/places", {"headers": {"User-Agent": SHOWN_IN_PATHS, "If-None-Match": f'"{phone}"'}}),
        ("GET", "/registry/v1/places", {"headers": {"Tekamoul-Agreement": SHOWN_IN_PATHS, "traceparent": SHOWN_IN_PATHS}}),
        ("POST", "/oauth2/token", {"data": {"grant_type": "client_credentials", "client_id": SHOWN_IN_PATHS, "client_secret": phone}}),
        ("POST", "/oauth2/token", {"data": {"grant_type": SHOWN_IN_PATHS}}),
        ("POST", f"/programs/{SHOWN_IN_PATHS}/v1/imports", {"content": person.name_ar.encode()}),
        ("POST", "/programs/csa/v1/imports", {"params": {"kind": SHOWN_IN_PATHS, "filename": f"{SHOWN_IN_PATHS}.csv"}}),
        ("GET", "/matching/v1/links", {"params": {"program": SHOWN_IN_PATHS, "cursor": base64.b64encode(json.dumps([person.nni]).encode())}}),
    ]  # fmt: skip
    for client in (taazour, csa):
        for method, path, options in asks:
            answer = await client.request(method, path, **options)
            assert answer.status_code < 500, (method, path, answer.status_code, answer.text)
