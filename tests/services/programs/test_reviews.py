"""A person decides what the registry's news ask: once, by the program's keeper, and the hold ends with the decision."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from benefits_cases import entitlements, issue, ledger
from sqlalchemy import text

from registry_news import AHMED, AICHA, MARIEM, SECOND, SIDI, Linked
from running import Services
from services.programs.commands.ledger import Entry, write_entries
from services.programs.rules.benefits import EntryKind
from shared.ids import new_id


@pytest.fixture
async def csa(services: Services) -> AsyncIterator[Linked]:
    """Sidi is enrolled and dead."""
    made = await Linked.start(services, "csa", "EL_MAOUNA")
    [enrollment], ids = await made.enroll("Sidi Ould Ahmed"), await made.ids()
    await made.link(enrollment, ids["household"], ids[SIDI])
    await made.apply("death", individual_id=ids[SIDI], died_on="2026-03-01")
    yield made
    await made.close()


async def decide(csa: Linked, body: dict[str, Any], **headers: str) -> httpx.Response:
    [review] = await csa.reviews(kind="death")
    return await csa.officer.post(f"/v1/reviews/{review['id']}/decide", json=body, headers=headers)


async def the_enrollment(csa: Linked) -> dict[str, Any]:
    [found] = (await csa.officer.get("/v1/enrollments")).json()["items"]
    return dict(found)


async def turns(csa: Linked) -> list[tuple[str, str, str]]:
    id_ = (await the_enrollment(csa))["id"]
    rows = (await csa.officer.get(f"/v1/enrollments/{id_}/history")).json()
    return [(one["from"], one["to"], one["reason"]) for one in rows if one["version"] > 1]


async def test_a_successor_receives_and_the_hold_ends(csa: Linked) -> None:
    body = {"decision": "succession", "beneficiary": {"name": "Mariem Mint Vall", "sex": "F", "phone": "22 33 44 55"}}
    key = {"Idempotency-Key": "decide-the-death-of-sidi"}

    answer = await decide(csa, body, **key)
    again = await decide(csa, body, **key)

    assert answer.status_code == 200, answer.text
    assert again.content == answer.content
    decided = answer.json()
    assert (decided["status"], decided["decision"], decided["decided_by"]) == ("decided", "succession", "csa")
    assert (decided["holds"], decided["decisions"], decided["successors"]) == (None, [], [])
    assert len(decided["details"]["candidates"]) == 3
    enrollment = await the_enrollment(csa)
    assert (enrollment["name"], enrollment["sex"], enrollment["phones"]) == ("Mariem Mint Vall", "F", ["+22222334455"])
    assert (enrollment["status"], enrollment["held_reason"], enrollment["version"]) == ("enrolled", None, 2)
    assert await csa.reviews(status="open") == []
    await csa.hear_again()
    assert await csa.reviews(status="open") == []  # what a person decided is not asked again


async def test_what_was_due_already_is_held_with_the_enrollment_and_due_again_when_it_goes_on(csa: Linked) -> None:
    """Khadija lives alone: one person, 450 MRU a month. Of June she has had hers when she dies, of July not yet."""
    others = await csa.ids(SECOND)
    [_, hers] = await csa.enroll("Khadija Mint Ely")
    await csa.link(hers, others["household"], others["1000000011"])
    june, july = [await issue(csa.officer, "EL_MAOUNA", day) for day in ("2027-06-01", "2027-07-01")]
    [in_june] = await entitlements(csa.officer, june["id"], enrollment_id=hers)
    async with csa.programs.platform.database.transaction() as tx:
        paid = Entry(
            kind=EntryKind.DELIVERED,
            cycle_id=UUID(june["id"]),
            enrollment_id=UUID(hers),
            entitlement_id=UUID(in_june["id"]),
            what="MRU",
            quantity=Decimal(450),
            amount=Decimal(450),
            on_day=date(2027, 6, 15),
        )
        await write_entries(tx, "EL_MAOUNA", [paid], by="csa")

    await csa.apply("death", individual_id=others["1000000011"], died_on="2026-03-01")

    assert await states(csa, hers, june, july) == [("due", None, "delivered"), ("held", "deceased", "held")]
    assert [one["amount_mru"] for one in await ledger(csa.officer, cycle_id=july["id"])] == ["450.00", "-450.00"]
    after = (await csa.officer.get(f"/v1/cycles/{july['id']}")).json()
    # Sidi's, who died before the cycle was issued, is held from the first.
    assert (after["due"], after["held"], after["amount_mru"]) == (0, 2, "0.00")

    # Two things are to be decided: she has died, and with her the household has left the registry.
    for review, left in zip(await csa.reviews(status="open", enrollment_id=hers), ("under_review", None), strict=True):
        decided = await csa.officer.post(f"/v1/reviews/{review['id']}/decide", json={"decision": "keep"})
        assert decided.status_code == 200, decided.text
        assert (await states(csa, hers, july))[0][1] == left
    assert await states(csa, hers, june, july) == [("due", None, "delivered"), ("due", None, "due")]
    assert (await ledger(csa.officer, cycle_id=july["id"]))[-1]["balance_mru"] == "450.00"


async def states(csa: Linked, enrollment: str, *cycles: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    rows = [(await entitlements(csa.officer, one["id"], enrollment_id=enrollment))[0] for one in cycles]
    return [(one["status"], one["hold_reason"], one["state"]) for one in rows]


async def test_who_might_follow_has_a_name_where_the_institutions_own_list_names_her(csa: Linked) -> None:
    """Mariem receives for herself, too; nobody else of the family is on a list of the CSA."""
    ids = await csa.ids()
    hers = (await csa.enroll("Mariam Vall"))[-1]
    await csa.link(hers, ids["household"], ids[MARIEM])

    [review] = await csa.reviews(kind="death")

    names = {one["individual_id"]: one["name"] for one in review["successors"]}
    assert names == {ids[MARIEM]: "Mariam Vall", ids[AHMED]: None, ids[AICHA]: None}
    one = (await csa.officer.get(f"/v1/reviews/{review['id']}")).json()
    assert one["successors"] == review["successors"]
    await csa.link(hers, ids["household"], ids[MARIEM], status="unmatched")  # no longer surely her
    assert {one["name"] for one in (await csa.reviews(kind="death"))[0]["successors"]} == {None}


@pytest.mark.parametrize(
    ("decision", "status", "turn"),
    [
        ("keep", "enrolled", []),
        ("suspend", "suspended", [("enrolled", "suspended", "deceased")]),
        ("exit", "exited", [("enrolled", "exited", "deceased")]),
    ],
)
async def test_each_decision_does_what_it_says(
    csa: Linked, decision: str, status: str, turn: list[tuple[str, str, str]]
) -> None:
    assert (await decide(csa, {"decision": decision})).status_code == 200

    enrollment = await the_enrollment(csa)
    assert (enrollment["status"], enrollment["held_reason"]) == (status, None)
    assert await turns(csa) == turn


async def test_an_exit_decides_what_else_is_open_and_a_decision_leaves_other_holds(csa: Linked) -> None:
    ids = await csa.ids()
    await csa.apply("removal", household_id=ids["household"], on="2026-04-01", reason="dissolved")
    assert [one["kind"] for one in await csa.reviews(status="open")] == ["death", "left_registry"]

    assert (await decide(csa, {"decision": "keep"})).status_code == 200
    assert (await the_enrollment(csa))["held_reason"] == "under_review"

    [left] = await csa.reviews(status="open")
    assert (await csa.officer.post(f"/v1/reviews/{left['id']}/decide", json={"decision": "exit"})).status_code == 200
    enrollment = await the_enrollment(csa)
    assert (enrollment["status"], enrollment["reason"], enrollment["held_reason"]) == ("exited", "not_eligible", None)
    assert await csa.reviews(status="open") == []


async def test_a_review_is_decided_once(csa: Linked) -> None:
    assert (await decide(csa, {"decision": "keep"})).status_code == 200

    told = {"ar": "تقررت هذه المراجعة", "fr": "Cette révision est déjà décidée", "en": "This review is decided"}
    for language, begins in told.items():
        answer = await decide(csa, {"decision": "exit"}, **{"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (409, "review_decided")
        assert answer.json()["title"].startswith(begins)
    assert (await the_enrollment(csa))["status"] == "enrolled"


async def test_a_decision_that_says_too_little_or_too_much_changes_nothing(csa: Linked) -> None:
    refused = [
        ({"decision": "succession"}, "successor_wanted"),
        ({"decision": "keep", "beneficiary": {"name": "Mariem"}}, "successor_wanted"),
        ({"decision": "forget"}, "invalid_request"),
        ({"decision": "succession", "beneficiary": {"name": " "}}, "beneficiary_refused"),
    ]
    for body, code in refused:
        answer = await decide(csa, body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    enrollment = await the_enrollment(csa)
    assert (enrollment["name"], enrollment["held_reason"], enrollment["version"]) == ("Sidi Ould Ahmed", "deceased", 1)
    assert len(await csa.reviews(status="open")) == 1


async def test_a_succession_is_for_deaths_alone(csa: Linked) -> None:
    ids = await csa.ids()
    await csa.apply("removal", household_id=ids["household"], on="2026-04-01", reason="left_country")
    [left] = await csa.reviews(kind="left_registry")
    body = {"decision": "succession", "beneficiary": {"name": "Mariem Mint Vall"}}

    answer = await csa.officer.post(f"/v1/reviews/{left['id']}/decide", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "decision_not_offered")
    assert answer.json()["title"].endswith("Accepted: keep, suspend, exit.")


async def test_reviews_are_the_keepers_alone_and_come_by_the_page(csa: Linked) -> None:
    ids = await csa.ids()
    await csa.apply("removal", household_id=ids["household"], on="2026-04-01", reason="left_country")
    first = (await csa.officer.get("/v1/reviews", params={"limit": 1})).json()
    rest = (await csa.officer.get("/v1/reviews", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [one["kind"] for one in (*first["items"], *rest["items"])] == ["death", "left_registry"]
    path = f"/v1/reviews/{first['items'][0]['id']}"

    async with csa.programs.client("masef", programs=frozenset({"DISABILITY_CASH"})) as other:
        assert (await other.get("/v1/reviews")).json()["items"] == []
        assert (await other.get("/v1/reviews", params={"program": "EL_MAOUNA"})).json()["items"] == []
        assert (await other.get(path)).status_code == 404
        assert (await other.post(f"{path}/decide", json={"decision": "exit"})).status_code == 404
    async with csa.programs.client("csa", frozenset({"enrollments:read"}), frozenset({"EL_MAOUNA"})) as reader:
        assert (await reader.get(path)).status_code == 200
        assert (await reader.post(f"{path}/decide", json={"decision": "exit"})).json()["code"] == "not_permitted"
    assert (await csa.officer.get(f"/v1/reviews/{new_id()}")).status_code == 404
    assert len(await csa.reviews(status="open", program="EL_MAOUNA")) == 2


async def test_one_who_left_by_another_way_needs_no_decision_but_may_have_one(csa: Linked) -> None:
    enrollment = await the_enrollment(csa)
    left = await csa.officer.post(
        f"/v1/enrollments/{enrollment['id']}/exit", json={"reason": "withdrew"}, headers={"If-Match": '"1"'}
    )
    assert left.status_code == 200, left.text

    assert (await decide(csa, {"decision": "exit"})).json()["code"] == "enrollment_exited"
    assert (await decide(csa, {"decision": "keep"})).status_code == 200
    others, khadija = await csa.ids(SECOND), "1000000011"
    async with csa.programs.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE enrollments SET registry_individual_id = :id"), {"id": others[khadija]})
    await csa.apply("death", individual_id=others[khadija], died_on="2026-05-01")
    assert await csa.reviews(status="open") == []
