"""An agreement from its draft to its end: who may take which step, and what holds at once in every process."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
from sqlalchemy import text, update

from gateway.agreements.book import Book
from gateway.agreements.commands import end_what_is_over
from gateway.agreements.models import VersionRow
from gateway.agreements.seeding import give_mandates
from gateway.agreements.terms import Terms
from gateway.changes import Changes
from in_turn import in_turn
from running import status_of, until
from shared.clock import now
from tests.gateway.agreements.cases import PURPOSE, terms
from tests.gateway.conftest import Door

AGREEMENTS = "/v1/agreements"
TODAY = now().date()


async def post(door: Door, path: str, body: dict[str, Any], by: str = "beta", **headers: str) -> httpx.Response:
    return await door.client.post(f"{AGREEMENTS}{path}", json=body, headers={**await door.as_(by), **headers})


async def draft(door: Door, by: str = "beta", **changed: Any) -> dict[str, Any]:
    answer = await post(door, "", {"terms": terms(**changed), "official": "b-1"}, by)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    found: dict[str, Any] = answer.json()
    return found


async def take(
    door: Door, step: str, agreement: dict[str, Any], by: str = "beta", official: str = "b-2", **said: Any
) -> httpx.Response:
    body = {"version": agreement["proposed_version"] or agreement["version"], "official": official} | said
    return await post(door, f"/{agreement['id']}/{step}", body, by, **{"If-Match": f'"{agreement["revision"]}"'})


async def taken(door: Door, step: str, agreement: dict[str, Any], by: str = "beta", **said: Any) -> dict[str, Any]:
    answer = await take(door, step, agreement, by, **said)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def in_force(door: Door, **changed: Any) -> dict[str, Any]:
    found = await draft(door, **changed)
    found = await taken(door, "sign", found, "alpha", official="a-1")
    found = await taken(door, "sign", found)
    return await taken(door, "approve", found)


async def ask(door: Door, agreement: str, purpose: str = PURPOSE) -> httpx.Response:
    headers = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": purpose}
    return await door.get("/programs/csa/v1/echo", headers=headers)


async def told(door: Door, agreement: str, code: str | None) -> None:
    """Wait, at most a second, until a request under the agreement is answered so (None: 200)."""

    async def as_expected() -> bool:
        return (await ask(door, agreement)).json().get("code") == code

    await until(as_expected, what=f"{code} under {agreement}", seconds=1)


async def test_an_agreement_is_drafted_signed_by_both_approved_by_a_second_person_and_then_holds(door: Door) -> None:
    found = await draft(door)
    assert (found["id"], found["state"]) == (f"BETA-ALPHA-{now().year}-01", "draft")
    await told(door, found["id"], "agreement_not_in_force")

    found = await taken(door, "sign", found, "alpha", official="a-1")
    assert found["state"] == "draft"
    found = await taken(door, "sign", found)
    assert found["state"] == "signed"
    await told(door, found["id"], "agreement_not_in_force")
    found = await taken(door, "approve", found)

    assert found["state"] == "active"
    await told(door, found["id"], None)
    version = (await door.get(f"{AGREEMENTS}/{found['id']}/versions/1")).json()
    assert [(one["party"], one["official"]) for one in version["signatures"]] == [("alpha", "a-1"), ("beta", "b-2")]
    steps = (await door.get(f"{AGREEMENTS}/{found['id']}/history")).json()["items"]
    assert [(one["step"], one["state"], one["partner"]) for one in steps] == [
        ("approve", "active", "beta"),
        ("sign", "signed", "beta"),
        ("sign", "draft", "alpha"),
        ("draft", "draft", "beta"),
    ]


async def test_what_a_step_may_not_is_refused_and_changes_nothing(door: Door) -> None:
    found = await draft(door)
    cases = [
        (await take(door, "approve", found), 409, "agreement_step_not_allowed"),
        (await take(door, "suspend", found, reason="why"), 409, "agreement_step_not_allowed"),
        (await take(door, "resume", found), 409, "agreement_step_not_allowed"),
        (await take(door, "review", found), 409, "agreement_step_not_allowed"),
        (await take(door, "terminate", found), 422, "agreement_reason_needed"),
        (await take(door, "sign", found | {"revision": 9}), 412, "precondition_failed"),
        (await take(door, "sign", found | {"version": 9}), 404, "not_found"),
        (await post(door, f"/{found['id']}/sign", {"version": 1, "official": "b-1"}), 428, "precondition_required"),
    ]
    assert (await door.get(f"{AGREEMENTS}/{found['id']}")).json() == found

    found = await taken(door, "sign", found)
    cases.append((await take(door, "sign", found), 409, "agreement_signed_already"))
    found = await taken(door, "sign", found, "alpha")
    cases += [
        (await take(door, "approve", found, official="B-1"), 403, "agreement_second_person_needed"),
        (await take(door, "approve", found, "alpha"), 403, "agreement_owner_alone"),
    ]
    found = await taken(door, "approve", found)
    found = await taken(door, "suspend", found, "alpha", reason="a leak")
    cases += [
        (await take(door, "resume", found, "alpha"), 403, "agreement_owner_alone"),
        (await take(door, "sign", found), 409, "agreement_step_not_allowed"),
    ]
    found = await taken(door, "terminate", found, reason="no more")
    cases += [
        (await take(door, step, found, reason="r"), 409, "agreement_step_not_allowed")
        for step in ("sign", "approve", "review", "suspend", "resume", "terminate")
    ]
    for answer, status, code in cases:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.request.url


async def test_suspending_resuming_and_terminating_hold_within_a_second_in_every_process(door: Door) -> None:
    found = await in_force(door)
    # A process that stands for another one: its own book, filled only by what PostgreSQL tells it.
    other = Book()
    following = asyncio.create_task(Changes([other.read]).follow(door.running.platform))

    async def knows(state: str) -> None:
        async def known() -> bool:
            held = other.of("alpha").get(found["id"]) if other._read_at else None
            return held is not None and held.state == state

        await until(known, what=f"the other process to know {state}", seconds=1, every=0.02)

    await told(door, found["id"], None)
    await knows("active")
    for step, code, state in (
        ("suspend", "agreement_suspended", "suspended"),
        ("resume", None, "active"),
        ("terminate", "agreement_terminated", "terminated"),
    ):
        found = await taken(door, step, found, reason="because")
        await told(door, found["id"], code)
        await knows(state)
    following.cancel()


async def test_a_new_version_replaces_the_one_in_force_only_once_it_is_approved(door: Door) -> None:
    found = await in_force(door)
    wider = terms(purposes=[PURPOSE], not_before="2026-02-01")
    body = {"terms": wider, "official": "b-1", "reason": "narrower"}

    changed = await post(door, f"/{found['id']}/versions", body, **{"If-Match": f'"{found["revision"]}"'})

    assert changed.status_code == 201
    found = changed.json()
    assert (found["version"], found["state"], found["proposed_version"]) == (1, "active", 2)
    again = await post(door, f"/{found['id']}/versions", body, **{"If-Match": f'"{found["revision"]}"'})
    found = again.json()
    assert found["proposed_version"] == 3, "a draft that is written anew gives way"
    assert (await ask(door, found["id"], "shock_response")).status_code == 200
    for step, by in (("sign", "alpha"), ("sign", "beta"), ("approve", "beta")):
        found = await taken(door, step, found, by)
    assert (found["version"], found["state"], found["proposed_version"]) == (3, "active", None)

    async def refused() -> bool:
        return (await ask(door, found["id"], "shock_response")).json().get("code") == "purpose_not_agreed"

    await until(refused, what="the new version to hold", seconds=1)
    states = [(await door.get(f"{AGREEMENTS}/{found['id']}/versions/{one}")).json()["state"] for one in (1, 2, 3)]
    assert states == ["terminated", "terminated", "active"]


async def test_a_change_that_begins_later_is_not_approved_while_one_is_in_force(door: Door) -> None:
    found = await in_force(door)
    later = terms(not_before=str(TODAY + timedelta(days=3)))
    answer = await post(
        door, f"/{found['id']}/versions", {"terms": later, "official": "b-1"}, **{"If-Match": f'"{found["revision"]}"'}
    )
    found = answer.json()
    for by in ("alpha", "beta"):
        found = await taken(door, "sign", found, by)

    refused = await take(door, "approve", found)

    assert (refused.status_code, refused.json()["code"]) == (409, "agreement_begins_later")
    assert (await ask(door, found["id"])).status_code == 200


@in_turn(
    ("changed", "by", "status", "code"),
    [
        ({"recipient": "mute"}, "alpha", 403, "agreement_not_a_party"),
        ({"recipient": "nobody"}, "beta", 422, "agreement_party_unknown"),
        ({"population": {"programs": ["THIRD"]}}, "beta", 422, "agreement_program_unknown"),
        ({"population": {"enrolled_in": ["SECOND"]}}, "beta", 422, "agreement_enrolled_elsewhere"),
        (
            {"provider": "alpha", "recipient": "beta", "population": {"enrolled_in": ["FIRST"]}},
            "beta",
            422,
            "agreement_enrolled_elsewhere",
        ),
        (
            {"population": {"enrolled_in": ["FIRST"]}, "operations": ["list", "subscribe"]},
            "beta",
            422,
            "invalid_request",
        ),
        ({"operations": ["lookup", "push"]}, "beta", 422, "agreement_push_not_written"),
        ({"not_before": "2020-01-01", "not_after": "2020-12-31"}, "beta", 422, "agreement_days_over"),
        ({"attributes": [{"name": "religion"}]}, "beta", 422, "invalid_request"),
        ({"unknown": 1}, "beta", 422, "invalid_request"),
        ({"recipient": "beta", "kind": "mandate", "attributes": []}, "beta", 422, "agreement_kind_not_written"),
    ],
)
async def test_what_cannot_be_agreed_is_refused(
    door: Door, changed: dict[str, Any], by: str, status: int, code: str
) -> None:
    answer = await post(door, "", {"terms": terms(**changed), "official": "b-1"}, by)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_households_limited_by_enrollment_are_drafted_shown_compared_and_printed(door: Door) -> None:
    found = await draft(door, population={"enrolled_in": ["FIRST"], "places": ["MR01"]})
    assert found["terms"]["population"] == {
        "programs": [], "places": ["MR01"], "categories": [], "enrolled_in": ["FIRST"],
    }  # fmt: skip
    wider = {"terms": terms(population={"places": ["MR01"]}), "official": "b-1"}
    assert (await post(door, f"/{found['id']}/versions", wider, **{"If-Match": '"1"'})).status_code == 201

    told = await door.get(f"{AGREEMENTS}/{found['id']}/difference?from=1&to=2&language=en")
    page = await door.get(f"{AGREEMENTS}/{found['id']}/versions/1/page?language=fr")

    assert told.json()["sentences"] == ["Households enrolled in: was limited to FIRST, and is now without a limit."]
    assert "Ménages inscrits à" in page.text
    async with door.running.platform.database.transaction() as tx:
        kept = await tx.scalar(
            text("SELECT terms FROM agreement_versions WHERE version = 1 AND population IS NOT NULL")
        )
    assert kept["population"] == {"places": ["MR00"]}


async def test_an_agreement_that_was_signed_with_push_holds_and_its_next_version_is_without(door: Door) -> None:
    found = await in_force(door)
    signed = Terms.model_validate(terms(operations=["lookup", "list", "push"]))
    async with door.running.platform.database.transaction() as tx:
        row = update(VersionRow).where(VersionRow.agreement_id == found["id"])
        await tx.execute(row.values(terms=signed.told(), fingerprint=signed.fingerprint()))
        await tx.execute(text("SELECT pg_notify('gateway_changed', 'agreements')"))

    shown = (await door.get(f"{AGREEMENTS}/{found['id']}")).json()
    match = {"If-Match": f'"{shown["revision"]}"'}
    again = await post(door, f"/{found['id']}/versions", {"terms": shown["terms"], "official": "b-1"}, **match)
    without = shown["terms"] | {"operations": ["lookup", "list"]}
    changed = await post(door, f"/{found['id']}/versions", {"terms": without, "official": "b-1"}, **match)

    assert (shown["state"], shown["terms"]["operations"]) == ("active", ["lookup", "list", "push"])
    assert (again.status_code, again.json()["code"]) == (422, "agreement_push_not_written")
    assert again.json()["pointer"] == "/terms/operations/2"
    assert changed.status_code == 201
    assert (await ask(door, found["id"])).status_code == 200


async def test_a_new_version_keeps_kind_and_parties(door: Door) -> None:
    found = await draft(door)
    mandate = (await door.get(f"{AGREEMENTS}/MANDATE-BETA", "beta")).json()
    other = {"terms": terms(recipient="mute"), "official": "b-1"}
    own = {"terms": mandate["terms"], "official": "b-1"}
    match = {"If-Match": '"1"'}

    answers = [
        await post(door, f"/{found['id']}/versions", other, **match),
        await post(door, "/MANDATE-BETA/versions", own, **match),
    ]

    assert [one.json()["code"] for one in answers] == ["agreement_parties_stay", "agreement_kind_not_written"]


async def test_who_is_no_party_finds_nothing(door: Door) -> None:
    found = await draft(door, recipient="mute")

    theirs = await door.get(f"{AGREEMENTS}/{found['id']}")
    nobodys = await door.get(f"{AGREEMENTS}/BETA-NOBODY-2026-01")
    step = await take(door, "sign", found, "alpha")
    listed = (await door.get(AGREEMENTS)).json()["items"]

    assert theirs.status_code == nobodys.status_code == step.status_code == 404
    volatile = {"trace_id", "instance"}
    same = [{key: it for key, it in one.json().items() if key not in volatile} for one in (theirs, nobodys)]
    assert same[0] == same[1]
    assert [one["id"] for one in listed] == ["MANDATE-ALPHA"]


async def test_the_same_draft_sent_twice_is_one_agreement(door: Door) -> None:
    body = {"terms": terms(), "official": "b-1"}

    first, second = [await post(door, "", body, **{"Idempotency-Key": "one-and-only"}) for _ in range(2)]

    assert (first.status_code, first.content) == (201, second.content)
    assert len((await door.get(AGREEMENTS, "beta")).json()["items"]) == 2, "it and the mandate"


def emergency(**changed: Any) -> dict[str, Any]:
    days = {"not_before": str(TODAY), "not_after": str(TODAY + timedelta(days=10))}
    return terms(kind="emergency", **days | changed)


async def test_an_emergency_holds_at_once_on_one_persons_word_and_on_after_a_seconds(door: Door) -> None:
    body = {"terms": emergency(), "official": "b-1", "reason": "flood at Kaédi"}
    no_reason = await post(door, "", {"terms": emergency(), "official": "b-1"})
    by_recipient = await post(door, "", body, "alpha")
    too_long = emergency(not_after=str(TODAY + timedelta(days=30)))
    long = await post(door, "", body | {"terms": too_long})
    assert [one.json()["code"] for one in (no_reason, by_recipient, long)] == [
        "agreement_reason_needed",
        "agreement_owner_alone",
        "invalid_request",
    ]

    found = (await post(door, "", body)).json()

    assert found["state"] == "active"
    await told(door, found["id"], None)
    assert (await status_of(door.client))["to_decide"]["emergencies_to_review"] == 1
    assert (await take(door, "review", found, official="b-1")).json()["code"] == "agreement_second_person_needed"
    found = await taken(door, "review", found)
    assert found["review_until"] is None
    assert (await take(door, "review", found)).json()["code"] == "agreement_step_not_allowed"
    change = await post(door, f"/{found['id']}/versions", body, **{"If-Match": f'"{found["revision"]}"'})
    assert change.json()["code"] == "agreement_kind_not_written"


async def test_an_emergency_that_nobody_reviews_ends_by_itself(door: Door) -> None:
    found = (await post(door, "", {"terms": emergency(), "official": "b-1", "reason": "flood"})).json()
    async with door.running.platform.database.transaction() as tx:
        await tx.execute(update(VersionRow).values(review_until=now()).where(VersionRow.agreement_id == found["id"]))
        await tx.execute(text("SELECT pg_notify('gateway_changed', 'agreements')"))

    await told(door, found["id"], "emergency_not_reviewed")
    async with door.running.platform.database.transaction() as tx:
        assert await end_what_is_over(tx) == 1
    async with door.running.platform.database.transaction() as tx:
        assert await end_what_is_over(tx) == 0

    await told(door, found["id"], "agreement_terminated")


async def test_an_agreement_ends_with_its_last_day_and_is_told_of_thirty_days_before(door: Door) -> None:
    found = await in_force(door, not_after=str(TODAY + timedelta(days=30)))
    later = await in_force(door, not_after=str(TODAY + timedelta(days=31)))
    assert (found["ends_soon"], later["ends_soon"]) == (True, False)
    assert (await status_of(door.client))["to_decide"]["agreements_ending"] == 1

    over = terms(not_after=str(TODAY - timedelta(days=1)))
    async with door.running.platform.database.transaction() as tx:
        row = update(VersionRow).where(VersionRow.agreement_id == found["id"])
        await tx.execute(row.values(not_after=date.fromisoformat(over["not_after"]), terms=over))
        await tx.execute(text("SELECT pg_notify('gateway_changed', 'agreements')"))
    await told(door, found["id"], "agreement_expired")
    async with door.running.platform.database.transaction() as tx:
        assert await end_what_is_over(tx) == 1

    ended = (await door.get(f"{AGREEMENTS}/{found['id']}")).json()
    assert (ended["state"], ended["ends_soon"]) == ("expired", False)
    await told(door, found["id"], "agreement_expired")
    (step, *_) = (await door.get(f"{AGREEMENTS}/{found['id']}/history")).json()["items"]
    assert (step["step"], step["partner"], step["official"]) == ("expire", "gateway", "gateway")


async def test_every_partner_has_a_mandate_and_a_new_one_gets_its_own(door: Door) -> None:
    async with door.running.platform.database.transaction() as tx:
        assert await give_mandates(tx, {"alpha": 1, "newcomer": 2}) == 1
        assert await give_mandates(tx, {"alpha": 1, "newcomer": 2}) == 0

    mandate = (await door.get(f"{AGREEMENTS}/MANDATE-ALPHA")).json()
    assert (mandate["kind"], mandate["state"], mandate["provider"]) == ("mandate", "active", "alpha")


async def test_a_difference_is_told_in_plain_sentences(door: Door) -> None:
    found = await draft(door)
    changed = terms(
        purposes=["shock_response", PURPOSE, "research"],
        population={"programs": ["FIRST"]},
        attributes=[{"name": "size"}, {"name": "name", "transform": "masked"}],
        operations=["list"],
        volume={"per_day": 900, "per_query": 500},
    )
    body = {"terms": changed, "official": "b-1"}
    assert (await post(door, f"/{found['id']}/versions", body, **{"If-Match": '"1"'})).status_code == 201

    async def sentences(language: str, to: int = 2) -> list[str]:
        query = f"?from={3 - to if to == 1 else 1}&to={to}&language={language}"
        told: list[str] = (await door.get(f"{AGREEMENTS}/{found['id']}/difference{query}")).json()["sentences"]
        return told

    assert await sentences("en") == [
        "Purposes: research is added.",
        "Places: was limited to MR01, MR011-C01, and is now without a limit.",
        "Operations: look one up is taken away.",
        "household size: was given as a band, and will be in full.",
        "Also given: name (partly masked).",
        "No longer given: household number.",
        "At most, in a day: 1000 becomes 900.",
    ]
    assert (await sentences("fr"))[1:3] == [
        "Lieux : était limité à MR01, MR011-C01, vaut désormais sans limite.",
        "Opérations : consulter un cas disparaît.",
    ]
    assert (await sentences("ar"))[
        -1
    ] == "\u2068الحد الأقصى في اليوم\u2069: كان \u20681000\u2069، ويصير \u2068900\u2069."
    assert (await sentences("en", to=1))[1] == "Places: was without a limit, and is now limited to MR01, MR011-C01."
    same = await door.get(f"{AGREEMENTS}/{found['id']}/difference?from=2&to=2&language=fr")
    assert same.json()["sentences"] == []


async def test_a_version_is_printed_in_each_language_with_nothing_of_a_script(door: Door) -> None:
    found = await draft(door, legal_basis={"type": "protocol", "reference": "Protocol 12/2026 <b>"})

    for language, says in (
        ("ar", ["اتفاقية تبادل بيانات", 'dir="rtl"', "باء"]),
        ("fr", ["Accord de partage de données", 'dir="ltr"', "Bêta", "taille du ménage (par tranche)"]),
        ("en", ["Data-sharing agreement", "Protocol 12/2026 &lt;b&gt;", "household size (as a band)"]),
    ):
        page = await door.get(f"{AGREEMENTS}/{found['id']}/versions/1/page?language={language}")

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert [one for one in (*says, found["fingerprint"]) if one not in page.text] == []
        assert "<script" not in page.text and "<b>" not in page.text
