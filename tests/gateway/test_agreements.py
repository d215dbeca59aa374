"""Agreements: named with a request, resolved at the door, and shown to the service behind it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.partners.file import NotConfigured, load_partners
from shared.agreements import Agreement
from shared.identity import Caller, InternalKey
from tests.gateway.conftest import PARTNERS, Door


def agreement(partner: str, id_: str, first: str = "2026-01-01", last: str = "2099-12-31", **changed: str) -> str:
    values = {
        "version": "2", "provider": '"beta"', "purposes": '["shock_response", "planning"]', "programs": '["FIRST"]',
        "places": '["MR01", "MR011-C01"]', "attributes": '["household_number", "size"]', "volume_per_query": "500",
        "not_before": first, "not_after": last, "legal_basis": '"Protocol 12/2026"',
    } | changed  # fmt: skip
    lines = "".join(f"{name} = {value}\n" for name, value in values.items())
    return f'\n[[{partner}.agreements]]\nid = "{id_}"\n{lines}'


IN_FORCE = agreement("alpha", "A-1")
WITH_AGREEMENTS = (
    PARTNERS
    + IN_FORCE
    + agreement("alpha", "A-OLD", "2020-01-01", "2020-12-31")
    + agreement("alpha", "A-LATER", "2099-01-01")
    + agreement("beta", "B-1")
)


@pytest.fixture
def partners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "partners.toml"
    file.write_text(WITH_AGREEMENTS)
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(file))
    return file


async def ask(door: Door, **headers: str) -> httpx.Response:
    named = {f"Tekamoul-{name}": value for name, value in headers.items()}
    return await door.get("/programs/csa/v1/echo", headers=named)


def caller_behind(door: Door, answer: httpx.Response) -> tuple[Caller, dict[str, Any]]:
    headers = dict(answer.json()["headers"])
    key = InternalKey(door.running.platform.settings.internal_key_file)
    return key.caller(headers["authorization"].removeprefix("Bearer ")), headers


async def test_the_service_is_shown_the_agreement_and_the_purpose_that_were_named(door: Door) -> None:
    answer = await ask(door, Agreement="A-1", Purpose="planning", Official="A-7")

    caller, headers = caller_behind(door, answer)
    assert caller.purpose == "planning"
    assert caller.agreement == Agreement(
        id="A-1", version=2, provider="beta", purposes=frozenset({"shock_response", "planning"}),
        programs=frozenset({"FIRST"}), places=frozenset({"MR01", "MR011-C01"}),
        attributes=frozenset({"household_number", "size"}), volume_per_query=500,
        not_before=date(2026, 1, 1), not_after=date(2099, 12, 31), legal_basis="Protocol 12/2026",
    )  # fmt: skip
    assert headers["tekamoul-official"] == "A-7"
    assert "tekamoul-agreement" not in headers, "the token alone says under which agreement"


async def test_without_a_name_there_is_none(door: Door) -> None:
    caller, _ = caller_behind(door, await ask(door))

    assert (caller.agreement, caller.purpose) == (None, None)


async def test_another_partners_agreement_is_answered_as_one_that_does_not_exist(door: Door) -> None:
    others, nobodys = await ask(door, Agreement="B-1"), await ask(door, Agreement="B-2")

    assert (others.status_code, others.json()["code"]) == (404, "agreement_unknown")
    volatile = {"trace_id", "instance"}
    same = [{key: it for key, it in one.json().items() if key not in volatile} for one in (others, nobodys)]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("headers", "status", "code", "says"),
    [
        ({"Agreement": "A-OLD"}, 403, "agreement_expired", "2020-12-31"),
        ({"Agreement": "A-LATER"}, 403, "agreement_not_begun", "2099-01-01"),
        ({"Agreement": "A-1", "Purpose": "research"}, 403, "purpose_not_agreed", "shock_response, planning"),
        ({"Purpose": "planning"}, 422, "purpose_without_agreement", "Tekamoul-Agreement"),
    ],
)
async def test_what_the_agreement_does_not_allow_is_refused_at_the_door(
    door: Door, headers: dict[str, str], status: int, code: str, says: str
) -> None:
    answer = await ask(door, **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.text
    assert [one for one in door.csa.seen if one["path"].startswith("/v1/")] == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (agreement("alpha", "A-1", "2026-02-01", "2026-01-31"), "alpha.agreements.0"),
        (agreement("alpha", "A-1", programs='["THIRD"]'), "alpha.agreements.0.programs"),
        (agreement("alpha", "A-1", provider='"nobody"'), "alpha.agreements.0.provider"),
        (agreement("alpha", "A-1", attributes='["nni"]'), "alpha.agreements.0.attributes.0"),
        (agreement("alpha", "A-1", places='["Néma"]'), "alpha.agreements.0.places.0"),
        (agreement("alpha", "A-1", volume_per_query="0"), "alpha.agreements.0.volume_per_query"),
        (agreement("alpha", "A-1", purposes="[]"), "alpha.agreements.0.purposes"),
        (agreement("alpha", "A-1", retention="3"), "alpha.agreements.0.retention"),
        (agreement("alpha", "A-1") + agreement("beta", "A-1"), "beta.agreements.0.id"),
    ],
)
def test_a_wrong_agreement_keeps_the_gateway_from_starting(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(PARTNERS + text)

    with pytest.raises(NotConfigured, match=f"the key {key} "):
        load_partners(file)


def test_a_token_of_a_gateway_that_knows_no_agreements_has_none(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"k" * 64)

    caller = InternalKey(file).caller(InternalKey(file).token(Caller("alpha", frozenset({"lists:read"}))))

    assert (caller.agreement, caller.purpose) == (None, None)
