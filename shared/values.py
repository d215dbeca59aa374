"""What one cell of a list means: national id, phones, date, money, number, sex, choice.

Every parser is pure. It returns `Parsed(value, warnings)`, whose value is None (or empty) when the cell says nothing, or
raises `BadValue`. Neither carries the cell itself: codes and texts go to logs and to other people's screens, and the value
is personal. The report of a row adds it where the reader may see it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, Literal, NamedTuple, TypeVar

from shared.text import PROBLEMS, Cell, Problem, Text, clean_text, fold, fold_digits

__all__ = [
    "PROBLEMS", "BadValue", "Cell", "Currency", "Parsed", "PartialDate", "Problem", "clean_text", "fold", "fold_digits",
    "looks_ten_times_off", "nni_check_holds", "parse_choice", "parse_date", "parse_integer", "parse_money", "parse_nni",
    "parse_phones", "parse_sex",
]  # fmt: skip

Currency = Literal["MRU", "MRO"]
Precision = Literal["day", "year"]
T_co = TypeVar("T_co", covariant=True)

EARLIEST_YEAR = 1900  # nobody alive was born before; a smaller year is a typing error
NNI_DIGITS = 10
NNI_LEAST_DIGITS = 7  # a spreadsheet drops leading zeros, but a shorter number is a line number or an age
PHONES_IN_A_CELL = 6  # bounds the cutting of a long run of digits
MRO_PER_MRU = 10  # the redenomination of 1 January 2018
MONEY_LIMIT = Decimal(10) ** 12  # decimal(14,2) holds less than this
MRU = Decimal("0.01")


class BadValue(Exception):
    """A cell that cannot be used. Its `str()` is the code alone, so that a log never shows a personal value."""

    def __init__(self, code: str, text: Text) -> None:
        super().__init__(code)
        self.code = code
        self.text = text

    @classmethod
    def of(cls, code: str, **values: object) -> BadValue:
        return cls(code, PROBLEMS[code].format(**values))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T_co]):
    value: T_co
    warnings: tuple[Problem, ...] = ()


class PartialDate(NamedTuple):
    """A day, or a year kept as its 31 December (or as its 1 January, where the list said so)."""

    value: date
    precision: Precision


_NOTHING = (
    "|neant|sans|rien|n a|na|nd|aucun|aucune|none|null|nil|nan|x|xx|ref|inconnu|inconnue|unknown|non disponible"
    "|لا يوجد|لا توجد|بدون|لا شي|غير متوفر|غير معروف"
)
_BLANKS = frozenset(_NOTHING.split("|"))


def _says_nothing(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and fold(cell) in _BLANKS)


# -- Identifiers ----------------------------------------------------------------------------------------------------

_SCIENTIFIC = re.compile(r"(\d+)(?:[.,٫](\d+))?[eE]\+?0*(\d{1,2})")
_FLOAT_OF_INTEGER = re.compile(r"(\d{4,})[.,٫]0+")


class _PrecisionLost(Exception):
    """A number in scientific notation that shows fewer digits than it has."""


def _typed_number(cell: Cell) -> str:
    """The cell as somebody typed it: without the exponent or the `.0` a spreadsheet added."""
    text = fold_digits(clean_text(cell)).lstrip("'’`")
    if scientific := _SCIENTIFIC.fullmatch(text.replace(" ", "")):
        whole, fraction, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        if len(fraction) < exponent:
            raise _PrecisionLost
        return whole + fraction[:exponent] if not fraction[exponent:].strip("0") else text
    if decimal := _FLOAT_OF_INTEGER.fullmatch(text):
        return decimal[1]
    return text


def nni_check_holds(nni: str) -> bool:
    """The check of the national id: its ten digits, divided by 97, leave 1."""
    return len(nni) == NNI_DIGITS and nni.isascii() and nni.isdigit() and int(nni) % 97 == 1


def parse_nni(cell: Cell) -> Parsed[str | None]:
    """A national id as ten digits. Never refused: many people have none, and a wrong one must not stop its row."""
    if _says_nothing(cell):
        return Parsed(None)
    try:
        digits = re.sub(r"[\s.\-_/]", "", _typed_number(cell))
    except _PrecisionLost:
        return Parsed(None, (Problem.of("nni_precision_lost"),))
    if digits.isdigit() and not digits.strip("0"):
        return Parsed(None)
    if not (digits.isascii() and digits.isdigit() and NNI_LEAST_DIGITS <= len(digits) <= NNI_DIGITS):
        return Parsed(None, (Problem.of("nni_unreadable"),))
    nni = digits.zfill(NNI_DIGITS)
    return Parsed(nni, () if nni_check_holds(nni) else (Problem.of("nni_check_failed"),))


_PHONE_SEPARATORS = (  # tried in this order, each only when what it would cut is not already whole numbers
    re.compile(r"[/;|\\]|\b(?:ou|et|or|and)\b|(?:^|\s)(?:و|أو|او)(?=\s|\d|\+)", re.IGNORECASE),
    re.compile(r"[,،&]|\s-\s"),
    re.compile(r"\s+"),
)
_PHONE_WRITING = re.compile(r"[\d\s.,،()+\-_–*]+")


def _whole_phones(digits: str) -> list[str] | None:
    """`digits` cut into complete numbers, or None where that cannot be done."""
    if not digits:
        return []
    if len(digits) > PHONES_IN_A_CELL * 13:
        return None
    for pattern in (r"00222([234]\d{7})", r"222([234]\d{7})", r"([234]\d{7})"):
        if found := re.match(pattern, digits):
            rest = _whole_phones(digits[found.end() :])
            if rest is not None:
                return [found[1], *rest]
    return None


def _phones_in(text: str, level: int = 0) -> tuple[list[str], bool]:
    """The numbers of `text`, and whether everything in it was understood."""
    if not text.strip(" .,-"):
        return [], True
    if _PHONE_WRITING.fullmatch(text):
        whole = _whole_phones(re.sub(r"\D", "", text))
        if whole is not None:
            return whole, True
    if level == len(_PHONE_SEPARATORS):
        return [], False
    parts = [_phones_in(part, level + 1) for part in _PHONE_SEPARATORS[level].split(text)]
    return [phone for phones, _ in parts for phone in phones], all(understood for _, understood in parts)


def parse_phones(cell: Cell) -> Parsed[tuple[str, ...]]:
    """The phone numbers of a cell, in its order and each once, as `+222` and eight digits."""
    if _says_nothing(cell) or (isinstance(cell, (int, float)) and cell == 0):
        return Parsed(())
    # A line break separates two numbers in a cell; clean_text would make it a space.
    source = re.sub(r"[\r\n]+", " / ", cell) if isinstance(cell, str) else cell
    try:
        text = _typed_number(source)
    except _PrecisionLost:
        return Parsed((), (Problem.of("phone_unreadable"),))
    if text.isdigit() and not text.strip("0"):
        return Parsed(())
    phones, understood = _phones_in(text)
    unique = tuple(dict.fromkeys(f"+222{phone}" for phone in phones))
    return Parsed(unique, () if understood else (Problem.of("phone_unreadable"),))


# -- Dates ----------------------------------------------------------------------------------------------------------

_MONTH_NAMES = (
    "janvier janv jan january يناير", "fevrier fevr fev february feb فبراير", "mars mar march مارس",
    "avril avr april apr ابريل", "mai may مايو", "juin june jun يونيو يونيه", "juillet juil july jul يوليو يوليه",
    "aout august aug اغسطس", "septembre sept sep september سبتمبر", "octobre oct october اكتوبر",
    "novembre nov november نوفمبر", "decembre dec december ديسمبر",
)  # fmt: skip
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_SEPARATOR = r"(?:\s*[/\-.\\]\s*|\s+)"
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_TIME}")
_DAY_FIRST = re.compile(rf"(\d{{1,2}}){_SEPARATOR}(\d{{1,2}}){_SEPARATOR}(\d{{4}}|\d{{2}}){_TIME}")
_MONTH_NAMED = re.compile(r"(\d{1,2})(?: ?er)? ([^\W\d]+) (\d{4}|\d{2})")
_YEAR_AMONG_WORDS = re.compile(r"\D{0,20}((?:1[89]|20)\d{2})\D{0,10}")  # "vers 1975", "né en 1975", "حوالي 1975"
_EXCEL_EPOCH = date(1899, 12, 30)  # serial 1 is 1 January 1900, and Excel counts a 29 February 1900 that never was
_LARGEST_YEAR = 2100
_LARGEST_SERIAL = 73_415  # 31 December 2100


def parse_date(cell: Cell, today: date, *, year_only: bool = True) -> Parsed[PartialDate | None]:
    """A Gregorian date from 1900 to `today` (the latest day accepted).

    With `year_only` (a birth date) a year alone is accepted as its 31 December, and 31/12 and 01/01 mean the year only.
    Without it (the day of an event) they are ordinary days, and a year alone is refused.
    """
    if _says_nothing(cell) or (isinstance(cell, (int, float)) and cell == 0):
        return Parsed(None)
    year, month, day, warnings = _date_parts(cell, today)
    if year < EARLIEST_YEAR:
        raise BadValue.of("date_before_1900")
    if not month and not day:
        if not year_only:
            raise BadValue.of("date_day_required")
        month, day = 12, 31
    try:
        value = date(year, month, day)
    except ValueError:
        raise BadValue.of("date_impossible") from None
    by_year = year_only and (month, day) in ((12, 31), (1, 1))
    if value > today and not (by_year and year == today.year):
        raise BadValue.of("date_in_future", latest=f"{today:%d/%m/%Y}")
    return Parsed(PartialDate(value, "year" if by_year else "day"), warnings)


def _date_parts(cell: Cell, today: date) -> tuple[int, int, int, tuple[Problem, ...]]:
    """Year, month, day; month and day 0 where only the year is known."""
    if isinstance(cell, date):
        return cell.year, cell.month, cell.day, ()
    text = fold_digits(clean_text(cell))
    if re.fullmatch(r"\d{1,8}(?:\.\d+)?", text):
        return (*_date_of_number(text.split(".")[0]), ())
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3]), ()
    if found := _DAY_FIRST.fullmatch(text):
        year, warnings = _full_year(found[3], today)
        return year, int(found[2]), int(found[1]), warnings
    if (found := _MONTH_NAMED.fullmatch(fold(text))) and found[2] in _MONTHS:
        year, warnings = _full_year(found[3], today)
        return year, _MONTHS[found[2]], int(found[1]), warnings
    if found := _YEAR_AMONG_WORDS.fullmatch(text):
        return int(found[1]), 0, 0, ()
    raise BadValue.of("date_unreadable")


def _date_of_number(digits: str) -> tuple[int, int, int]:
    """A year, the serial number of a day in Excel, or eight digits in either order.

    Eight digits are never ambiguous: read the other way, the century would be a nineteenth or twentieth month.
    """
    number = int(digits)
    if len(digits) == 8:
        year_first, day_first = (
            (number // 10_000, digits[4:6], digits[6:]),
            (int(digits[4:]), digits[2:4], digits[:2]),
        )
        year, month, day = year_first if year_first[0] >= EARLIEST_YEAR and int(digits[4:6]) <= 12 else day_first
        return year, int(month), int(day)
    if len(digits) == 4 and number <= _LARGEST_YEAR:
        return number, 0, 0
    if _LARGEST_YEAR < number <= _LARGEST_SERIAL:
        serial = _EXCEL_EPOCH + timedelta(days=number)
        return serial.year, serial.month, serial.day
    raise BadValue.of("date_unreadable")


def _full_year(digits: str, today: date) -> tuple[int, tuple[Problem, ...]]:
    if len(digits) == 4:
        return int(digits), ()
    century = today.year - today.year % 100
    year = century + int(digits)
    return (year if year <= today.year else year - 100), (Problem.of("date_two_digit_year"),)


# -- Numbers and words ----------------------------------------------------------------------------------------------

_CURRENCY = re.compile(
    r"(?i)(?<![^\W\d])(?:(mru)|(mro)|um|ouguiyas?|أوقية|اوقية|أوقيه|اوقيه)(?![^\W\d])\.?"
    r"(?:\s*(?:(جديدة|جديده|nouvelles?)|(قديمة|قديمه|anciennes?)))?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


def parse_money(cell: Cell, unit: Currency, *, exact: bool = False) -> Parsed[Decimal | None]:
    """An amount in MRU with two places, from a file declared in `unit`; old ouguiya (MRO) are divided by ten.

    `exact` refuses what has more places, as no sum that was paid out can have; otherwise it is rounded.
    """
    if _says_nothing(cell):
        return Parsed(None)
    number, named = _amount(cell)
    if number < 0:
        raise BadValue.of("amount_negative")
    value = number / MRO_PER_MRU if unit == "MRO" else number
    if value >= MONEY_LIMIT:
        raise BadValue.of("amount_too_large")
    if exact and value != value.quantize(MRU, rounding=ROUND_HALF_UP):
        raise BadValue.of("amount_too_fine")
    warnings = (Problem.of("amount_unit_differs", unit=unit),) if named not in (None, unit) else ()
    return Parsed(value.quantize(MRU, rounding=ROUND_HALF_UP), warnings)


def _amount(cell: Cell) -> tuple[Decimal, Currency | None]:
    """The number of the cell, and the unit it names itself, if it does."""
    if isinstance(cell, (int, float)):
        if not math.isfinite(cell):
            raise BadValue.of("amount_unreadable")
        return Decimal(str(cell)), None
    text = fold_digits(clean_text(cell))
    named: Currency | None = None
    if found := _CURRENCY.search(text):
        named = "MRU" if found[1] or found[3] else "MRO" if found[2] or found[4] else None
        text = text[: found.start()] + text[found.end() :]
    text = re.sub(r"[\s٬'’_]", "", text).replace("٫", ",").replace("،", ",").replace("−", "-")
    negative = text.startswith(("-", "(")) or text.endswith("-")
    plain = _plain_decimal(text.strip("+-()"))
    return (-plain if negative else plain), named


def _plain_decimal(text: str) -> Decimal:
    """`1.234,50`, `1,234.50`, `3.600` (thousands: an ouguiya has no thousandths) and `0.5` as numbers."""
    if "." in text and "," in text:
        decimal_mark = max(".,", key=text.rfind)
        whole, _, fraction = text.rpartition(decimal_mark)
        if not _GROUPED.fullmatch(whole):
            raise BadValue.of("amount_unreadable")
        text = f"{re.sub('[.,]', '', whole)}.{fraction}"
    elif _GROUPED.fullmatch(text) and not text.startswith("0"):
        text = re.sub("[.,]", "", text)
    text = text.replace(",", ".")
    if not re.fullmatch(r"\d{1,20}(?:\.\d{0,12})?", text):
        raise BadValue.of("amount_unreadable")
    return Decimal(text)


def looks_ten_times_off(value: Decimal, expected: Decimal) -> bool:
    """Whether `value` is about ten times (or a tenth of) what was expected: the sign of a wrong unit, MRU or MRO."""
    if value <= 0 or expected <= 0:
        return False
    ratio = value / expected
    near = Decimal("0.8"), Decimal("1.25")
    return near[0] <= ratio / MRO_PER_MRU <= near[1] or near[0] <= ratio * MRO_PER_MRU <= near[1]


def parse_integer(cell: Cell, minimum: int, maximum: int) -> Parsed[int | None]:
    """A whole number from `minimum` to `maximum`; words beside it (`6 personnes`) are left aside."""
    if _says_nothing(cell):
        return Parsed(None)
    text = re.sub(r"(?<=\d)\s+(?=\d{3}\b)", "", fold_digits(clean_text(cell)))
    found = re.fullmatch(r"([+-]?\d{1,18})(?:[.,]0+)?(?:\s*[^\W\d]+\.?){0,2}", text)
    if found is None:
        raise BadValue.of("integer_unreadable", minimum=minimum, maximum=maximum)
    number = int(found[1])
    if not minimum <= number <= maximum:
        raise BadValue.of("integer_out_of_range", minimum=minimum, maximum=maximum)
    return Parsed(number)


_FEMALE = "f femme feminin feminine female woman girl fille mme انثي امراه بنت نسا ث"
_MALE = "m h g homme masculin masculine male man boy garcon mr ذكر رجل ولد ذ"
_SEX_WORDS: Mapping[str, Literal["F", "M"]] = {
    **dict.fromkeys(_FEMALE.split(), "F"),
    **dict.fromkeys(_MALE.split(), "M"),
}


def parse_sex(cell: Cell) -> Parsed[Literal["F", "M"] | None]:
    """F or M, from a letter or a word in the three languages (`G`, garçon, in school lists)."""
    if _says_nothing(cell):
        return Parsed(None)
    sex = _SEX_WORDS.get(fold(cell))
    if sex is None:
        raise BadValue.of("sex_unreadable")
    return Parsed(sex)


def parse_choice(cell: Cell, choices: Mapping[str, Iterable[str]]) -> Parsed[str | None]:
    """The key of `choices` that the cell names, by itself or by one of its words (compared folded)."""
    wanted = fold(cell)
    for choice, words in choices.items():
        if wanted == fold(choice) or any(wanted == fold(word) for word in words):
            return Parsed(choice)
    if _says_nothing(cell):
        return Parsed(None)  # only now: "none" and "sans" are choices of some lists
    accepted = ", ".join(" / ".join(dict.fromkeys([choice, *words])) for choice, words in choices.items())
    raise BadValue.of("choice_unreadable", accepted=accepted)
