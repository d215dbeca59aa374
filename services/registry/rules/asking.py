"""What somebody who searches has given: numbers, a name, a place, a birth year. From one box of free text, or by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from shared.household_number import is_household_number, parse_household_number
from shared.names import Name, parse_name, similarity
from shared.values import fold_digits, nni_check_holds, parse_nni, parse_phones

INDIVIDUAL_NUMBER = re.compile(r"\d{10}")
SAME_FATHER = 0.8

_NUMBER = re.compile(r"(?:\bMR[\s-]*)?\+?\d[\d\s.\-/()]{5,}\d", re.IGNORECASE)
_OTHER_NUMBER = re.compile(r"\b(?=[\w-]*\d{3})[A-Za-z][\w-]{4,}\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_COMMA = re.compile(r"[,،;؛\n]")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for. Numbers are as the registry writes them; `name` holds the father's name where it was given."""

    nni: str | None = None
    identifier: str | None = None
    phones: tuple[str, ...] = ()
    household_number: str | None = None
    individual_number: str | None = None
    name: str = ""
    place: str = ""
    birth_year: int | None = None
    years_around: int = 0
    sex: str | None = None

    @property
    def has_number(self) -> bool:
        return any((self.nni, self.identifier, self.phones, self.household_number, self.individual_number))

    @property
    def parsed_name(self) -> Name:
        return parse_name(self.name)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the fields that were given: what a log may hold of a search."""
        return tuple(field for field in self.__slots__ if field != "years_around" and getattr(self, field))


def recognize(text: str) -> Asked:
    """What one box of free text holds: numbers, a year, a name and, after a comma, a place."""
    first, *others = [part.strip() for part in _COMMA.split(fold_digits(text))]
    place = ", ".join(part for part in others if any(letter.isalpha() for letter in part))
    years = _YEAR.findall(" ".join([_NUMBER.sub(" ", first), *(part for part in others if part.isdigit())]))
    return replace(_named_or_numbered(first), place=place, birth_year=int(years[0]) if years else None)


def _named_or_numbered(text: str) -> Asked:
    numbers = _NUMBER.findall(text)
    rest = _YEAR.sub(" ", _NUMBER.sub(" ", text)).strip()
    if not numbers and (found := _OTHER_NUMBER.search(rest)) is not None:
        return Asked(identifier=found[0])
    name = rest if any(letter.isalpha() for letter in rest) else ""
    return replace(_numbers_in(numbers[0]) if numbers else Asked(), name=name)


def asked_in(fields: Mapping[str, Any]) -> Asked:
    """What the fields of a search hold; what is in the free text counts where its own field was not given."""
    asked = recognize(fields.get("q") or "")
    told: dict[str, Any] = {
        "nni": parse_nni(fields.get("nni")).value,
        "identifier": (fields.get("identifier") or "").strip() or None,
        "phones": parse_phones(fields.get("phone")).value,
        "household_number": household_number(fields.get("household_number") or ""),
        "individual_number": re.sub(r"\D", "", fold_digits(fields.get("individual_number") or "")) or None,
        "name": with_father(fields.get("name") or asked.name, fields.get("father_name") or ""),
        "place": (fields.get("place") or "").strip(),
        "birth_year": fields.get("birth_year"),
        "sex": fields.get("sex"),
    }
    given = {name: value for name, value in told.items() if value}
    return replace(asked, **given, years_around=fields.get("birth_years_around") or 0)


def _numbers_in(text: str) -> Asked:
    """Everything one number may be: its digits alone do not always tell."""
    digits = re.sub(r"\D", "", text)
    if text.upper().startswith("MR"):
        return Asked(household_number=household_number(text))
    phones = parse_phones(text).value
    return Asked(
        nni=parse_nni(digits).value if len(digits) in (9, 10) and not phones else None,
        identifier=digits,
        phones=phones,
        household_number=household_number(text) if not phones else None,
        individual_number=digits if INDIVIDUAL_NUMBER.fullmatch(digits) else None,
    )


def household_number(text: str) -> str | None:
    number = parse_household_number(text)
    return number if number is not None and is_household_number(number) else None


def with_father(name: str, father: str) -> str:
    """A name and the father's behind it, unless it is there already."""
    if not father.strip():
        return name
    wanted = parse_name(father)
    there = max((similarity(wanted, one) for one in parse_name(name).patronymics), default=0.0)
    return name if there >= SAME_FATHER else f"{name} {father}".strip()


def slips_of(number: str) -> tuple[str, ...]:
    """Every number that differs by one digit wrong or two neighbours exchanged."""
    changed = {
        number[:at] + digit + number[at + 1 :]
        for at, held in enumerate(number)
        for digit in "0123456789"
        if digit != held
    }
    swapped = {
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for at, (one, other) in enumerate(pairwise(number))
        if one != other
    }
    return tuple(sorted(changed | swapped))


def nni_slips(nni: str) -> tuple[str, ...]:
    """National ids that may have been meant: those whose check holds, or, where it holds as typed, those written down
    with a slip.
    """
    typed_right = nni_check_holds(nni)
    return tuple(one for one in slips_of(nni) if nni_check_holds(one) != typed_right)
