"""Break-glass: sixty minutes, every read marked, reviewed by a second person, and shown until then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from gateway.disclosures.emergency import refuse_elsewhere
from gateway.disclosures.errors import BreakGlassElsewhere
from gateway.disclosures.work import disclosures_to_decide
from gateway.routing import Subject
from tests.gateway.conftest import Door

HOME, OTHER = "H-1", "H-2"
REASON = "enfant blessé, groupe sanguin de la famille"
NURSE, GUARD = {"Tekamoul-Official": "nurse.1"}, {"Tekamoul-Official": "dpo.1"}


def household(door: Door, number: str) -> None:
    door.registry.answers[f"/v1/households/{number}"] = {
        "id": number, "number": f"MR05-{number}", "phones": ["22000000"], "members": [],
    }  # fmt: skip


async def sent(door: Door, path: str, partner: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await door.client.post(path, headers=await door.as_(partner) | headers, json=body)


async def opened(door: Door, subject: str | None = None, official: dict[str, str] = NURSE) -> dict[str, Any]:
    answer = await sent(door, "/v1/break-glass", "clinic", official, reason=REASON, subject=subject)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read(door: Door, path: str, glass: str, headers: dict[str, str] = NURSE) -> httpx.Response:
    return await door.get(path, "clinic", headers=headers | {"Tekamoul-Break-Glass": glass})


async def execute(door: Door, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    await connection.execute(statement, *values)
    await connection.close()


async def test_an_emergency_from_its_opening_to_its_review(door: Door) -> None:
    household(door, HOME)
    household(door, OTHER)
    path = f"/registry/v1/households/{HOME}"

    before = await door.get(path, "clinic", headers=NURSE)
    assert (before.status_code, before.json()["code"]) == (403, "named_agreement_needed")
    made = await opened(door, f"MR05-{HOME}")
    assert (made["partner"], made["official"], made["reviewed_at"]) == ("clinic", "nurse.1", None)
    begun, ends = datetime.fromisoformat(made["opened_at"]), datetime.fromisoformat(made["ends_at"])
    assert ends - begun == timedelta(minutes=60)
    assert datetime.fromisoformat(made["review_by"]) - begun == timedelta(hours=24)

    # It opens that household alone, for that person alone, and only for reading.
    assert (await read(door, path, made["id"])).json()["phones"] == ["22000000"]
    key = door.gateway.state.platform.internal_key
    (*_, asked) = [
        one for one in door.registry.seen if one["path"].startswith("/v1/")
    ]  # its health is asked for meanwhile
    (token,) = [value for name, value in asked["headers"] if name == "authorization"]
    assert key.caller(token.removeprefix("Bearer ")).permissions == {
        "enrollments:read", "break-glass:open", "households:read",
    }  # fmt: skip
    for refused, code in (
        (await read(door, f"/registry/v1/households/{OTHER}", made["id"]), "break_glass_elsewhere"),
        (await read(door, path, made["id"], {"Tekamoul-Official": "nurse.2"}), "break_glass_unknown"),
        (await read(door, path, str(uuid4())), "break_glass_unknown"),
        (await read(door, path, "x"), "break_glass_unknown"),
        (await read(door, path, made["id"], {}), "official_needed"),
        (await read(door, "/registry/v1/people/7/file", made["id"]), "break_glass_reads_only"),
    ):
        assert refused.json()["code"] == code
        assert "22000000" not in refused.text
    unentitled = await door.get(path, "beta", headers=NURSE | {"Tekamoul-Break-Glass": made["id"]})
    assert (unentitled.status_code, unentitled.json()["code"]) == (403, "not_permitted")

    # Every row is marked, the refused ones too; the citizen is told that it was an emergency.
    rows = (await door.get("/v1/disclosures", "guard", params={"break_glass": made["id"]})).json()["items"]
    assert [(one["decision"], one["subject"], one["purpose"], one["code"]) for one in reversed(rows)] == [
        ("opened", None, "", ""),
        ("allowed", HOME, "emergency", ""),
        ("refused", None, "emergency", "break_glass_elsewhere"),
    ]
    entries = (await door.get(f"/v1/citizen-reports/{HOME}", "guard")).json()["entries"]
    assert [(one["emergency"], one["receiverName"]) for one in entries] == [(True, "Dispensaire")]

    # Shown until a second person has reviewed it, and late after a day.
    assert (await disclosures_to_decide(door.running.platform))["break_glass_to_review"] == 1
    status = (await door.client.get("/health/status", params={"alone": True})).json()
    assert status["to_decide"]["break_glass_to_review"] == 1
    await execute(door, "UPDATE break_glass SET opened_at = now() - interval '24 hours 1 second'")
    counts = await disclosures_to_decide(door.running.platform)
    assert (counts["break_glass_to_review"], counts["break_glass_overdue"]) == (0, 1)
    review = f"/v1/break-glass/{made['id']}/review"
    nobody = await sent(door, review, "guard", {}, justified=True)
    assert nobody.json()["code"] == "official_needed"
    done = await sent(door, review, "guard", GUARD, justified=False, remark="pas d'urgence au dossier")
    assert (done.json()["reviewed_by"], done.json()["justified"]) == ("guard/dpo.1", False)
    again = await sent(door, review, "guard", GUARD, justified=True)
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    over = await read(door, path, made["id"])
    assert (over.status_code, over.json()["code"]) == (403, "break_glass_ended")
    assert sum((await disclosures_to_decide(door.running.platform)).values()) == 0
    listed = (await door.get("/v1/break-glass", "guard", params={"reviewed": True})).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]


async def test_somebody_is_found_in_an_emergency_and_nothing_is_changed(door: Door) -> None:
    door.registry.answers["/v1/search"] = {
        "items": [{"individual": {"id": "i-1", "number": "P-1", "name_fr": "Zeinabou"}, "households": [{"id": HOME}]}]
    }
    headers = NURSE | {"Tekamoul-Break-Glass": (await opened(door))["id"]}

    found = await sent(door, "/registry/v1/search", "clinic", headers, q="Zeinabou")
    changed = await sent(door, f"/registry/v1/change-requests/{uuid4()}/approve", "clinic", headers)

    assert (found.status_code, found.json()["items"][0]["individual"]["id"]) == (200, "i-1")
    assert (changed.status_code, changed.json()["code"]) == (403, "break_glass_reads_only")
    log = (await door.get("/v1/disclosures", "guard", params={"break_glass": headers["Tekamoul-Break-Glass"]})).json()
    assert [(one["subject_kind"], one["subject"]) for one in log["items"] if one["decision"] == "allowed"] == [
        ("individual", "i-1"), ("household", HOME),
    ]  # fmt: skip


async def test_it_ends_by_itself_and_one_person_has_few_of_them(door: Door) -> None:
    household(door, HOME)
    made = await opened(door)
    assert (await read(door, f"/registry/v1/households/{HOME}", made["id"])).status_code == 200
    await execute(door, "UPDATE break_glass SET ends_at = now()")
    assert (await read(door, f"/registry/v1/households/{HOME}", made["id"])).json()["code"] == "break_glass_ended"

    for _ in range(4):
        await opened(door)
    sixth = await sent(door, "/v1/break-glass", "clinic", NURSE, reason=REASON)
    assert (sixth.status_code, sixth.json()["code"]) == (409, "break_glass_unreviewed")
    await opened(door, official={"Tekamoul-Official": "nurse.2"})


async def test_nobody_reviews_her_own(door: Door) -> None:
    answer = await sent(door, "/v1/break-glass", "guard", GUARD, reason=REASON)
    review = f"/v1/break-glass/{answer.json()['id']}/review"

    own = await sent(door, review, "guard", GUARD, justified=True)
    other = await sent(door, review, "guard", {"Tekamoul-Official": "dpo.2"}, justified=True)

    assert (own.status_code, own.json()["code"], other.status_code) == (403, "same_person", 200)
    unknown = await sent(door, f"/v1/break-glass/{uuid4()}/review", "guard", GUARD, justified=True)
    assert unknown.status_code == 404
    for body in ({"reason": "court"}, {"reason": REASON, "subject": "a b"}, {"reason": REASON, "minutes": 600}):
        assert (await sent(door, "/v1/break-glass", "guard", GUARD, **body)).status_code == 422
    assert (await sent(door, "/v1/break-glass", "alpha", NURSE, reason=REASON)).status_code == 403


def elsewhere(subject: str | None, *told: tuple[str, str, str], names: dict[str, str] | None = None) -> bool:
    subjects: Sequence[Subject] = [Subject(kind, id, (), number) for kind, id, number in told]
    try:
        refuse_elsewhere(subject, subjects, names or {})
    except BreakGlassElsewhere:
        return True
    return False


def test_a_break_glass_for_one_opens_no_answer_about_another_of_the_kind() -> None:
    mother, child = ("individual", "i-1", ""), ("individual", "i-2", "")
    assert not elsewhere(None, ("household", "h-2", ""), mother)
    assert not elsewhere("h-1", ("household", "h-1", ""), mother, child)
    assert not elsewhere("MR05", ("household", "h-1", "MR05"))
    assert elsewhere("h-1")
    assert elsewhere("h-1", ("household", "h-2", ""))
    assert elsewhere("h-1", ("household", "h-1", ""), ("household", "h-2", ""))
    assert elsewhere("i-1", mother, child)
    home, other, alias = (str(uuid4()) for _ in range(3))
    assert not elsewhere(alias, ("household", home, "MR05"), mother, names={home: alias})
    assert elsewhere(alias, ("household", other, "MR06"), names={home: alias})
