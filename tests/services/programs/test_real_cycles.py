"""One real cycle of each program, from enrollment to reconciled delivery, every value worked out by hand."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
from benefits_cases import counts, enrolled, enrolled_since, entitlements, household, issue, problems, reconciled
from sqlalchemy import update

from registry_cases import Family, ahmed, mariem, sidi, the_household
from registry_cases import send as send_families
from running import Running, Services
from services.programs.models import Enrollment

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
LONG_AGO = date(2025, 1, 1)


def sums(found: dict[str, Any]) -> tuple[str, str, str]:
    return found["due_mru"], found["delivered_mru"], found["outstanding_mru"]


async def test_taazour(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("taazour")
    codes = ("TEKAVOUL", "TEKAVOUL_SEASONAL", "TEMWINE", "HEALTH_INSURANCE")
    async with programs.client("taazour", programs=frozenset(codes)) as client:
        await tekavoul(programs, client, send, csv_file)
        await seasonal(programs, client, send, csv_file)
        await temwine(programs, client, send, csv_file)
        await insurance(programs, client, send, csv_file)


async def tekavoul(programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    """3,600 a quarter for each of three households; one paid, one absent, of one nothing was reported."""
    await send(client, "TEKAVOUL", csv_file(*enrolled(1, 2, 3)))
    await enrolled_since(programs, LONG_AGO, program_code="TEKAVOUL")
    cycle = await issue(client, "TEKAVOUL", "2026-07-01")
    assert cycle["amount_mru"] == "10800.00"  # 3 x 3,600

    report = csv_file(
        ["N° Ménage", "Nom et prénom", "Montant payé", "Statut du paiement", "Date de paiement", "Agence", "N° reçu"],
        [household(1), "Mint Ahmed 1", "3 600,00", "Payé", "15/07/2026", "Néma 1", "R-1"],
        [household(2), "Mint Ahmed 2", "3 600,00", "Absente", "15/07/2026", "Néma 1", "R-2"],
    )
    state = await send(client, "TEKAVOUL.deliveries", report)

    assert (counts(state), state["issues"]) == (("completed", 2, 0, 0), [])
    found = await reconciled(client, cycle["id"])
    assert sums(found) == ("10800.00", "3600.00", "7200.00")
    assert found["entitlements"] == {"delivered": 1, "absent": 1, "due": 1}


async def seasonal(programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    """One payment of 2,400 for June to September, handed over in two parts: 1,000 and 1,400."""
    await send(client, "TEKAVOUL_SEASONAL", csv_file(*enrolled(1)))
    await enrolled_since(programs, LONG_AGO, program_code="TEKAVOUL_SEASONAL")
    cycle = await issue(client, "TEKAVOUL_SEASONAL", "2026-06-01")
    assert (cycle["ends_on"], cycle["amount_mru"]) == ("2026-09-30", "2400.00")

    header = ["رقم الأسرة", "المبلغ المدفوع", "حالة الدفع", "تاريخ الدفع", "رقم الوصل"]
    first = csv_file(header, [household(1), "1000", "دفع جزئي", "20/07/2026", "S-1"])
    assert counts(await send(client, "TEKAVOUL_SEASONAL.deliveries", first)) == ("completed", 1, 0, 0)
    assert (await reconciled(client, cycle["id"]))["entitlements"] == {"partly": 1}
    second = csv_file(header, [household(1), "1400", "مدفوع", "20/08/2026", "S-2"])
    assert (await send(client, "TEKAVOUL_SEASONAL.deliveries", second))["issues"] == []
    assert sums(await reconciled(client, cycle["id"])) == ("2400.00", "2400.00", "0.00")


async def temwine(programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    """A card's October quota is 950.21 of subsidy; its purchases, one of them pushed by a shop that was offline."""
    header = ["N° carte", "Nom et prénom", "Taille ménage"]
    await send(client, "TEMWINE", csv_file(header, ["0012345", "Mint Vall", 5], ["0012346", "Mint Sidi", 4]))
    await enrolled_since(programs, LONG_AGO, program_code="TEMWINE")
    cycle = await issue(client, "TEMWINE", "2026-10-01")
    assert cycle["amount_mru"] == "1900.42"  # 2 x 950.21

    purchases = csv_file(
        ["N° carte", "Boutique", "N° reçu", "Date d'achat", "Riz (kg)", "Huile (l)", "Sucre"],
        ["12345", "Amourj 2", "T-1", "05/10/2026", 20, 7, ""],
        ["12346", "Amourj 2", "T-2", "06/10/2026", 31, "", "2,5"],
    )
    state = await send(client, "TEMWINE.deliveries", purchases)
    # 31 kg of rice are one more than the quota of 30.
    assert problems(state) == [(3, "amount", "warning", "over_ceiling")]
    assert "rice 30 kg" in state["issues"][0]["reason"]

    pushed = {
        "program": "TEMWINE",
        "deliveries": [
            {"card_number": "0012345", "goods": {"rice": 10}, "delivered_on": "2026-10-30", "reference": "T-9"}
        ],
    }
    answers = [(await client.post("/v1/deliveries", json=pushed)).json() for _ in range(2)]
    assert [(one["recorded"], one["unchanged"]) for one in answers] == [(1, 0), (0, 1)]

    found = await reconciled(client, cycle["id"])
    # Rice: (20 + 10 + 31) x 12 = 732.00; oil: 7 x 23.03 = 161.21; sugar: 2.5 x 11 = 27.50.
    assert {one["what"]: (one["delivered"], one["delivered_mru"]) for one in found["by_what"]} == {
        "oil": ("7.000", "161.21"),
        "rice": ("61.000", "732.00"),
        "sugar": ("2.500", "27.50"),
        "wheat_flour": ("0", "0.00"),
    }
    assert found["delivered_mru"] == "920.71"


