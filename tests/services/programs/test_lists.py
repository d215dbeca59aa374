"""The eight lists of the institutions, each in its own columns, by small files with hand-worked outcomes."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from running import Running

Csv = Callable[..., bytes]
Xlsx = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]


def cells(row: str) -> list[str | int]:
    """The cells of a row, as a spreadsheet has them: a number where it looks like one."""
    return [int(cell) if re.fullmatch(r"-?[1-9][0-9]*", cell) else cell for cell in row.split(" ¦ ")]


async def enrolled(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    page = (await client.get("/v1/enrollments", params={"limit": 200})).json()
    return sorted(page["items"], key=lambda one: one["source_line"])


def outcome(state: dict[str, Any]) -> tuple[str, int, int, int]:
    return state["status"], state["accepted"], state["unchanged"], state["rejected"]


def problems(state: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["line"], one["field"], one["code"]) for one in state["issues"]]


async def test_tekavoul_regular(start: Start, send: Send, xlsx_file: Xlsx) -> None:
    file = xlsx_file(
        [("Délégation Générale TAAZOUR – TEKAVOUL", 14)],
        [("Liste de paiement – 3e trimestre 2026", 14)],
        [],
        cells(
            "N° ¦ Wilaya ¦ Moughataa ¦ Commune ¦ Localité ¦ N° Ménage ¦ Nom et prénom du bénéficiaire ¦ Sexe ¦ Date de naissance ¦ NNI ¦ Téléphone ¦ Taille ménage ¦ Montant (MRU) ¦ Observations"
        ),
        cells(
            "1 ¦ Hodh Ech Chargui ¦ Amourj ¦ Amourj ¦ Oum Essafya ¦ 110000123 ¦ FATIMETOU MINT AHMED ¦ F ¦ 12/05/1984 ¦ 9900000033 ¦ 22334455 / 33445566 ¦ 6 ¦ 3 600 ¦ "
        ),
        cells("2 ¦ Hodh Ech Chargui ¦ Amourj ¦ Amourj ¦ Oum Essafya ¦ MR0110000124 ¦  ¦ M ¦ 1970 ¦  ¦  ¦ 4 ¦ 3600 ¦ "),
        cells(
            "3 ¦ Hodh Ech Chargui ¦ Amourj ¦ Amourj ¦ Oum Essafya ¦ mr011 0000123 ¦ Fatimetou mint Ahmed ¦ F ¦  ¦  ¦  ¦ 6 ¦ 3600 ¦ "
        ),
        cells("TOTAL ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦ 16 ¦ 10800 ¦ "),
    )
    programs = await start("taazour")
    async with programs.client("taazour", programs=frozenset({"TEKAVOUL"})) as client:
        state = await send(client, "TEKAVOUL", file, filename="tekavoul_regular.xlsx")

        assert outcome(state) == ("completed", 1, 1, 1)
        assert problems(state) == [(6, "name", "value_missing"), (7, "name", "duplicate_in_list")]
        assert "line 5" in state["issues"][1]["reason"]
        [one] = await enrolled(client)
    assert (one["program"], one["status"], one["version"], one["reason"]) == ("TEKAVOUL", "enrolled", 1, "listed")
    assert (one["household_number"], one["name"], one["nni"]) == ("MR0110000123", "FATIMETOU MINT AHMED", "9900000033")
    assert one["phones"] == ["+22222334455", "+22233445566"]
    assert (one["birth_date"], one["birth_precision"], one["sex"]) == ("1984-05-12", "day", "F")
    assert (one["wilaya"], one["village"], one["source_line"]) == ("Hodh Ech Chargui", "Oum Essafya", 5)
    assert (one["amount_mru"], one["monthly_value_mru"], one["link_status"]) == ("3600.00", "1200.00", "pending")


async def test_tekavoul_seasonal_with_two_phone_columns(start: Start, send: Send, xlsx_file: Xlsx) -> None:
    file = xlsx_file(
        [("Transferts saisonniers – soudure 2026", 11)],
        [],
        cells(
            "Moughataa ¦ Commune ¦ Village ¦ Code ménage ¦ Chef de ménage ¦ N° CNI ¦ Tél. 1 ¦ Tél. 2 ¦ Nb membres ¦ Montant transfert ¦ Remarque"
        ),
        cells("Néma ¦ Néma ¦ Beribavat ¦ MR0140000001 ¦ Sidi Ould Ely ¦  ¦ 22334455 ¦ 44556677 ¦ 5 ¦ 2400 ¦ absent"),
        cells("Néma ¦ Néma ¦ Beribavat ¦  ¦ Brahim Diallo ¦  ¦ 2233OO44 ¦  ¦ -8 ¦ 2400 ¦ "),
    )
    programs = await start("taazour")
    async with programs.client("taazour", programs=frozenset({"TEKAVOUL_SEASONAL"})) as client:
        state = await send(client, "TEKAVOUL_SEASONAL", file, filename="saison.xlsx")

        assert outcome(state) == ("completed", 1, 0, 1)
        assert sorted(problems(state)) == [
            (5, "household_size", "integer_out_of_range"),
            (5, "phone", "phone_unreadable"),
        ]
        [one] = await enrolled(client)
    assert one["phones"] == ["+22222334455", "+22244556677"]
    assert one["monthly_value_mru"] == "600.00"  # 2,400 over the four months of the lean season


async def test_el_maouna_in_old_ouguiya(start: Start, send: Send, csv_file: Csv) -> None:
    file = csv_file(
        ["Commissariat à la Sécurité Alimentaire – EL MAOUNA"],
        [""],
        cells(
            "Wilaya ¦ Moughataa ¦ Commune ¦ Village ¦ N° registre social ¦ Nom complet ¦ Date naiss. ¦ NNI ¦ Tel ¦ Nbre personnes ¦ Montant MRO"
        ),
        cells(
            "Assaba ¦ Kiffa ¦ Kiffa ¦ Legrane ¦ MR0320000007 ¦ Mohamed Lemine Ould Sidi ¦ 01/01/1975 ¦  ¦  ¦ 6 ¦ 27 000"
        ),
        cells("Assaba ¦ Kiffa ¦ Kiffa ¦ Legrane ¦ MR0320000008 ¦ Aïssata Ba ¦ 14-03-1990 ¦  ¦  ¦ 5 ¦ 2250"),
        cells("Assaba ¦ Kiffa ¦ Kiffa ¦ Legrane ¦  ¦ Salem Ould Bilal ¦ 31/02/1960 ¦  ¦  ¦ 3 ¦ 13500"),
        cells("TOTAL ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦ 14 ¦ 42750"),
        encoding="cp1252",
    )
    programs = await start("csa")
    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        state = await send(client, "EL_MAOUNA", file, currency="MRO")

        assert outcome(state) == ("completed", 2, 0, 1)
        assert problems(state) == [(5, "amount", "amount_ten_times_off"), (6, "birth_date", "date_impossible")]
        assert "2250.00 MRU" in state["issues"][0]["reason"] and "MRO" in state["issues"][0]["reason"]
        first, second = await enrolled(client)
    assert (first["amount_mru"], first["monthly_value_mru"]) == ("2700.00", "2700.00")
    assert (first["birth_date"], first["birth_precision"]) == ("1975-01-01", "year")
    assert (second["name"], second["amount_mru"]) == ("Aïssata Ba", "225.00")
    assert second["monthly_value_mru"] == "2250.00"  # 5 persons x 450: the amount's unit is in doubt


async def test_temwine_cards_in_arabic(start: Start, send: Send, xlsx_file: Xlsx) -> None:
    header = ["الرقم", "رقم البطاقة", "رقم الأسرة", "اسم رب الأسرة", "رقم التعريف الوطني", "رقم الهاتف", "الولاية"]
    header += ["المقاطعة", "البلدية", "القرية / الحي", "عدد أفراد الأسرة", "التصنيف", "الدكان"]
    place = ["الحوض الشرقي", "النعمة", "النعمة", "الحي الإداري"]
    file = xlsx_file(
        [("المندوبية العامة تآزر – برنامج التموين", 13)],
        [],
        header,
        [1, "00123456", "MR0140000001", "محمد ولد أحمد", "٩٩٠٠٠٠٠٠٣٣", "22334455", *place, 7, "فقير جدا", "014-05"],
        [2, "00123457", "", "مريم بنت سيدي", "", "", *place, 4, "فقير", "014-05"],
        [3, 123457, "", "مريم منت سيدي", "", "", *place, 4, "فقير", "014-05"],
        cells("المجموع ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦ 15 ¦  ¦ "),
    )
    programs = await start("taazour")
    async with programs.client("taazour", programs=frozenset({"TEMWINE"})) as client:
        state = await send(client, "TEMWINE", file, filename="temwine.xlsx")

        assert outcome(state) == ("completed", 2, 1, 0)
        assert problems(state) == [(6, "name", "duplicate_in_list")]  # the same card, its zeros lost
        first, second = await enrolled(client)
        detail = (await client.get(f"/v1/enrollments/{first['id']}")).json()
    assert (first["name"], first["nni"], first["card_number"]) == ("محمد ولد أحمد", "9900000033", "123456")
    assert (second["card_number"], second["monthly_value_mru"]) == ("123457", "950.21")
    assert detail["listed"]["category"] == "فقير جدا" and detail["listed"]["nni"] == "٩٩٠٠٠٠٠٠٣٣"


async def test_school_feeding_by_school_without_ids(start: Start, send: Send, csv_file: Csv) -> None:
    header = ["Wilaya", "Moughataa", "Commune", "École", "Nom de l'élève", "Nom du père", "Classe", "Sexe"]
    place = ["Gorgol", "Kaédi", "Kaédi", "École Kaédi 1"]
    file = csv_file(
        [*header, "Année de naissance"],
        [*place, "Amadou Sow", "Demba Sow", "3AF", "G", 2016],
        [*place, "Amadou Sow", "Demba Sow", "5AF", "G", 2014],
        [*place, "AMADOU SOW", "Demba Sow", "3AF", "G", 2016],
        [*place[:3], "", "Kadiata Sy", "Samba Sy", "1AF", "F", 2019],
        [*place, "Kadiata Sy", "", "1AF", "F", 2019],
        delimiter=",",
        encoding="utf-8-sig",
    )
    programs = await start("men")
    async with programs.client("men", programs=frozenset({"SCHOOL_FEEDING"})) as client:
        state = await send(client, "SCHOOL_FEEDING", file)

        assert outcome(state) == ("completed", 3, 1, 1)
        assert problems(state) == [(4, "name", "duplicate_in_list"), (5, "school", "value_missing")]
        first, second, third = await enrolled(client)
    assert (first["school"], first["school_class"], first["father_name"]) == ("École Kaédi 1", "3AF", "Demba Sow")
    assert (first["sex"], first["birth_date"], first["birth_precision"]) == ("M", "2016-12-31", "year")
    assert (second["school_class"], third["father_name"]) == ("5AF", None)
    assert {one["monthly_value_mru"] for one in (first, second, third)} == {"222.58"}


async def test_disability_cash_under_two_header_rows(start: Start, send: Send, xlsx_file: Xlsx) -> None:
    file = xlsx_file(
        [("وزارة العمل الاجتماعي والطفولة والأسرة", 16)],
        [],
        [("الموقع", 4), ("رب الأسرة", 7), ("الشخص المعاق", 3), ("التحويل", 2)],
        cells(
            "م ¦ الولاية ¦ المقاطعة ¦ الحي / القرية ¦ الاسم الكامل ¦ الجنس ¦ سنة الميلاد ¦ الرقم الوطني ¦ الهاتف ¦ رقم السجل الاجتماعي ¦ عدد الأفراد ¦ الاسم الكامل ¦ سنة الميلاد ¦ نوع الإعاقة ¦ المبلغ (أوقية جديدة) ¦ ملاحظات"
        ),
        cells(
            "1 ¦ كوركول ¦ كيهيدي ¦ الحي القديم ¦ أحمد ولد محمد ¦ ذكر ¦ 1969 ¦ 9900000033 ¦ 22334455 ¦ MR0420000005 ¦ 8 ¦ خديجة بنت أحمد ¦ 2010 ¦ حركية ¦ 2000 ¦ "
        ),
        cells(
            "2 ¦ كوركول ¦ كيهيدي ¦ الحي القديم ¦ عائشة بنت علي ¦ أنثى ¦ 1975 ¦  ¦  ¦  ¦ 3 ¦ علي ¦ 2012 ¦ بصرية ¦ 20000 ¦ "
        ),
        cells("المجموع ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦ 11 ¦  ¦  ¦  ¦ 22000 ¦ "),
    )
    programs = await start("masef")
    async with programs.client("masef", programs=frozenset({"DISABILITY_CASH"})) as client:
        state = await send(client, "DISABILITY_CASH", file, filename="masef.xlsx")

        assert outcome(state) == ("completed", 2, 0, 0)
        assert problems(state) == [(6, "amount", "amount_ten_times_off")]
        first, second = await enrolled(client)
    assert (first["name"], first["sex"], first["birth_date"]) == ("أحمد ولد محمد", "M", "1969-12-31")  # the head's own
    assert (first["household_number"], first["household_size"]) == ("MR0420000005", 8)
    assert (second["name"], second["sex"]) == ("عائشة بنت علي", "F")
    assert first["monthly_value_mru"] == second["monthly_value_mru"] == "666.67"  # 2,000 a quarter since July 2025


HEALTH_HEADER = ["رقم الأسرة", "الرقم الوطني للتعريف", "الاسم الكامل", "تاريخ الميلاد", "الجنس", "الهاتف", "الولاية"]
HEALTH_HEADER += ["المقاطعة", "نوع العملية", "تاريخ السريان"]


def insured(number: str, nni: str, name: str, action: str, on: str) -> list[str]:
    return [number, nni, name, "12/05/1984", "أنثى", "22334455", "لبراكنة", "ألاك", action, on]


async def test_health_insurance_is_a_delta(start: Start, send: Send, csv_file: Csv) -> None:
    file = csv_file(
        HEALTH_HEADER,
        insured("MR0510000001", "9900000033", "مريم", "إضافة", "01/07/2026"),
        insured("MR0510000002", "", "خديجة", "إضافة", "01/07/2026"),
        insured("MR0510000003", "9900000130", "فاطمة", "إضافة", "01/07/2026"),
        insured("", "9900000130", "فاطمه", "حذف", "01/09/2026"),  # without the household number of its addition
        insured("MR0510000099", "", "سلمى", "حذف", "01/09/2026"),
        insured("MR0510000002", "", "خديجة", "تعديل", "01/09/2026"),  # nothing else is known
        insured("MR0510000001", "", "مريم", "تجميد", "01/09/2026"),
        encoding="cp1256",
    )
    programs = await start("taazour")
    async with programs.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as client:
        state = await send(client, "HEALTH_INSURANCE", file)

        assert outcome(state) == ("completed", 4, 1, 2)
        assert problems(state) == [(6, "action", "removal_unknown"), (8, "action", "choice_unreadable")]
        one, two, three = await enrolled(client)
    assert [(row["status"], row["version"], row["reason"]) for row in (one, two, three)] == [
        ("enrolled", 1, "listed"),
        ("enrolled", 1, "listed"),
        ("exited", 2, "removed_by_list"),
    ]
    assert (three["enrolled_on"], three["exited_on"]) == ("2026-07-01", "2026-09-01")
    assert one["monthly_value_mru"] == "175.00"


async def test_wfp_without_registry_ids(start: Start, send: Send, xlsx_file: Xlsx) -> None:
    file = xlsx_file(
        cells(
            "No ¦ Region ¦ Department ¦ Commune ¦ Site / Village ¦ Full name of HH head ¦ Sex ¦ Year of birth ¦ Phone number ¦ HH size ¦ Monthly entitlement (MRU)"
        ),
        cells("1 ¦ Gorgol ¦ Kaédi ¦ Kaédi ¦ Rindiaw ¦ Hawa Diallo ¦ Female ¦ 1988 ¦ 22334455 ¦ 6 ¦ 2880"),
        cells("2 ¦ Gorgol ¦ Kaédi ¦ Kaédi ¦ Rindiaw ¦ Hawa Diallo ¦ Female ¦ 1988 ¦ 22334455 ¦ 6 ¦ 2880"),
        cells("3 ¦ Gorgol ¦ Kaédi ¦ Kaédi ¦ Rindiaw ¦ Hawa Diallo ¦ Female ¦ 1988 ¦ 33445566 ¦ 4 ¦ 1920"),
        cells("TOTAL ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦  ¦ 16 ¦ 7680"),
    )
    programs = await start("partners")
    async with programs.client("wfp", programs=frozenset({"WFP_LEAN_SEASON"})) as client:
        state = await send(client, "WFP_LEAN_SEASON", file, filename="wfp.xlsx")

        assert outcome(state) == ("completed", 2, 1, 0)
        assert problems(state) == [(3, "name", "duplicate_in_list")]
        first, second = await enrolled(client)
    assert (first["household_number"], first["nni"], first["sex"]) == (None, None, "F")
    assert (first["monthly_value_mru"], second["monthly_value_mru"]) == ("2880.00", "1920.00")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["Wilaya", "Commune", "Nom complet"], ["Assaba", "Kiffa", "Sidi"]], "missing_columns"),
        ([["a", "b"], ["1", "2"]], "header_not_found"),
    ],
)
async def test_a_file_that_is_not_the_list_says_what_is_missing(
    start: Start, send: Send, csv_file: Csv, rows: list[list[str]], code: str
) -> None:
    programs = await start("csa")
    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        state = await send(client, "EL_MAOUNA", csv_file(*rows))

    assert (state["status"], state["failure_code"]) == ("failed", code)
    assert "Household size" in state["failure"]
