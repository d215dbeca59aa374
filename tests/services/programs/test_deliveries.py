"""Delivery reports beside what was due: every finding and refusal, corrections, and the same report again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from benefits_cases import (
    ENGLISH,
    counts,
    decide,
    enrolled,
    enrolled_since,
    entitlements,
    household,
    issue,
    ledger,
    problems,
    reconciled,
)
from sqlalchemy import select, update

from running import Running, until
from services.programs.models import Enrollment
from shared.outbox import OutboxRow

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
HEADER = ["N° Ménage", "Montant", "Statut", "Date de paiement", "Référence"]
QUARTER = "2026-07-01"
DELIVERIES = "TEKAVOUL.deliveries"
PROGRAMS = frozenset({"TEKAVOUL", "TEKAVOUL_SEASONAL", "HEALTH_INSURANCE"})


@pytest.fixture
async def programs(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(programs: Running, send: Send, csv_file: Csv) -> AsyncIterator[httpx.AsyncClient]:
    """Taazour with twenty households in Tekavoul since 2025."""
    async with programs.client("taazour", programs=PROGRAMS) as made:
        await send(made, "TEKAVOUL", csv_file(*enrolled(*range(1, 21))))
        await enrolled_since(programs, date(2025, 1, 1))
        yield made


async def test_what_happened_is_recorded_with_its_finding(
    programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    async with programs.platform.database.transaction() as tx:
        for number, values in (
            (2, {"held_reason": "deceased", "held_on": date(2026, 6, 1)}),
            (3, {"status": "suspended"}),
        ):
            await tx.execute(
                update(Enrollment).where(Enrollment.household_number == household(number)).values(**values)
            )
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    async with programs.platform.database.transaction() as tx:
        for number, values in (
            (4, {"status": "exited", "exited_on": date(2026, 7, 10)}),
            (5, {"enrolled_on": date(2026, 7, 20)}),
        ):
            await tx.execute(
                update(Enrollment).where(Enrollment.household_number == household(number)).values(**values)
            )
    rows = [
        [household(1), 3600, "Payé", "15/07/2026", "A-1"],
        [household(1), 3600, "Payé", "16/07/2026", "A-2"],  # a second time
        [household(2), 3600, "Payé", "15/07/2026", "A-3"],  # held: a death is to be decided
        [household(3), 3600, "Payé", "15/07/2026", "A-4"],  # suspended: nothing is due
        [household(4), 3600, "Payé", "15/07/2026", "A-5"],  # left on the 10th
        [household(5), 3600, "Payé", "15/07/2026", "A-6"],  # enrolled on the 20th
        [household(6), 3600, "Payé", "31/10/2026", "A-7"],  # the quarter ends on 30 September, plus 30 days: the 30th
        [household(7), 4000, "Payé", "15/07/2026", "A-8"],
        [household(8), 3000, "Payé", "15/07/2026", "A-9"],
        [household(9), 3000, "Partiel", "15/07/2026", "A-10"],
        [household(10), "", "Rejeté", "15/07/2026", "A-11"],
    ]
    state = await send(client, DELIVERIES, csv_file(HEADER, *rows))

    assert counts(state) == ("completed", 11, 0, 0)
    assert problems(state) == [
        (3, "amount", "warning", "double"),
        (4, "amount", "warning", "held"),
        (5, "amount", "warning", "not_due"),
        (6, "delivered_on", "warning", "after_exit"),
        (7, "delivered_on", "warning", "before_enrollment"),
        (8, "delivered_on", "warning", "late"),
        (9, "amount", "warning", "over_ceiling"),
        (10, "amount", "warning", "less_than_due"),
    ]
    found = await reconciled(client, cycle["id"])
    # Due to 18 of 20: one is held, one suspended. 18 x 3,600 = 64,800.
    # Handed over: 6 x 3,600 (A-1, A-2, A-3, A-5, A-6, A-7) + 4,000 + 3,000 + 3,000 = 31,600; A-4 is in no cycle.
    assert (found["due_mru"], found["delivered_mru"]) == ("64800.00", "31600.00")
    assert found["entitlements"] == {
        "over": 2, "held": 1, "delivered": 3, "partly": 2, "rejected": 1, "due": 10
    }  # fmt: skip
    assert found["deliveries"] == 10
    assert found["findings"] == {
        "after_exit": 1, "before_enrollment": 1, "double": 1, "held": 1, "late": 1, "less_than_due": 1, "over_ceiling": 1
    }  # fmt: skip
    late = (await client.get("/v1/deliveries", params={"finding": "late"})).json()["items"]
    assert [(one["reference"], one["amount_mru"], one["findings"]) for one in late] == [("A-7", "3600.00", ["late"])]
    async with programs.platform.database.transaction() as tx:
        told = await tx.scalar(select(OutboxRow).where(OutboxRow.type == "programs.deliveries.recorded.v1"))
    assert told is not None and (told.data["recorded"], told.data["with_findings"]) == (11, 8)
    batch = (await client.get("/v1/deliveries", params={"batch_id": told.data["batch_id"]})).json()["items"]
    assert len(batch) == 11

    # A person released, closed: what nobody reported is missing, what was paid is not.
    held = (await entitlements(client, cycle["id"], state="held"))[0]
    await decide(client, f"/v1/entitlements/{held['id']}/release", held["version"], {"reason": "the widow succeeds"})
    closed = await decide(client, f"/v1/cycles/{cycle['id']}/close", cycle["version"])
    assert closed.status_code == 200
    states = (await reconciled(client, cycle["id"]))["entitlements"]
    assert (states["missing"], states["delivered"]) == (10, 4)


async def test_what_cannot_be_true_is_kept_out_row_by_row(client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    await issue(client, "TEKAVOUL", QUARTER)
    await send(client, "TEKAVOUL_SEASONAL", csv_file(*enrolled(90)))
    header = [*HEADER, "Programme"]
    rows = [
        [household(1), 3600, "Payé", "15/07/2026", "B-1", "Tekavoul"],
        [household(2), -3600, "Payé", "15/07/2026", "B-2", ""],
        [household(3), "3600,125", "Payé", "15/07/2026", "B-3", "تكافل"],
        [household(4), "beaucoup", "Payé", "15/07/2026", "B-4", ""],
        [household(5), 3600, "Payé", "15/07/2027", "B-5", ""],
        [household(6), 3600, "Payé", "", "B-6", ""],
        [household(7), 3600, "on verra", "15/07/2026", "B-7", ""],
        [household(77), 3600, "Payé", "15/07/2026", "B-8", ""],
        [household(90), 3600, "Payé", "15/07/2026", "B-9", ""],
        ["", 3600, "Payé", "15/07/2026", "B-10", ""],
        [household(8), 36000, "Payé", "15/07/2026", "B-11", ""],
        [household(9), 3600, "Payé", "15/07/2026", "B-12", "El Maouna"],
        [household(10), "", "Payé", "15/07/2026", "B-13", ""],
        [household(11), 3600, "Payé", "15/07/2026", "B-1", ""],
    ]
    rows += [[household(number), 3600, "Payé", "15/07/2026", f"C-{number}", ""] for number in range(11, 21)]
    state = await send(client, DELIVERIES, csv_file(header, *rows))

    assert counts(state) == ("completed", 11, 0, 13)
    assert problems(state) == [
        (3, "amount", "error", "amount_negative"),
        (4, "amount", "error", "amount_too_fine"),
        (5, "amount", "error", "amount_unreadable"),
        (6, "delivered_on", "error", "date_in_future"),
        (7, "delivered_on", "error", "value_missing"),
        (8, "outcome", "error", "choice_unreadable"),
        (9, "household_number", "error", "unknown_beneficiary"),
        (10, "household_number", "error", "other_program_beneficiary"),
        (11, "household_number", "error", "nobody_named"),
        (12, "amount", "error", "wrong_unit"),
        (13, "program", "error", "another_program"),
        (14, "amount", "error", "nothing_delivered"),
        (15, "reference", "error", "reference_reused"),
    ]


async def test_a_phone_names_a_beneficiary_only_where_it_is_nobody_elses(
    programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    phones = {1: ["22000001"], 2: ["22000002", "33000002"], 3: ["22000009"], 4: ["22000009"], 5: ["22000005"]}
    async with programs.platform.database.transaction() as tx:
        for number, own in phones.items():
            theirs = update(Enrollment).where(Enrollment.household_number == household(number))
            await tx.execute(theirs.values(phones=[f"+222{one}" for one in own]))
    elsewhere = [["N° Ménage", "Nom et prénom", "Téléphone"], [household(1), "Mint Ahmed 1", "22000001"]]
    await send(client, "TEKAVOUL_SEASONAL", csv_file(*elsewhere, [household(90), "Sidi", "22000005"]))
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    header = ["Téléphone", "N° Ménage", "Montant", "Date de paiement", "Référence"]
    rows = [
        ["22 00 00 01", "", 3600, "15/07/2026", "P-1"],  # of one household, in two programs
        ["00222 33000002", "", 3600, "15/07/2026", "P-2"],  # the second of two
        ["22000009", "", 3600, "15/07/2026", "P-3"],  # of two households
        ["22000005", "", 3600, "15/07/2026", "P-4"],  # another household's, too, in another program
        ["22000009", household(4), 3600, "15/07/2026", "P-5"],  # the number says whose
        ["22000001", household(77), 3600, "15/07/2026", "P-6"],  # a wrong number is not made good by a phone
        ["22777777", "", 3600, "15/07/2026", "P-7"],
        ["22000001 / 22000002", "", 3600, "15/07/2026", "P-8"],
        ["123", "", 3600, "15/07/2026", "P-9"],
    ]
    rows += [["", household(number), 3600, "15/07/2026", f"Q-{number}"] for number in range(11, 19)]
    state = await send(client, DELIVERIES, csv_file(header, *rows))

    assert counts(state) == ("completed", 11, 0, 6)
    assert problems(state) == [
        (4, "phone", "error", "phone_shared"),
        (5, "phone", "error", "phone_shared"),
        (7, "household_number", "error", "unknown_beneficiary"),
        (8, "household_number", "error", "unknown_beneficiary"),
        (9, "phone", "error", "phone_shared"),
        (10, "phone", "warning", "phone_unreadable"),
        (10, "household_number", "error", "nobody_named"),
    ]
    states = (await reconciled(client, cycle["id"]))["entitlements"]
    assert (states["delivered"], states["due"]) == (11, 9)

    async def push(phone: str, reference: str) -> list[tuple[str, list[str]]]:
        one = {"phone": phone, "reference": reference, "delivered_on": "2026-07-16", "amount_mru": "3600"}
        answer = await client.post("/v1/deliveries", json={"program": "TEKAVOUL", "deliveries": [one]})
        assert answer.status_code == 200, answer.text
        return [(each["status"], [said["code"] for said in each["findings"]]) for each in answer.json()["results"]]

    assert await push("+222 22 00 00 02", "P-10") == [("recorded", ["double"])]
    assert await push("22000009", "P-11") == [("rejected", ["phone_shared"])]


async def test_a_partner_is_not_told_that_somebody_is_in_another_program(
    programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    async with programs.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as cnam:
        report = csv_file(HEADER, [household(1), 175, "Payé", "15/07/2026", "P-1"])
        state = await send(cnam, "HEALTH_INSURANCE.deliveries", report)

        assert problems(state) == [(2, "household_number", "error", "unknown_beneficiary")]
        sent = await cnam.post("/v1/imports", params={"kind": DELIVERIES, "filename": "a.csv"}, content=report)
        assert (sent.status_code, sent.json()["code"]) == (403, "not_permitted")
        unknown = await cnam.post(
            "/v1/imports", params={"kind": "EL_MAOUNA.deliveries", "filename": "a.csv"}, content=report
        )
        assert unknown.status_code == 404


async def test_a_file_of_another_program_is_refused_whole(client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    rows = [[household(number), 3600, "Payé", "15/07/2026", f"W-{number}"] for number in range(15, 40)]
    state = await send(client, DELIVERIES, csv_file(HEADER, *rows))

    # 6 of the 25 lines are Tekavoul's own.
    assert (state["status"], state["failure_code"]) == ("failed", "file_for_another_program")
    assert state["failure"].startswith("19 of the first 25 lines name nobody enrolled in TEKAVOUL; nothing of the file")
    assert (await reconciled(client, cycle["id"]))["deliveries"] == 0


async def test_a_report_in_old_ouguiya_is_read_as_declared(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    """Story 6: declared as MRU, old amounts are warned about and kept out; declared as MRO, the same file is right."""
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    rows = [[household(number), "36 000", "Payé", "15/07/2026", f"O-{number}"] for number in range(1, 21)]
    file = csv_file(HEADER, *rows)

    wrong = await send(client, DELIVERIES, file)
    assert counts(wrong) == ("completed", 0, 0, 20)
    assert {one["code"] for one in wrong["issues"]} == {"wrong_unit"}
    assert wrong["issues"][0]["reason"].startswith(
        "the amount is ten times what is due, or a tenth of it (3600.00 MRU); the declared unit is MRU."
    )
    right = await send(client, DELIVERIES, file, currency="MRO")
    assert (counts(right), right["issues"]) == (("completed", 20, 0, 0), [])
    assert (await reconciled(client, cycle["id"]))["outstanding_mru"] == "0.00"


async def test_the_same_report_again_changes_nothing(client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    without_reference = [row[:4] for row in ([household(n), 3600, "Payé", "15/07/2026", ""] for n in (1, 2))]
    with_reference = [[household(n), 3600, "Payé", "15/07/2026", f"D-{n}"] for n in (3, 4)]
    await send(client, DELIVERIES, csv_file(HEADER[:4], *without_reference))
    await send(client, DELIVERIES, csv_file(HEADER, *with_reference))
    before = await ledger(client, cycle_id=cycle["id"])

    same = await send(client, DELIVERIES, csv_file(HEADER, *with_reference))
    cumulative = await send(
        client, DELIVERIES, csv_file(HEADER[:4], *without_reference, [household(5), 3600, "Payé", "20/07/2026"])
    )
    renamed = await send(client, DELIVERIES, csv_file(["Rapport"], HEADER, *with_reference))

    assert counts(same) == ("completed", 2, 0, 0)  # it is the same import
    assert counts(cumulative) == ("completed", 1, 2, 0)
    assert counts(renamed) == ("completed", 0, 2, 0)
    after = await ledger(client, cycle_id=cycle["id"])
    assert (after[: len(before)], len(after)) == (before, len(before) + 1)


async def test_a_dry_run_says_what_a_report_would_do_and_keeps_nothing(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    file = csv_file(
        HEADER, [household(1), 3600, "Payé", "15/07/2026", "H-1"], [household(1), 3600, "Payé", "16/07/2026", "H-2"]
    )
    about = {"kind": DELIVERIES, "filename": "essai.csv", "dry_run": "true"}
    sent = await client.post("/v1/imports", params=about, content=file, headers=ENGLISH)
    checked = await ended(client, sent.json()["id"])

    assert counts(checked) == ("checked", 2, 0, 0)
    assert problems(checked) == [(3, "amount", "warning", "double")]
    assert (await reconciled(client, cycle["id"]))["deliveries"] == 0


async def test_a_corrected_report_makes_entries_and_edits_none(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    first = await send(
        client,
        DELIVERIES,
        csv_file(
            HEADER,
            [household(1), 3600, "Payé", "15/07/2026", "E-1"],
            [household(2), 3600, "Payé", "15/07/2026", "E-2"],
            [household(3), 3600, "Payé", "15/07/2026", ""],
            [household(4), 3600, "Payé", "15/07/2026", "E-4"],
        ),
    )
    before = await ledger(client, cycle_id=cycle["id"])
    corrected = csv_file(
        HEADER,
        [household(1), 3600, "Payé", "15/07/2026", "E-1"],  # as it was
        [household(2), 3000, "Partiel", "15/07/2026", "E-2"],  # another sum
        [household(3), "", "Absent", "16/07/2026", ""],  # not paid at all
        [household(5), 3600, "Payé", "15/07/2026", "E-5"],  # forgotten before
    )
    sent = await client.post(
        "/v1/imports",
        params={"kind": DELIVERIES, "filename": "corrige.csv", "supersedes": first["id"]},
        content=corrected,
        headers=ENGLISH,
    )
    second = await ended(client, sent.json()["id"])

    assert counts(second) == ("completed", 3, 1, 0)
    assert [(one["line"], one["code"]) for one in second["issues"]] == [(5, "missing_in_correction")]
    entries = await ledger(client, cycle_id=cycle["id"])
    assert entries[: len(before)] == before
    assert [(one["kind"], one["amount_mru"]) for one in entries[len(before) :]] == [
        ("corrected", "-3600.00"),
        ("delivered", "3000.00"),
        ("corrected", "-3600.00"),
        ("delivered", "3600.00"),
    ]
    # 20 x 3,600 due; handed over: 3,600 + 3,000 + 0 + 3,600 (line 5 of the first file stays) + 3,600.
    found = await reconciled(client, cycle["id"])
    assert (found["due_mru"], found["delivered_mru"]) == ("72000.00", "13800.00")
    assert found["entitlements"] == {"delivered": 3, "partly": 1, "absent": 1, "due": 15}

    third = csv_file(HEADER, [household(2), 3600, "Payé", "15/07/2026", "E-2"])
    sent = await client.post(
        "/v1/imports",
        params={"kind": DELIVERIES, "filename": "corrige2.csv", "supersedes": second["id"]},
        content=third,
        headers=ENGLISH,
    )
    assert counts(await ended(client, sent.json()["id"]))[:2] == ("completed", 1)
    assert (await reconciled(client, cycle["id"]))["delivered_mru"] == "14400.00"


async def ended(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        state: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}", headers=ENGLISH)).json()
        return state if state["status"] in ("completed", "failed", "checked") else None

    state: dict[str, Any] = await until(done, what="the import to end")
    issues = await client.get(f"/v1/imports/{import_id}/issues", params={"limit": 200}, headers=ENGLISH)
    return state | {"issues": issues.json()["items"]}


async def test_a_person_corrects_one_delivery(client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    await send(client, DELIVERIES, csv_file(HEADER, [household(1), 3600, "Payé", "15/07/2026", "F-1"]))
    first = (await client.get("/v1/deliveries", params={"program": "TEKAVOUL"})).json()["items"][0]

    async def correct(delivery: str, **body: Any) -> httpx.Response:
        return await client.post(f"/v1/deliveries/{delivery}/correct", json=body, headers=ENGLISH)

    impossible = await correct(first["id"], amount_mru="36000", reason="a slip of the agent")
    assert (impossible.status_code, impossible.json()["code"]) == (422, "delivery_not_accepted")
    assert "ten times what is due" in impossible.json()["title"]
    second = await correct(first["id"], outcome="rejected", reason="the receipt was another's")
    assert (second.status_code, second.json()["corrects"]) == (201, first["id"])
    assert (await reconciled(client, cycle["id"]))["delivered_mru"] == "0.00"
    again = await correct(first["id"], amount_mru="3600", reason="it was right after all")
    assert (again.status_code, again.json()["code"]) == (409, "delivery_already_corrected")
    third = await correct(second.json()["id"], amount_mru="3600", reason="it was right after all")
    assert third.status_code == 201
    assert (await reconciled(client, cycle["id"]))["entitlements"]["delivered"] == 1
    shown = (await client.get(f"/v1/deliveries/{first['id']}")).json()
    assert (shown["corrected_by"], shown["amount_mru"]) == (second.json()["id"], "3600.00")

    refused = await decide(client, f"/v1/cycles/{cycle['id']}/cancel", cycle["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "cycle_delivered")
    paid = (await entitlements(client, cycle["id"], state="delivered"))[0]
    held = await decide(
        client,
        f"/v1/entitlements/{paid['id']}/hold",
        paid["version"],
        {"hold_reason": "under_review", "reason": "a doubt"},
    )
    assert (held.status_code, held.json()["code"]) == (409, "entitlement_delivered")


async def test_what_is_pushed_is_judged_one_by_one(client: httpx.AsyncClient, programs: Running) -> None:
    await issue(client, "TEKAVOUL", QUARTER)
    pushed = {
        "program": "TEKAVOUL",
        "deliveries": [
            {"household_number": household(1), "amount_mru": "3600", "delivered_on": "2026-07-15", "reference": "G-1"},
            {"household_number": household(1), "amount_mru": "3600", "delivered_on": "2026-07-16", "reference": "G-2"},
            {"household_number": household(77), "amount_mru": "3600", "delivered_on": "2026-07-15", "reference": "G-3"},
            {"household_number": household(2), "delivered_on": "2026-07-15", "reference": "G-4"},
            {"household_number": household(3), "amount_mru": "3600", "delivered_on": "2036-07-15", "reference": "G-5"},
            {"household_number": household(4), "goods": {"rice": 3}, "delivered_on": "2026-07-15", "reference": "G-6"},
        ],
    }
    answer = (await client.post("/v1/deliveries", json=pushed, headers=ENGLISH)).json()

    assert (answer["recorded"], answer["unchanged"], answer["rejected"]) == (2, 0, 4)
    assert [[one["code"] for one in result["findings"]] for result in answer["results"]] == [
        [],
        ["double"],
        ["unknown_beneficiary"],
        ["nothing_delivered"],
        ["day_in_future"],
        ["nothing_delivered"],
    ]
    again = (await client.post("/v1/deliveries", json=pushed, headers=ENGLISH)).json()
    assert (again["recorded"], again["unchanged"], again["rejected"]) == (0, 2, 4)
    assert [one["delivery_id"] for one in again["results"]] == [one["delivery_id"] for one in answer["results"]]

    for body in ({"amount_mru": "-1"}, {"amount_mru": "1.125"}, {"goods": {"rice": -1}}, {"reference": ""}):
        one = {**pushed["deliveries"][0], **body}  # type: ignore[dict-item]
        refused = await client.post("/v1/deliveries", json={"program": "TEKAVOUL", "deliveries": [one]})
        assert refused.status_code == 422
    other = await client.post("/v1/deliveries", json=pushed | {"program": "EL_MAOUNA"})
    assert other.status_code == 404
    async with programs.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as cnam:
        theirs = answer["results"][0]["delivery_id"]
        assert (await cnam.get(f"/v1/deliveries/{theirs}")).status_code == 404
        assert (await cnam.post(f"/v1/deliveries/{theirs}/correct", json={"reason": "why not"})).status_code == 404
        assert (await cnam.get("/v1/deliveries")).json()["items"] == []


async def test_attendance_is_kept_and_holds_who_is_known_to_have_missed(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    header = ["N° Ménage", "Date de la séance", "Présence"]
    file = csv_file(
        header,
        [household(1), "10/07/2026", "Présente"],
        [household(2), "10/07/2026", "Absente"],
        [household(3), "10/07/2026", "غائبة"],
        [household(3), "10/08/2026", "حاضرة"],
        [household(77), "10/07/2026", "Absente"],
        [household(4), "", "Absente"],
        [household(5), "10/07/2026", "peut-être"],
    )
    state = await send(client, "TEKAVOUL.attendance", file)

    assert counts(state) == ("completed", 4, 0, 3)
    assert problems(state) == [
        (6, "household_number", "error", "unknown_beneficiary"),
        (7, "session_on", "error", "value_missing"),
        (8, "present", "error", "choice_unreadable"),
    ]
    cycle = await issue(client, "TEKAVOUL", QUARTER)
    assert (cycle["due"], cycle["held"]) == (19, 1)
    held = (await entitlements(client, cycle["id"], state="held"))[0]
    assert held["hold_reason"] == "conditions_not_met"
    again = await send(
        client, "TEKAVOUL.attendance", csv_file(["Séances"], header, [household(1), "10/07/2026", "Présente"])
    )
    assert counts(again) == ("completed", 0, 1, 0)
