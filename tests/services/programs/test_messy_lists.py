"""A list as officers keep them: what is read all the same, and what each bad cell is told, word for word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from running import Running, until
from services.programs.models import Enrollment
from shared.text import fold_digits

File = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]

GROUPS = ["", ("رب الأسرة", 4), "السكن", "", ""]
HEADER = ["رقم الأسرة", "الاســـم", "الرقم الوطني", "الهاتف", "تاريخ الميلاد", "البلدية", "عدد الأفراد", "المبلغ"]
GOOD = ["MR0320000001", "محمـــد ولد أحمد", 9900000033.0, "22334455 / 36112233", "31/12/1980", "نعمة", "٤", "١٨٠٠"]
TOTAL = ["المجمــوع", "", "", "", "", "", "12", "5400"]

WORDS = {
    "nni_check_failed": (
        "رقم التعريف الوطني لا يجتاز فحص التحقق؛ يُرجى مراجعة أرقامه العشرة",
        "le NNI ne satisfait pas sa clé de contrôle ; vérifier ses dix chiffres",
        "the national id fails its check; verify its ten digits",
    ),
    "nni_precision_lost": (
        "حُفظ رقم التعريف الوطني بصيغة علمية ففُقدت أرقام منه؛ المقبول: عشرة أرقام في خلية نصية",
        "le NNI a été enregistré en notation scientifique et a perdu des chiffres ; accepté : dix chiffres en format texte",
        "the national id was saved in scientific notation and lost digits; accepted: ten digits in a text cell",
    ),
    "nni_unreadable": (
        "هذا ليس رقم تعريف وطني؛ المقبول: عشرة أرقام",
        "ceci n'est pas un NNI ; accepté : dix chiffres",
        "this is not a national id; accepted: ten digits",
    ),
    "phone_unreadable": (
        "رقم هاتف غير معروف؛ المقبول: ثمانية أرقام تبدأ بـ 2 أو 3 أو 4، مع ‎+222 أو بدونها",
        "numéro de téléphone non reconnu ; accepté : huit chiffres commençant par 2, 3 ou 4, avec ou sans +222",
        "phone number not recognised; accepted: eight digits starting with 2, 3 or 4, with or without +222",
    ),
    "date_impossible": (
        "هذا اليوم غير موجود في التقويم؛ المقبول: يوم/شهر/سنة",
        "ce jour n'existe pas dans le calendrier ; accepté : jj/mm/aaaa",
        "this day does not exist in the calendar; accepted: dd/mm/yyyy",
    ),
    "amount_unreadable": (
        "مبلغ غير مقروء؛ المقبول: عدد مثل 3600 أو ‎3 600,00",
        "montant illisible ; accepté : un nombre comme 3600 ou 3 600,00",
        "unreadable amount; accepted: a number such as 3600 or 3 600.00",
    ),
    "amount_negative": (
        "المبلغ سالب؛ المقبول: صفر أو أكثر",
        "montant négatif ; accepté : zéro ou plus",
        "negative amount; accepted: zero or more",
    ),
    "integer_unreadable": (
        "هذا ليس عددًا صحيحًا؛ المقبول: عدد من 1 إلى 60",
        "ceci n'est pas un nombre entier ; accepté : un nombre de 1 à 60",
        "this is not a whole number; accepted: a number from 1 to 60",
    ),
}


def bad(number: int, **cells: Any) -> list[Any]:
    row = [f"MR032000000{number}", "Zeinabou", "", "", "", "", 4, 1800]
    for column, cell in cells.items():
        row[
            ["household_number", "name", "nni", "phone", "birth_date", "commune", "household_size", "amount"].index(
                column
            )
        ] = cell
    return row


BAD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"nni": "9900000034"}, "nni", "nni_check_failed"),
    ({"nni": "9.9E+09"}, "nni", "nni_precision_lost"),
    ({"nni": "99-00"}, "nni", "nni_unreadable"),
    ({"phone": "12345678"}, "phone", "phone_unreadable"),
    ({"birth_date": "31/02/1990"}, "birth_date", "date_impossible"),
    ({"amount": "mille"}, "amount", "amount_unreadable"),
    ({"amount": -450}, "amount", "amount_negative"),
    ({"household_size": "quatre"}, "household_size", "integer_unreadable"),
)


def as_workbook(xlsx_file: File, csv_file: File) -> tuple[str, bytes]:
    return "قائمة.xlsx", xlsx_file(["لائحة المستفيدين"], GROUPS, HEADER, GOOD, *map(_row, range(len(BAD))), TOTAL)


def as_text(encoding: str) -> Callable[[File, File], tuple[str, bytes]]:
    def write(xlsx_file: File, csv_file: File) -> tuple[str, bytes]:
        groups = ["", "رب الأسرة", "", "", "", "السكن", "", ""]
        good = [fold_digits(str(cell)) for cell in GOOD] if encoding == "cp1256" else GOOD  # it has no Arabic digits
        rows = (["لائحة المستفيدين"], groups, HEADER, good, *map(_row, range(len(BAD))), TOTAL)
        return "liste.csv", csv_file(*rows, encoding=encoding)

    return write


def _row(number: int) -> list[Any]:
    return bad(number + 2, **BAD[number][0])


@pytest.mark.parametrize(
    "write",
    [as_workbook, as_text("cp1256"), as_text("utf-8-sig"), as_text("utf-16")],
    ids=["xlsx", "cp1256", "utf-8 with its mark", "utf-16"],
)
async def test_a_messy_list_is_read_and_each_bad_cell_is_told_why_in_three_languages(
    start: Start, xlsx_file: File, csv_file: File, write: Callable[[File, File], tuple[str, bytes]]
) -> None:
    csa = await start("csa")
    filename, content = write(xlsx_file, csv_file)
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        asked = {"kind": "EL_MAOUNA", "filename": filename}
        sent = (await client.post("/v1/imports", params=asked, content=content)).json()
        path = f"/v1/imports/{sent['id']}"

        async def completed() -> bool:
            return bool((await client.get(path)).json()["status"] in ("completed", "failed"))

        await until(completed, what="the import to end")
        told = {
            language: (await client.get(f"{path}/issues", headers={"Accept-Language": language})).json()["items"]
            for language in ("ar", "fr", "en")
        }

    for number, (_, field, code) in enumerate(BAD):
        found = [
            next(one["reason"] for one in told[language] if (one["line"], one["field"]) == (number + 5, field))
            for language in ("ar", "fr", "en")
        ]
        assert tuple(found) == WORDS[code], code
    assert {(one["line"], one["field"], one["code"]) for one in told["en"]} == {
        (number + 5, field, code) for number, (_, field, code) in enumerate(BAD)
    }
    async with csa.platform.database.transaction() as tx:
        good = await tx.scalar(select(Enrollment).where(Enrollment.household_number == "MR0320000001"))
    assert good is not None
    assert (good.name, good.nni, good.phones, good.household_size) == (
        "محمد ولد أحمد",
        "9900000033",
        ["+22222334455", "+22236112233"],
        4,
    )
    assert good.birth_date is not None and good.birth_date.isoformat() == "1980-12-31"
