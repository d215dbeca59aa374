"""Shock responses: drafted over a trigger, planned, approved by a second person, listed, read under a sharing, paid, closed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from response_cases import CASH_VALUE, decide, design, items, ready, sent, step, stepped, table
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from matching_cases import PLACES, TODAY, delivery, enrollment, household, id_of, member, program
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import deliveries, projecting
from services.matching.figures.planning import plan
from services.matching.models import Beneficiary, LinkStatus
from services.matching.reading_country import read_country
from services.matching.responses import computing
from services.matching.responses.plan_models import Response, ResponseHousehold, ResponseReading, ResponseSharing
from shared.clock import now
from shared.disclosing import GRANT_HEADER, Grant
from shared.history import History
from shared.ids import new_id
from shared.outbox import OutboxRow

SURNAMES = (
    "Tourad",
    "Moctar",
    "Brahim",
    "Cheikh",
    "Demba",
    "Khattri",
    "Lekhlive",
    "Sidaty",
    "Bilal",
    "Yahya",
    "Vall",
    "Hamed",
)
IN_CASH, POOREST = range(6), 11
"""Households 0 to 5 are in Tekavoul; the higher its number, the poorer a household. Six stand in each of two communes."""
ENDS = (now() + timedelta(days=30)).astimezone(UTC).isoformat()
SHARED = {
    "recipient": "wfp",
    "purpose": "Distribution de la soudure",
    "legal_basis": "Protocole CSA-PAM 2026",
    "ends_at": ENDS,
    "official": "csa-1",
}


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    homes = [
        household(
            at,
            member(at, f"Salem Ould Bellal Ould {surname}"),
            commune_code="MR011-C01" if at < 6 else "MR011-C02",
            score=f"{30 - at}.5",
        )
        for at, surname in enumerate(SURNAMES)
    ]
    lists = [enrollment("TEKAVOUL", at, at, name=f"Salem Ould Bellal Ould {SURNAMES[at]}") for at in IN_CASH]
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("TEKAVOUL", "taazour") | {"values": [CASH_VALUE]})
        await projecting.put_program(tx, program("EL_MAOUNA", "csa"))
        await projecting.put_households(tx, homes, TODAY)
        await projecting.put_beneficiaries(tx, "taazour", lists)

    async def linked() -> bool:
        async with running.platform.database.transaction() as tx:
            rows = select(func.count()).where(Beneficiary.link_status == LinkStatus.LINKED)
            return await tx.scalar(rows) == len(lists)

    await until(linked, what="everybody to be linked", seconds=120)
    return running


@asynccontextmanager
async def _csa(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    covers = frozenset({"EL_MAOUNA", "TEKAVOUL"})
    async with matching.client(name="csa", programs=frozenset({"EL_MAOUNA"}), covers=covers) as client:
        yield client


@pytest.fixture
async def csa(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with _csa(matching) as client:
        yield client


async def a_trigger(csa: httpx.AsyncClient) -> str:
    await sent(csa, table())
    [found] = await items(csa, "/v1/triggers")
    told = (await decide(csa, found, "validate", official="csa-1")).json()
    return str(told["id"])


async def validated_trigger(csa: httpx.AsyncClient) -> str:
    [found] = await items(csa, "/v1/triggers", status="validated")
    return str(found["id"])


async def drafted(csa: httpx.AsyncClient, trigger_id: str, **changed: Any) -> dict[str, Any]:
    made = await csa.post("/v1/responses", json=design(trigger_id, **changed))
    assert made.status_code == 201, made.text
    return await ready(csa, made.json()["id"])


def refused(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert told["title"], told
    return answer.status_code, told["code"]


async def test_an_officer_plans_a_second_one_approves_and_the_list_is_read_until_its_sharing_ends(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    found = await drafted(csa, await a_trigger(csa))
    assert (found["planning"], found["status"], found["version"], found["authors"]) == ("ready", "draft", 2, ["csa-1"])

    # The budget of 30,000 takes the six poorest, 4,000 each, and of those in Tekavoul three at 2,000.
    figures = found["figures"]
    assert (figures["households_in_area"], figures["candidates"], figures["households"], figures["people"]) == (
        12, 12, None, None,
    ), "nine of twelve would tell the three who are left out"  # fmt: skip
    assert (figures["spent_mru"], figures["remainder_mru"], figures["next_amount_mru"], figures["stopped_by"]) == (
        None, None, "2000.00", "budget",
    )  # fmt: skip
    assert [(one["part"], one["households"], one["amount_mru"]) for one in figures["parts"]] == [
        ("vertical", None, None),
        ("horizontal", 6, "24000.00"),
    ], "three are not told, nor by what is left of the nine, which are hidden"
    assert [(one["commune"]["code"], one["households_there"]) for one in figures["by_commune"]] == [
        ("MR011-C01", 6),
        ("MR011-C02", 6),
    ]
    assert [(one["program"], one["households"], one["overlap_class"]) for one in figures["overlaps"]] == [
        ("TEKAVOUL", None, "undecided"),
    ]
    assert figures["reach"]["unreached_before"] == 6 and figures["reach"]["unreached_after"] == 0

    proposed = await stepped(csa, found, "propose", official="csa-2")
    assert (proposed["status"], proposed["authors"]) == ("proposed", ["csa-1", "csa-2"])
    for official in ("csa-1", "csa-2", "CSA-1"):
        assert refused(await step(csa, proposed, "approve", official=official)) == (409, "own_response")
    async with matching.client(name="taazour", programs=frozenset({"TEKAVOUL"})) as taazour:
        own = await step(taazour, proposed, "approve", official="csa-1")
        assert refused(own) == (409, "own_response"), "the same official with another partner's token"
        approved = await stepped(taazour, proposed, "approve", official="taz-7")
        assert refused(await step(taazour, approved, "withdraw", official="taz-7", reason="Non")) == (
            403, "response_not_yours",
        )  # fmt: skip
    assert (approved["approved_by"], approved["approved_official"]) == ("taazour", "taz-7")
    assert refused(await csa.get(f"/v1/responses/{found['id']}/list")) == (404, "not_found")

    second = await drafted(csa, await validated_trigger(csa), budget_mru=None)
    assert (second["in_other_responses"], approved["in_other_responses"]) == (9, 0), "a draft reaches nobody yet"

    listed = await stepped(csa, approved, "list", **SHARED)
    assert (listed["status"], listed["timeliness"]["days_to_list"], len(listed["lot"])) == ("listed", 0, 32)
    async with matching.client(name="wfp", permissions=frozenset({"responses:read"})) as wfp:
        page = await wfp.get(f"/v1/responses/{found['id']}/list", params={"limit": 5})
        first = page.json()
        rest = (await wfp.get(f"/v1/responses/{found['id']}/list", params={"cursor": first["next_cursor"]})).json()
        rows = first["items"] + rest["items"]
        assert [one["household_number"] for one in rows] == [f"MR011{at:07d}" for at in (11, 10, 9, 8, 7, 6, 5, 4, 3)]
        assert rows[0] == {
            "position": 1, "household_number": "MR0110000011", "commune_code": "MR011-C02", "size": 1,
            "part": "horizontal", "monthly_mru": "1000.00", "amount_mru": "4000.00", "apart": "first",
        }  # fmt: skip
        assert rows[6]["part"] == "vertical" and {one["apart"] for one in rows[1:]} == {"score"}
        assert [one["id"] for one in await items(wfp, "/v1/responses")] == [found["id"]]

        [given] = await items(csa, f"/v1/responses/{found['id']}/sharings")
        assert (given["recipient"], given["in_force"], given["readings"]) == ("wfp", True, 2)
        grant = Grant(f"SHARING-{given['id']}".upper(), SHARED["purpose"], SHARED["legal_basis"])
        assert Grant.read(page.headers[GRANT_HEADER]) == grant
        listed = await stepped(csa, listed, f"sharings/{given['id']}/end", official="csa-1")
        assert refused(await wfp.get(f"/v1/responses/{found['id']}/list")) == (403, "sharing_ended")
        again = await step(csa, listed, f"sharings/{given['id']}/end", official="csa-1")
        assert refused(again) == (403, "sharing_ended")

        listed = await stepped(csa, listed, "sharings", **SHARED)
        assert (await wfp.get(f"/v1/responses/{found['id']}/list")).status_code == 200
        async with matching.platform.database.transaction() as tx:
            past = now() - timedelta(seconds=1)
            await tx.execute(
                update(ResponseSharing)
                .values(granted_at=past - timedelta(days=1), ends_at=past)
                .filter_by(ended_at=None)
            )
        assert refused(await wfp.get(f"/v1/responses/{found['id']}/list")) == (403, "sharing_ended"), "by itself"
    told = await items(csa, "/v1/response-readings", household_id=str(id_of(f"household {POOREST}")))
    assert [(one["read_by"], one["purpose"]) for one in told] == [("wfp", SHARED["purpose"])] * 2, (
        "the first of each list"
    )
    told = await items(csa, "/v1/response-readings", household_id=str(id_of("household 3")), limit=1)
    assert [one["response_id"] for one in told] == [found["id"]]
    assert await items(csa, "/v1/response-readings", household_id=str(id_of("household 0"))) == [], "not listed"
    async with matching.client(name="cnam", permissions=frozenset({"responses:read"})) as stranger:
        for path in ("", "/list", "/after-action", "/plan.pdf"):
            assert refused(await stranger.get(f"/v1/responses/{found['id']}{path}")) == (404, "not_found")
        assert await items(stranger, "/v1/responses") == []
    async with matching.platform.database.transaction() as tx:
        readings = list(await tx.scalars(select(ResponseReading).order_by(ResponseReading.id)))
        turns = list(
            await tx.scalars(select(History).where(History.aggregate_id == found["id"]).order_by(History.version))
        )
    assert [(one.read_by, one.first_position, one.households) for one in readings] == [
        ("wfp", 1, 5), ("wfp", 6, 4), ("wfp", 1, 9),
    ]  # fmt: skip
    assert [one.version for one in turns] == list(range(1, listed["version"] + 1))

    await _pay_and_close(matching, csa, listed)


async def _pay_and_close(matching: Running, csa: httpx.AsyncClient, listed: dict[str, Any]) -> None:
    today = now().date()
    for day in (today - timedelta(days=1), today + timedelta(days=1)):
        early = await step(csa, listed, "first-payment", official="csa-1", first_paid_on=day.isoformat())
        assert refused(early) == (422, "first_payment_refused")
    paying = await stepped(csa, listed, "first-payment", official="csa-1", first_paid_on=today.isoformat())
    assert (paying["status"], paying["timeliness"]["days_to_first_payment"]) == ("paying", 0)
    beyond = await step(csa, paying, "close", official="csa-1", households_paid=10, amount_paid_mru="1")
    assert refused(beyond) == (422, "paid_beyond_list")
    closed = await stepped(csa, paying, "close", official="csa-1", households_paid=8, amount_paid_mru="26000.50")
    assert refused(await step(csa, closed, "close", official="csa-1", households_paid=8, amount_paid_mru="1")) == (
        409, "response_step_refused",
    )  # fmt: skip

    enrolled = [enrollment("EL_MAOUNA", at, at, name=f"Salem Ould Bellal Ould {SURNAMES[at]}") for at in range(5, 12)]
    async with matching.platform.database.transaction() as tx:
        await projecting.put_beneficiaries(tx, "csa", enrolled)

    async def linked() -> bool:
        async with matching.platform.database.transaction() as tx:
            mine = Beneficiary.program == "EL_MAOUNA", Beneficiary.link_status == LinkStatus.LINKED
            return await tx.scalar(select(func.count()).where(*mine)) == 7

    await until(linked, what="the enrolled of the list to be linked", seconds=120)
    report = (await csa.get(f"/v1/responses/{closed['id']}/after-action")).json()
    assert report["enrolled"] is None, "seven of nine would tell two"
    assert {name: report[name] for name in ("planned", "listed", "paid", "planned_mru", "paid_mru", "unpaid_mru")} == {
        "planned": 9, "listed": 9, "paid": 8, "planned_mru": "30000.00", "paid_mru": "26000.50", "unpaid_mru": "3999.50",
    }  # fmt: skip
    assert report["remainder_mru"] == "0.00" and report["timeliness"]["days_to_first_payment"] == 0
    assert report["paid_from"] == report["timeliness"]["first_payment_from"] == "institution"
    # What El Maouna then reports goes before the institution's word: six of the list, 4,000 each; what came before the list,
    # or was not handed over, or goes to the one who is not on it, is none of it.
    days = [(at, today, True) for at in range(6, 12)] + [(7, today - timedelta(days=1), True), (5, today, False)]
    async with matching.platform.database.transaction() as tx:
        await deliveries.put_deliveries(tx, "csa", [delivery("EL_MAOUNA", *one, amount_mru="4000.00") for one in days])
    told = (await csa.get(f"/v1/responses/{closed['id']}/after-action")).json()
    assert (told["paid"], told["paid_mru"], told["unpaid_mru"], told["paid_from"]) == (
        6,
        "24000.00",
        "6000.00",
        "deliveries",
    )
    assert told["timeliness"] | {"first_payment_from": "", "triggered_at": ""} == report["timeliness"] | {
        "first_payment_from": "", "triggered_at": "", "first_paid_on": today.isoformat(),
    }  # fmt: skip
    assert told["timeliness"]["first_payment_from"] == "deliveries"
    assert [(one["program"], one["households"]) for one in report["overlaps"]] == [("TEKAVOUL", None)], "three"
    for page in ("plan.pdf", "after-action.pdf"):
        answer = await csa.get(f"/v1/responses/{closed['id']}/{page}", params={"language": "ar"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), answer.text
        assert answer.content.startswith(b"%PDF")
    async with matching.platform.database.transaction() as tx:
        rows = select(OutboxRow).where(OutboxRow.type == "matching.responses.changed.v1").order_by(OutboxRow.position)
        told = [(one.data["status"], one.data["areas"], one.data["households"]) for one in await tx.scalars(rows)]
    assert told == [
        ("triggered", 1, 0), ("proposed", 1, 9), ("approved", 1, 9), ("listed", 1, 9), ("paid", 1, 9), ("closed", 1, 9),
    ]  # fmt: skip


async def test_what_cannot_be_planned_is_refused_in_words(matching: Running, csa: httpx.AsyncClient) -> None:
    trigger_id = await a_trigger(csa)
    amount = {"amount": {"amount_mru": "1000"}}
    for changed, pointer, code in (
        ({"budget_mru": "-1"}, "/budget_mru", "budget_not_positive"),
        ({"budget_mru": "0"}, "/budget_mru", "budget_not_positive"),
        ({"vertical": None, "horizontal": None}, "/horizontal", "plan_without_part"),
        ({"horizontal": {"amount": {}}}, "/horizontal/amount", "amount_unclear"),
        ({"horizontal": {"amount": {"amount_mru": "-5"}}}, "/horizontal/amount", "amount_unclear"),
        (
            {"horizontal": {"amount": {"amount_mru": "5", "aligned_with": "TEKAVOUL"}}},
            "/horizontal/amount",
            "amount_unclear",
        ),
        ({"program": "TEKAVOUL"}, "/program", "plan_program_unknown"),
        ({"program": "NO_SUCH"}, "/program", "plan_program_unknown"),
        ({"excluding": [{"program": "TEMWINE"}]}, "/excluding", "plan_program_unknown"),
        ({"vertical": {"programs": [{"program": "NO_SUCH"}], **amount}}, "/vertical/programs", "plan_program_unknown"),
        ({"excluding": [{"program": "TEKAVOUL"}]}, "/excluding", "program_on_both_sides"),
        ({"trigger_ids": [str(new_id())]}, "/trigger_ids", "area_without_trigger"),
        ({"communes": ["MR032-C01"]}, "/communes", "area_without_trigger"),
        ({"first_month": "2026-05-01"}, "/months", "months_outside_period"),
        ({"months": 5}, "/months", "months_outside_period"),
        ({"first_month": "2026-06-02"}, "/first_month", "invalid_request"),
        ({"months": 0}, "/months", "invalid_request"),
        ({"something": "else"}, "/something", "invalid_request"),
    ):
        answer = await csa.post("/v1/responses", json=design(trigger_id, **changed))
        assert (answer.json().get("pointer"), answer.json()["code"]) == (pointer, code), changed
    assert await items(csa, "/v1/responses") == []

    analysis = (await items(csa, "/v1/analyses"))[0]["id"]
    said = {"analysis_id": analysis, "area_code": "MR032", "phase": 3, "reason": "Crue", "official": "csa-1"}
    empty = (await csa.post("/v1/triggers", json=said)).json()["id"]
    nobody = await csa.post("/v1/responses", json=design(empty))
    assert refused(nobody) == (409, "area_without_households")


async def test_a_draft_is_changed_and_planned_anew_and_nothing_is_changed_once_it_is_proposed(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    trigger_id = await a_trigger(csa)
    found = await drafted(csa, trigger_id)
    path, seen = f"/v1/responses/{found['id']}", {"If-Match": f'"{found["version"]}"'}
    paid = {"excluding": [{"program": "TEKAVOUL", "how": "paid_this_quarter"}], "vertical": None}
    changed = await csa.put(path, json=design(trigger_id, **paid, budget_mru=None, official="csa-3"), headers=seen)
    assert (changed.status_code, changed.json()["planning"], changed.json()["figures"]) == (200, "waiting", None)
    assert (await csa.put(path, json=design(trigger_id), headers=seen)).status_code == 412
    again = await ready(csa, found["id"])
    assert (again["authors"], again["lot"]) == (["csa-1", "csa-3"], None), "the lot is told with the list"
    [exclusion] = again["figures"]["exclusions"]
    assert (exclusion["program"], exclusion["how"], exclusion["households"]) == ("TEKAVOUL", "paid", 6)
    assert (again["figures"]["households"], again["figures"]["stopped_by"], again["figures"]["remainder_mru"]) == (
        6, None, None,
    )  # fmt: skip

    nobody = {"horizontal": None, "vertical": {"programs": [{"program": "TEKAVOUL"}], "amount": {"amount_mru": "500"}}}
    few = design(trigger_id, **nobody, budget_mru="100")
    await csa.put(path, json=few, headers={"If-Match": f'"{again["version"]}"'})
    reached = await ready(csa, found["id"])
    assert refused(await step(csa, reached, "propose", official="csa-1")) == (409, "response_reaches_nobody")
    unknown = design(trigger_id, horizontal={"amount": {"aligned_with": "EL_MAOUNA"}})
    await csa.put(path, json=unknown, headers={"If-Match": f'"{reached["version"]}"'})
    failed = await ready(csa, found["id"])
    assert (failed["planning"], failed["failure"]["code"]) == ("failed", "aligned_value_unknown")
    assert "EL_MAOUNA" in failed["failure"]["ar"]
    assert refused(await step(csa, failed, "propose", official="csa-1")) == (409, "response_not_planned")
    assert (await csa.get(f"{path}/plan.pdf")).status_code == (await csa.get(f"{path}/after-action")).status_code == 404

    aligned = design(trigger_id, horizontal={"amount": {"aligned_with": "TEKAVOUL"}}, budget_mru=None)
    await csa.put(path, json=aligned, headers={"If-Match": f'"{failed["version"]}"'})
    good = await ready(csa, found["id"])
    assert good["figures"]["spent_mru"] == f"{(6 * 1_200 + 6 * 500) * 4}.00"
    proposed = await stepped(csa, good, "propose", official="csa-1")
    late = await csa.put(path, json=aligned, headers={"If-Match": f'"{proposed["version"]}"'})
    assert refused(late) == (409, "response_not_draft")
    assert refused(await step(csa, proposed, "sharings", **SHARED)) == (409, "list_not_there")
    assert refused(await step(csa, proposed, "list", **SHARED)) == (409, "response_step_refused")
    rejected = await stepped(csa, proposed, "reject", official="csa-8", reason="Budget non disponible")
    assert (rejected["status"], rejected["reason"]) == ("rejected", "Budget non disponible")
    assert refused(await step(csa, rejected, "approve", official="csa-8")) == (409, "response_step_refused")


async def test_a_sharing_ends_within_a_year_and_a_withdrawn_response_has_none(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    found = await drafted(csa, await a_trigger(csa))
    proposed = await stepped(csa, found, "propose", official="csa-1")
    approved = await stepped(csa, proposed, "approve", official="csa-2")
    for ends in (
        (now() - timedelta(days=1)).isoformat(),
        (now() + timedelta(days=400)).isoformat(),
        "2026-12-24T00:00:00",
    ):
        answer = await step(csa, approved, "list", **SHARED | {"ends_at": ends})
        assert refused(answer) == (422, "sharing_end_refused"), ends
    withdrawn = await stepped(csa, approved, "withdraw", official="csa-1", reason="Pluies revenues")
    assert refused(await step(csa, withdrawn, "list", **SHARED)) == (409, "response_step_refused")
    missing = await step(csa, found | {"id": str(new_id())}, "propose", official="csa-1")
    assert refused(missing) == (404, "not_found")
    for path in ("", "/after-action", "/sharings"):
        assert (await csa.get(f"/v1/responses/{new_id()}{path}")).status_code == 404
    for name, said in (("approve", {"official": "csa-1"}), ("sharings", SHARED)):
        assert refused(await step(csa, found | {"id": str(new_id())}, name, **said)) == (404, "not_found")


async def test_the_database_refuses_an_author_who_approves_and_a_plan_kept_twice(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    found = await drafted(csa, await a_trigger(csa))
    database = matching.platform.database
    with pytest.raises(IntegrityError, match="second_person"):
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE responses SET approved_official = 'csa-1'"))
    async with database.transaction() as tx:
        response = await tx.get_one(Response, found["id"])
        country = await read_country(tx, now().date())
        computed = plan(country, computing.wanted_of(response.design, ["MR011"], country.day), lambda _: 0)
        await computing.keep(tx, response.id, response.version, computed)  # another process was first
        await computing.keep(tx, response.id, response.version - 1, computed)
        assert await tx.scalar(select(func.count()).select_from(ResponseHousehold)) == 9
        assert response.version == found["version"]
        numbers = dict((await tx.execute(select(ResponseHousehold.position, ResponseHousehold.household_id))).all())
    assert numbers[1] == id_of(f"household {POOREST}")


async def test_each_route_asks_for_its_permission(matching: Running) -> None:
    asked: Mapping[str, tuple[str, str]] = {
        "responses:read": ("GET", "/v1/responses"),
        "responses:write": ("POST", "/v1/responses"),
        "responses:approve": ("POST", f"/v1/responses/{new_id()}/approve"),
    }
    for permission, (method, path) in asked.items():
        async with matching.client(permissions=ALL_PERMISSIONS - {permission}) as client:
            answer = await client.request(method, path, json={"official": "csa-1"})
            assert refused(answer) == (403, "not_permitted"), permission
