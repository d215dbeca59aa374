"""Cycles: who gets what in a period, what a person decides of it, and what is refused."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from benefits_cases import ENGLISH, decide, enrolled, entitlements, issue, issued, ledger, reconciled
from sqlalchemy import select, update

from registry_cases import Family, apply, member, the_household
from registry_cases import send as send_families
from running import Running, Services, until
from services.programs.commands.issuing import issuing_worker
from services.programs.models import Attendance, Cycle, Enrollment, Entitlement, LedgerEntry
from services.programs.rules.explaining import why_nothing
from shared.outbox import OutboxRow

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]

PROGRAMS = frozenset({"TEKAVOUL", "TEMWINE", "HEALTH_INSURANCE", "TEKAVOUL_SEASONAL"})
TEKAVOUL = "TEKAVOUL"
EL_MAOUNA = frozenset({"EL_MAOUNA"})
QUARTER = "2027-01-01"
"""After the day on which lists are applied in these tests."""


async def set_enrollment(running: Running, name: str, **values: Any) -> None:
    async with running.platform.database.transaction() as tx:
        await tx.execute(update(Enrollment).where(Enrollment.name == name).values(**values))


async def test_a_cycle_gives_each_enrollment_its_due(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        await send(client, TEKAVOUL, csv_file(*enrolled(1, 2, 3, 4, 5, 6)))
        await set_enrollment(programs, "Mint Ahmed 2", status="suspended")
        await set_enrollment(programs, "Mint Ahmed 3", status="exited", exited_on=date(2026, 12, 1))
        await set_enrollment(programs, "Mint Ahmed 4", enrolled_on=date(2027, 4, 1))
        await set_enrollment(programs, "Mint Ahmed 5", held_reason="deceased", held_on=date(2026, 12, 1))
        async with programs.platform.database.transaction() as tx:
            missed = await tx.scalar(select(Enrollment.id).where(Enrollment.name == "Mint Ahmed 6"))
            tx.add(Attendance(enrollment_id=missed, session_on=date(2027, 2, 1), present=False))

        cycle = await issue(client, TEKAVOUL, QUARTER)

        assert (cycle["status"], cycle["due"], cycle["held"], cycle["skipped"]) == ("issued", 1, 2, 1)
        assert (cycle["amount_mru"], cycle["percent"], cycle["to_issue"]) == ("3600.00", 100, 3)
        assert (cycle["starts_on"], cycle["ends_on"], cycle["late_after"]) == ("2027-01-01", "2027-03-31", "2027-04-30")
        found = await entitlements(client, cycle["id"])
        assert [(one["status"], one["hold_reason"], one["amount_mru"]) for one in found] == [
            ("due", None, "3600.00"),
            ("held", "deceased", "3600.00"),
            ("held", "conditions_not_met", "3600.00"),
        ]
        # Only what is due is in the ledger.
        assert [
            (one["kind"], one["amount_mru"], one["balance_mru"]) for one in await ledger(client, cycle_id=cycle["id"])
        ] == [("entitled", "3600.00", "3600.00")]
        async with programs.platform.database.transaction() as tx:
            event = await tx.scalar(select(OutboxRow).where(OutboxRow.type == "programs.entitlements.issued.v1"))
        assert event is not None
        assert event.data["program"] == TEKAVOUL and (event.data["due"], event.data["held"]) == (1, 2)


async def test_a_cycle_of_which_nothing_falls_due_says_why(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        early = await issue(client, TEKAVOUL, QUARTER)
        assert (early["status"], early["due"], early["amount_mru"]) == ("issued", 0, "0.00")
        told = (await client.get(f"/v1/cycles/{early['id']}", headers=ENGLISH)).json()
        assert told["nothing_due_code"] == "nobody_enrolled"
        assert told["nothing_due"].startswith("nobody was enrolled in the program by the end of the period")
        sums = (await client.get(f"/v1/cycles/{early['id']}/reconciliation")).json()
        assert [sums[f"{name}_mru"] for name in ("due", "delivered", "outstanding")] == ["0.00"] * 3

        await send(client, TEKAVOUL, csv_file(*enrolled(1)))
        cancelled = await client.post(f"/v1/cycles/{early['id']}/cancel", headers={"If-Match": f'"{told["version"]}"'})
        assert (cancelled.status_code, cancelled.json()["nothing_due_code"]) == (200, None), "it was taken back"
        await set_enrollment(programs, "Mint Ahmed 1", status="suspended")
        assert (await issue(client, TEKAVOUL, QUARTER))["nothing_due_code"] == "all_skipped"


@pytest.mark.parametrize(
    ("due", "held", "skipped", "wanted"),
    [(1, 0, 0, None), (0, 2, 1, "all_held"), (0, 0, 1, "all_skipped"), (0, 0, 0, "nobody_enrolled")],
)
def test_a_rule_says_why_nothing_fell_due(due: int, held: int, skipped: int, wanted: str | None) -> None:
    assert why_nothing(due, held, skipped) == wanted


async def test_an_entitlement_explains_itself_in_the_language_asked_for(
    start: Start, send: Send, csv_file: Csv
) -> None:
    programs = await start("csa")
    async with programs.client("csa", programs=EL_MAOUNA) as client:
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size=6)))
        cycle = await issue(client, "EL_MAOUNA", "2027-06-01")
        found = (await entitlements(client, cycle["id"]))[0]

        # No registry link yet: the list's six people, 6 x 450.
        assert found["amount_mru"] == "2700.00"
        assert (found["people"], found["people_source"]) == (6, "list")
        assert found["explanation"] == [
            "value in force since 2021-01-01: 450.00 MRU per person and payment (which covers 1 month(s))",
            "source of the value (published): public sources: 450 MRU a person and month, four lean-season months",
            "period from 2027-06-01 to 2027-06-30",
            "6 people in the household by the program's list, because the social registry does not tell for 2027-06-01",
            "6 × 450.00 = 2700.00 MRU",
        ]
        french = await client.get(f"/v1/entitlements/{found['id']}", headers={"Accept-Language": "fr"})
        arabic = await client.get(f"/v1/entitlements/{found['id']}", headers={"Accept-Language": "ar"})
        assert french.json()["explanation"][2] == "période du 2027-06-01 au 2027-06-30"
        assert arabic.json()["explanation"][2] == "الفترة من 2027-06-01 إلى 2027-06-30"
        assert french.headers["ETag"] == '"1"'


async def test_a_cycle_is_refused_where_it_cannot_be(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:

        async def refused(**body: Any) -> tuple[int, str, str]:
            answer = await client.post("/v1/cycles", json=body, headers=ENGLISH)
            return answer.status_code, answer.json()["code"], answer.json()["title"]

        await issue(client, TEKAVOUL, QUARTER)
        assert await refused(program=TEKAVOUL, starts_on="2027-02-01") == (
            422,
            "not_a_period",
            "No period of this program begins on 2027-02-01."
            " Accepted: the first day of a period, such as 2027-01-01, 2027-04-01.",
        )
        assert (await refused(program=TEKAVOUL, starts_on=QUARTER))[:2] == (409, "cycle_already_issued")
        assert (await refused(program="EL_MAOUNA", starts_on="2027-06-01"))[:2] == (404, "not_found")
        assert (await refused(program=TEKAVOUL, starts_on="1990-01-01"))[:2] == (422, "not_a_period")
        assert (await client.get("/v1/ledger", headers=ENGLISH)).json()["code"] == "ledger_of_whom"

    async with programs.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as other:
        cycle_id = (await _cycles(programs))[0]
        for path in ("", "/entitlements", "/reconciliation"):
            assert (await other.get(f"/v1/cycles/{cycle_id}{path}")).status_code == 404
        assert (await other.get("/v1/ledger", params={"cycle_id": str(cycle_id)})).status_code == 404
        assert (await other.post("/v1/cycles", json={"program": TEKAVOUL, "starts_on": QUARTER})).status_code == 404
        assert (await decide(other, f"/v1/cycles/{cycle_id}/cancel", 2)).status_code == 404


async def _cycles(programs: Running) -> list[Any]:
    async with programs.platform.database.transaction() as tx:
        return list(await tx.scalars(select(Cycle.id)))


async def test_periods_are_shown_with_their_hijri_days_and_cycles(start: Start) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        cycle = await issue(client, TEKAVOUL, QUARTER)
        asked = {"from": "2027-01-01", "to": "2027-12-31", "limit": 3}
        first = (await client.get(f"/v1/programs/{TEKAVOUL}/periods", params=asked)).json()
        rest = (
            await client.get(f"/v1/programs/{TEKAVOUL}/periods", params=asked | {"cursor": first["next_cursor"]})
        ).json()

        shown = [*first["items"], *rest["items"]]
        assert [one["starts_on"] for one in shown] == ["2027-01-01", "2027-04-01", "2027-07-01", "2027-10-01"]
        assert (len(first["items"]), rest["next_cursor"]) == (3, None)
        # 1 January 2027 is 23 Rajab 1448 by the Umm al-Qura calendar.
        assert (shown[0]["starts_on_hijri"], shown[0]["cycle_id"], shown[1]["cycle_id"]) == (
            "1448-07-23",
            cycle["id"],
            None,
        )
        assert (await client.get("/v1/programs/NO_SUCH/periods")).status_code == 404


async def test_of_two_callers_at_once_one_issues_the_cycle(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        await send(client, TEKAVOUL, csv_file(*enrolled(1)))
        answers = await asyncio.gather(
            *(client.post("/v1/cycles", json={"program": TEKAVOUL, "starts_on": QUARTER}) for _ in range(4))
        )

        assert sorted(one.status_code for one in answers) == [202, 409, 409, 409]
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {"cycle_already_issued"}
        cycle_id = next(one.json()["id"] for one in answers if one.status_code == 202)
        assert (await issued(client, cycle_id))["due"] == 1


async def test_one_request_sent_twice_begins_one_cycle(start: Start) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        body = {"program": TEKAVOUL, "starts_on": QUARTER}
        first, second = [
            await client.post("/v1/cycles", json=body, headers={"Idempotency-Key": "quarter-2027-1"}) for _ in range(2)
        ]

        assert first.status_code == second.status_code == 202
        assert first.content == second.content


async def test_a_cycle_cancelled_gives_everything_back_and_makes_way(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        await send(client, TEKAVOUL, csv_file(*enrolled(1, 2, 3)))
        cycle = await issue(client, TEKAVOUL, QUARTER)

        assert (await decide(client, f"/v1/cycles/{cycle['id']}/cancel", 1)).status_code == 412
        cancelled = await decide(client, f"/v1/cycles/{cycle['id']}/cancel", cycle["version"])

        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        entries = await ledger(client, cycle_id=cycle["id"])
        assert [one["kind"] for one in entries] == ["entitled"] * 3 + ["cancelled"] * 3
        assert entries[-1]["balance_mru"] == "0.00"
        assert {one["state"] for one in await entitlements(client, cycle["id"])} == {"cancelled"}
        again = await decide(client, f"/v1/cycles/{cycle['id']}/cancel", cancelled.json()["version"])
        assert (again.status_code, again.json()["code"]) == (409, "cycle_not_open")
        assert (await issue(client, TEKAVOUL, QUARTER))["due"] == 3


async def test_what_nobody_reported_is_missing_once_the_cycle_is_closed(
    start: Start, send: Send, csv_file: Csv
) -> None:
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        await send(client, TEKAVOUL, csv_file(*enrolled(1, 2)))
        cycle = await issue(client, TEKAVOUL, QUARTER)
        assert (await reconciled(client, cycle["id"]))["entitlements"] == {"due": 2}

        closed = await decide(client, f"/v1/cycles/{cycle['id']}/close", cycle["version"])

        assert closed.json()["status"] == "closed"
        assert (await reconciled(client, cycle["id"]))["entitlements"] == {"missing": 2}
        assert len(await entitlements(client, cycle["id"], state="missing")) == 2
        assert await entitlements(client, cycle["id"], state="delivered") == []
        again = await decide(client, f"/v1/cycles/{cycle['id']}/close", closed.json()["version"])
        assert (again.status_code, again.json()["code"]) == (409, "cycle_not_open")


async def test_a_person_holds_and_releases(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("csa")
    async with programs.client("csa", programs=EL_MAOUNA) as client:
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size="")))
        cycle = await issue(client, "EL_MAOUNA", "2027-06-01")
        unknown = (await entitlements(client, cycle["id"]))[0]
        path = f"/v1/entitlements/{unknown['id']}"
        assert (unknown["state"], unknown["hold_reason"], unknown["amount_mru"]) == ("held", "size_unknown", None)

        without = await decide(client, f"{path}/release", 1, {"reason": "asked the agent"})
        assert (without.status_code, without.json()["code"]) == (422, "size_needed")
        released = await decide(client, f"{path}/release", 1, {"reason": "asked the agent", "people": 4})
        # 4 x 450
        assert (released.json()["status"], released.json()["amount_mru"]) == ("due", "1800.00")
        assert "4 people in the household, given by the officer who released" in " ".join(
            released.json()["explanation"]
        )
        twice = await decide(client, f"{path}/release", 2, {"reason": "asked the agent"})
        assert (twice.status_code, twice.json()["code"]) == (409, "entitlement_not_held")

        held = await decide(client, f"{path}/hold", 2, {"hold_reason": "under_review", "reason": "a doubt"})
        assert (held.json()["status"], held.json()["hold_reason"], held.json()["version"]) == (
            "held",
            "under_review",
            3,
        )
        again = await decide(client, f"{path}/hold", 3, {"hold_reason": "under_review", "reason": "a doubt"})
        assert (again.status_code, again.json()["code"]) == (409, "entitlement_not_due")
        state = (await client.get(f"/v1/cycles/{cycle['id']}")).json()
        assert (state["due"], state["held"], state["amount_mru"]) == (0, 1, "0.00")
        assert [one["amount_mru"] for one in await ledger(client, cycle_id=cycle["id"])] == ["1800.00", "-1800.00"]


async def test_the_registry_tells_the_size_of_that_day(
    services: Services, start: Start, send: Send, csv_file: Csv
) -> None:
    """Four people until the child Aïcha dies on 1 July 2026; the list, older, says nine."""
    registry, programs = await services.start("registry"), await start("csa")
    async with registry.client("taazour") as operator, programs.client("csa", programs=EL_MAOUNA) as client:
        await send_families(operator, Family(surveyed_on="2026-03-04"))
        family = await the_household(operator)
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size=9)))
        linked = {"registry_household_id": family["id"], "link_status": "linked", "enrolled_on": date(2026, 6, 1)}
        await set_enrollment(programs, "Mint Ahmed 1", **linked)
        aicha = member(family, "1000000004")["individual_id"]
        await apply(operator, {"kind": "death", "individual_id": aicha, "died_on": "2026-07-01"})

        june = await issue(client, "EL_MAOUNA", "2026-06-01")
        july = await issue(client, "EL_MAOUNA", "2026-07-01")
        early = await issue(client, "EL_MAOUNA", "2026-08-01", sizes_on="2026-06-30")

        # 4 x 450 in June; 3 x 450 from the day of her death on; August by June's size: 4 x 450.
        assert [one["amount_mru"] for one in (june, july, early)] == ["1800.00", "1350.00", "1800.00"]
        found = (await entitlements(client, july["id"]))[0]
        assert (found["people"], found["people_source"]) == (3, "registry")


async def test_while_the_registry_is_away_the_cycle_says_so_and_goes_on_later(
    services: Services, start: Start, send: Send, csv_file: Csv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.http.TIMEOUT", 1)  # seconds, of 20: nobody answers where the registry will be
    programs = await start("csa")
    async with programs.client("csa", programs=EL_MAOUNA) as client:
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size=6)))
        await set_enrollment(
            programs,
            "Mint Ahmed 1",
            registry_household_id="01890000-0000-7000-8000-000000000001",
            link_status="linked",
        )
        begun = await client.post("/v1/cycles", json={"program": "EL_MAOUNA", "starts_on": "2027-06-01"})
        path = f"/v1/cycles/{begun.json()['id']}"

        async def waits() -> bool:
            return (await client.get(path, headers=ENGLISH)).json()["waiting_code"] == "registry_unavailable"

        await until(waits, what="the cycle to say that the registry is away")
        await services.start("registry")

        # The registry does not know the household: the list's size counts.
        assert (await issued(client, begun.json()["id"]))["amount_mru"] == "2700.00"


async def test_workers_that_die_in_the_middle_issue_each_once(start: Start, send: Send, csv_file: Csv) -> None:
    """Chunks of two, by workers beside one another that are killed at any moment."""
    programs = await start("taazour")
    async with programs.client("taazour", programs=PROGRAMS) as client:
        await send(client, TEKAVOUL, csv_file(*enrolled(*range(1, 41))))
        begun = await client.post("/v1/cycles", json={"program": TEKAVOUL, "starts_on": QUARTER})
        for milliseconds in (1, 3, 5, 8, 12, 20):
            workers = [
                asyncio.create_task(issuing_worker("taazour", chunk=2)(programs.platform))  # type: ignore[arg-type]
                for _ in range(2)
            ]
            await asyncio.sleep(milliseconds / 1000)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

        cycle = await issued(client, begun.json()["id"])

        # 40 x 3,600
        assert (cycle["due"], cycle["amount_mru"]) == (40, "144000.00")
        async with programs.platform.database.transaction() as tx:
            got = list(await tx.scalars(select(Entitlement.enrollment_id)))
            written = list(await tx.scalars(select(LedgerEntry.amount_mru)))
            told = list(
                await tx.scalars(select(OutboxRow.data).where(OutboxRow.type == "programs.entitlements.issued.v1"))
            )
        assert len(got) == len(set(got)) == 40
        assert written == [Decimal(3600)] * 40
        assert [one["due"] for one in told] == [40]