async def insurance(programs: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv) -> None:
    """A premium of 175 a month for three months: 525."""
    header = ["N° Ménage", "Nom de l'assuré", "Opération", "Date d'effet"]
    await send(client, "HEALTH_INSURANCE", csv_file(header, [household(1), "Mint Ahmed 1", "Ajout", "01/01/2025"]))
    cycles = [await issue(client, "HEALTH_INSURANCE", f"2026-{month}-01") for month in ("07", "08", "09")]
    assert [one["amount_mru"] for one in cycles] == ["175.00"] * 3

    report = csv_file(
        ["N° Ménage", "Montant", "Date de paiement", "Période"],
        *([household(1), 175, "30/09/2026", f"01/{month}/2026"] for month in ("07", "08", "09")),
    )
    state = await send(client, "HEALTH_INSURANCE.deliveries", report)

    # July's premium could be paid up to 30 August.
    assert problems(state) == [(2, "delivered_on", "warning", "late")]
    found = [await reconciled(client, cycle["id"]) for cycle in cycles]
    assert [one["outstanding_mru"] for one in found] == ["0.00"] * 3


async def test_el_maouna(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("csa")
    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        await send(client, "EL_MAOUNA", csv_file(*enrolled(1, size=6), *enrolled(2, size=4)[1:]))
        await enrolled_since(programs, LONG_AGO)
        cycle = await issue(client, "EL_MAOUNA", "2026-06-01")
        assert cycle["amount_mru"] == "4500.00"  # (6 + 4) x 450

        report = csv_file(
            ["N° Ménage", "Montant (MRU)", "Date de paiement"],
            [household(1), 2700, "10/06/2026"],
            [household(2), 1350, "10/06/2026"],
        )
        state = await send(client, "EL_MAOUNA.deliveries", report)

        # 1,350 is the value for three: 450 less than the 1,800 of four.
        assert problems(state) == [(3, "amount", "warning", "less_than_due")]
        assert sums(await reconciled(client, cycle["id"])) == ("4500.00", "4050.00", "450.00")


async def test_disability_cash(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("masef")
    async with programs.client("masef", programs=frozenset({"DISABILITY_CASH"})) as client:
        await send(client, "DISABILITY_CASH", csv_file(*enrolled(1)))
        await enrolled_since(programs, LONG_AGO)
        every_two_months = await issue(client, "DISABILITY_CASH", "2025-05-01")
        quarter = await issue(client, "DISABILITY_CASH", "2025-07-01")
        assert [one["amount_mru"] for one in (every_two_months, quarter)] == ["2000.00", "2000.00"]

        report = csv_file(
            ["N° Ménage", "Montant", "Date de paiement", "Référence"],
            [household(1), 2000, "02/06/2025", "D-1"],
            [household(1), 2000, "05/07/2025", "D-2"],
        )
        state = await send(client, "DISABILITY_CASH.deliveries", report)

        assert (counts(state), state["issues"]) == (("completed", 2, 0, 0), [])
        for cycle in (every_two_months, quarter):
            assert sums(await reconciled(client, cycle["id"])) == ("2000.00", "2000.00", "0.00")


async def test_school_feeding(start: Start, send: Send, csv_file: Csv) -> None:
    """Three pupils of one school, and two of another that has no canteen."""
    programs = await start("men")
    async with programs.client("men", programs=frozenset({"SCHOOL_FEEDING"})) as client:
        pupils = [["École", "Nom de l'élève", "Nom du père", "Classe", "Commune"]]
        pupils += [["École 1 d'Amourj", f"Ahmed {number}", "Sidi", "3", "Amourj"] for number in range(3)]
        pupils += [["École 2", f"Aïcha {number}", "Vall", "4", "Amourj"] for number in range(2)]
        assert (await send(client, "SCHOOL_FEEDING", csv_file(*pupils)))["accepted"] == 5
        await enrolled_since(programs, LONG_AGO)
        schools = csv_file(
            ["École", "Commune", "Cantine depuis"],
            ["ECOLE 1 D'AMOURJ", "Amourj", "01/10/2023"],
            ["École 2", "Amourj", ""],
        )
        assert counts(await send(client, "SCHOOL_FEEDING.schools", schools)) == ("completed", 2, 0, 0)

        cycle = await issue(client, "SCHOOL_FEEDING", "2025-01-01")

        # January 2025 has 23 weekdays, of which 1 and 2 January are holidays: 21 x 16.69 = 350.49 for each of three.
        assert (cycle["due"], cycle["skipped"], cycle["amount_mru"]) == (3, 2, "1051.47")
        report = csv_file(
            ["École", "Commune", "Date", "Repas servis"],
            ["École 1 d'Amourj", "AMOURJ", "06/01/2025", 3],
            ["École 1 d'Amourj", "AMOURJ", "07/01/2025", 4],
            ["École 1 d'Amourj", "AMOURJ", "11/01/2025", 2],
            ["École 9", "AMOURJ", "06/01/2025", 2],
        )
        state = await send(client, "SCHOOL_FEEDING.deliveries", report)
        assert counts(state) == ("completed", 3, 0, 1)
        assert problems(state) == [
            (3, "meals", "warning", "more_meals_than_pupils"),
            (4, "delivered_on", "warning", "not_a_school_day"),  # a Saturday
            (5, "school", "error", "unknown_school"),
        ]
        found = await reconciled(client, cycle["id"])
        # Due 3 x 21 = 63 meals; served 3 + 4 + 2 = 9, which is 9 x 16.69 = 150.21.
        assert [(one["what"], one["due"], one["delivered"], one["delivered_mru"]) for one in found["by_what"]] == [
            ("meal", "63.000", "9.000", "150.21")
        ]
        assert (found["unknown"], found["findings"]) == (1, {"more_meals_than_pupils": 1, "not_a_school_day": 1})


async def test_wfp_without_registry_numbers(start: Start, send: Send, csv_file: Csv) -> None:
    programs = await start("partners")
    async with programs.client("wfp", programs=frozenset({"WFP_LEAN_SEASON"})) as client:
        rows = [["HH head name", "Phone", "Household size", "National ID"]]
        rows += [["Fatimetou mint Ahmed", "22334455", "5", "9900000033"], ["Vall ould Sidi", "33445566", "2", ""]]
        assert (await send(client, "WFP_LEAN_SEASON", csv_file(*rows)))["accepted"] == 2
        await enrolled_since(programs, LONG_AGO)
        cycle = await issue(client, "WFP_LEAN_SEASON", "2026-08-01")
        assert cycle["amount_mru"] == "3360.00"  # (5 + 2) x 480
        without_number = (await entitlements(client, cycle["id"]))[1]

        report = csv_file(
            ["National ID", "Enrollment id", "Amount paid", "Payment date"],
            ["9900000033", "", 2400, "2026-08-12"],
            ["", without_number["enrollment_id"], 960, "2026-08-12"],
        )
        state = await send(client, "WFP_LEAN_SEASON.deliveries", report)

        assert (counts(state), state["issues"]) == (("completed", 2, 0, 0), [])
        assert sums(await reconciled(client, cycle["id"])) == ("3360.00", "3360.00", "0.00")


async def test_the_household_of_six_gets_exactly_its_three_values(
    services: Services, start: Start, send: Send, csv_file: Csv
) -> None:
    """1,200 a month from Tekavoul, 2,700 from El Maouna, 1,000 from disability cash: worked out of the registry's six."""
    registry = await services.start("registry")
    names = ("Vatma", "Khadijetou", "Moussa", "Oumar")
    six = [
        sidi(),
        mariem(),
        *(replace(ahmed(), number=f"100000001{n}", name_fr=f"{name} Sidi") for n, name in enumerate(names)),
    ]
    async with registry.client("taazour") as operator:
        await send_families(operator, Family(members=six))
        family = await the_household(operator)
    assert len(family["members"]) == 6
    sums_of = {}
    for institution, program, first_day, months in (
        ("taazour", "TEKAVOUL", "2025-07-01", 3),
        ("csa", "EL_MAOUNA", "2025-07-01", 1),
        ("masef", "DISABILITY_CASH", "2025-05-01", 2),
    ):
        programs = await start(institution)
        async with programs.client(institution, programs=frozenset({program})) as client:
            await send(client, program, csv_file(*enrolled(1, size=2)))
            await enrolled_since(programs, LONG_AGO, registry_household_id=None)
            async with programs.platform.database.transaction() as tx:
                await tx.execute(update(Enrollment).values(registry_household_id=family["id"], link_status="linked"))
            cycle = await issue(client, program, first_day)
            sums_of[program] = Decimal((await entitlements(client, cycle["id"]))[0]["amount_mru"]) / months

    assert sums_of == {"TEKAVOUL": 1200, "EL_MAOUNA": 2700, "DISABILITY_CASH": 1000}
