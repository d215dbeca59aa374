"""Agreements: named with a request, resolved at the door, and shown to the service behind it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.agreements.seeding import load_examples
from gateway.partners.file import NotConfigured, Partners, load_partners
from gateway.settings import SHIPPED_AGREEMENTS, SHIPPED_PARTNERS
from in_turn import in_turn
from shared.agreements import Agreement
from shared.identity import Caller, InternalKey
from tests.gateway.agreements.cases import example, write_examples
from tests.gateway.conftest import PARTNERS, Door

IN_FORCE = example("A-1")


@pytest.fixture
def partners_file(partners_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_examples(
        tmp_path / "agreements",
        IN_FORCE,
        example("A-OLD", not_before="2020-01-01", not_after="2020-12-31"),
        example("A-LATER", not_before="2099-01-01"),
        example("B-1", provider="alpha", recipient="beta"),
    )
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))
    return partners_file


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
        attributes=frozenset({"household_number"}), transformed=frozenset({("size", "band")}), volume_per_query=500,
        not_before=date(2026, 1, 1), not_after=date(2099, 12, 31), legal_basis="Protocol 12/2026",
    )  # fmt: skip
    assert headers["tekamoul-official"] == "A-7"
    assert "tekamoul-agreement" not in headers, "the token alone says under which agreement"


@pytest.mark.parametrize("named", [{}, {"Agreement": "MANDATE-ALPHA"}])
async def test_without_a_name_there_is_none_and_a_mandate_takes_nothing_away(door: Door, named: dict[str, str]) -> None:
    caller, _ = caller_behind(door, await ask(door, **named))

    assert (caller.agreement, caller.purpose) == (None, None)


async def test_another_partners_agreement_is_answered_as_one_that_does_not_exist(door: Door) -> None:
    others, nobodys = await ask(door, Agreement="B-1"), await ask(door, Agreement="B-2")

    assert (others.status_code, others.json()["code"]) == (404, "agreement_unknown")
    volatile = {"trace_id", "instance"}
    same = [{key: it for key, it in one.json().items() if key not in volatile} for one in (others, nobodys)]
    assert same[0] == same[1]


@in_turn(
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


def _of(one: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return one | changed


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ([example("A-1", not_before="2026-02-01", not_after="2026-01-31")], "terms"),
        ([example("A-1", population={"programs": ["THIRD"]})], "terms.population.programs"),
        ([example("A-1", attributes=[{"name": "religion"}])], "terms.attributes.0.name"),
        ([example("A-1", attributes=[{"name": "sex", "transform": "masked"}])], "terms.attributes.0"),
        ([example("A-1", attributes=[{"name": "nni"}, {"name": "nni", "transform": "masked"}])], "terms.attributes"),
        ([example("A-1", population={"places": ["Néma"]})], "terms.population.places.0"),
        ([example("A-1", volume={"per_day": 1, "per_query": 0})], "terms.volume.per_query"),
        ([example("A-1", volume={"per_day": 1, "per_query": 2})], "terms"),
        ([example("A-1", purposes=[])], "terms.purposes"),
        ([example("A-1", retention=3)], "terms.retention"),
        ([example("A-1", attributes=[])], "terms"),
        ([example("A-1", kind="mandate")], "terms"),
        ([example("A-1", kind="emergency")], "terms"),
        ([_of(example("A-1"), note="")], "note"),
        ([_of(example("A-1"), approved_by="one")], "approved_by"),
        ([_of(example("A-1"), signed_by={"alpha": "two"})], "signed_by"),
        ([example("A-1"), example("A-1", version=3)], "id"),
    ],
)
def test_a_wrong_agreement_keeps_the_gateway_from_starting(
    tmp_path: Path, wrong: list[dict[str, Any]], key: str
) -> None:
    folder = write_examples(tmp_path / "agreements", *wrong)

    with pytest.raises(NotConfigured, match=f"the key {key} "):
        load_examples(folder, known(tmp_path))


def test_an_agreement_whose_parties_are_not_here_is_left_out(tmp_path: Path) -> None:
    folder = write_examples(tmp_path / "agreements", example("A-1"), example("A-2", provider="nobody"))

    assert [one.id for one in load_examples(folder, known(tmp_path))] == ["A-1"]


def known(tmp_path: Path) -> Partners:
    file = tmp_path / "partners.toml"
    file.write_text(PARTNERS)
    return load_partners(file)


def test_a_token_of_a_gateway_that_knows_no_agreements_has_none(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"k" * 64)

    caller = InternalKey(file).caller(InternalKey(file).token(Caller("alpha", frozenset({"lists:read"}))))

    assert (caller.agreement, caller.purpose) == (None, None)


def test_an_agreement_told_by_the_version_before_is_read() -> None:
    held = Agreement(
        id="A-1", version=2, provider="beta", purposes=frozenset({"planning"}), programs=frozenset(),
        places=frozenset(), attributes=frozenset({"size"}), volume_per_query=5, not_before=date(2026, 1, 1),
        not_after=date(2026, 12, 31), legal_basis="Protocol 12/2026",
    )  # fmt: skip
    told = {name: value for name, value in held.told().items() if name not in ("categories", "transformed")}

    assert Agreement.read(told) == held
    assert Agreement.read(held.told()) == held


def test_the_examples_that_ship_give_no_card_number_in_full_and_each_subscription_what_the_feed_tells() -> None:
    examples = load_examples(SHIPPED_AGREEMENTS, load_partners(SHIPPED_PARTNERS))

    assert len(examples) == 20
    assert {one.terms.forms().get("card_number", "not given") for one in examples} == {"masked", "not given"}
    subscriptions = [one.terms for one in examples if "subscribe" in one.terms.operations]
    assert len(subscriptions) > 5
    for terms in subscriptions:
        assert {"program", "enrollment_status"} <= terms.forms().keys()
        assert not terms.population.places and not terms.population.categories
    for terms in (one.terms for one in examples if "match" in one.terms.operations and one.terms.provider == "taazour"):
        assert "household_number" in terms.forms()
