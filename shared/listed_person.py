"""Who a line of a list is about: the columns by which a person or a household may be known, read alike from every list."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.cells import Cells
from shared.household_number import is_household_number, parse_household_number
from shared.text import Text, clean_text
from shared.values import parse_date, parse_nni, parse_phones, parse_sex

PERSON_FIELDS = (
    "household_number", "name", "father_name", "nni", "phone", "phone_2", "sex", "birth_date", "wilaya", "moughataa",
    "commune", "school", "school_class",
)  # fmt: skip
"""The columns that `read_person` reads."""
HOUSEHOLD_NUMBER_UNREADABLE = Text(
    ar="ليس رقم أسرة في السجل؛ المقبول: MR متبوعة بعشرة أرقام",
    fr="ceci n'est pas un numéro de ménage du registre ; accepté : MR suivi de dix chiffres",
    en="this is not a household number of the registry; accepted: MR and ten digits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """Texts are on one line; None where the list says nothing. Phones are `+222` and eight digits."""

    household_number: str | None = None
    name: str | None = None
    father_name: str | None = None
    nni: str | None = None
    phones: tuple[str, ...] = ()
    sex: Literal["F", "M"] | None = None
    birth_date: date | None = None
    birth_precision: Literal["day", "year"] | None = None
    wilaya: str | None = None
    moughataa: str | None = None
    commune: str | None = None
    school: str | None = None
    school_class: str | None = None


def read_person(row: Cells, today: date) -> ListedPerson:
    """The person of a line; what cannot be read is gathered in `row`. A wrong birth date keeps the line out, a number, a
    phone or a sex does not: they only help to recognise a person."""
    birth = row.read("birth_date", lambda cell: parse_date(cell, today))
    return ListedPerson(
        household_number=_household_number(row),
        name=row.text("name"),
        father_name=row.text("father_name"),
        nni=row.read("nni", parse_nni),
        phones=_phones(row),
        sex=row.read("sex", parse_sex, wrong="warning"),
        birth_date=birth.value if birth else None,
        birth_precision=birth.precision if birth else None,
        wilaya=row.text("wilaya"),
        moughataa=row.text("moughataa"),
        commune=row.text("commune"),
        school=row.text("school"),
        school_class=row.text("school_class"),
    )


def _household_number(row: Cells) -> str | None:
    cell = row.cells.get("household_number")
    number = parse_household_number(cell)
    if (clean_text(cell) and number is None) or (number is not None and not is_household_number(number)):
        row.find("household_number", "household_number_unreadable", HOUSEHOLD_NUMBER_UNREADABLE, "warning")
    return number


def _phones(row: Cells) -> tuple[str, ...]:
    first = row.read("phone", parse_phones) or ()
    second = row.read("phone_2", parse_phones) or ()
    return tuple(dict.fromkeys(first + second))
