"""Columns of a list made into packed records (`fields.py`): each distinct value is read once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.fields import ENCODED_BITS, MOST_PHONES, PLACE_LEVELS, Field, Kind, Layout
from services.matching.engine.hashing import hashes_of
from services.matching.engine.name_table import NameTable
from services.matching.engine.texts import Codes, TextTable, distinct
from shared.spelling import fold
from shared.values import BadValue, parse_date, parse_sex

Words = npt.NDArray[np.uint32]
Columns = Mapping[str, Sequence[pl.Series]]
"""By field: its columns of texts, in the order that its kind asks for."""

NOT_DIGITS: Final = 1 << 63
_DIGITS_KEPT: Final = 15
_SEPARATORS, _PREFIX = r"[^a-z0-9]", r"^[a-z]*0*"
_ODDLY_TYPED = r"(?i)^\s*\d+(?:\.0+|(?:[.,]\d+)?e\+?\d+)\s*$"  # what a spreadsheet has made of a number
_OTHER_LETTERS = r"[^\x00-\x7f]"
_EXPONENT = re.compile(r"(?i)(\d+)(?:[.,](\d+))?e\+?(\d{1,3})$")
PHONE_DIGITS: Final = 8  # of Mauritania, without the country's 222
PHONE_BITS: Final = 27
SHARED_MOST: Final = 31
SEEKS_HOUSEHOLD: Final = 8
"""The role of a row that stands for a household: whom it names is sought among all its members, the head first."""
NO_CLASS: Final = 15
HINT: Final = 4
"""Beside a sex that only the name tells."""
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?$|(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?$")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")
_EARLIEST, _LATEST = 1850, 2200
"""Years that a day which was not understood may still tell."""


@dataclass
class Vocabulary:
    """The distinct names, texts and places of every list that is to be compared."""

    layout: Layout
    names: NameTable = field(default_factory=NameTable)
    texts: TextTable = field(default_factory=TextTable)
    places: list[dict[str, int]] = field(default_factory=lambda: [{"": 0} for _ in range(PLACE_LEVELS)])
    _place_hashes: list[npt.NDArray[np.uint64]] = field(
        default_factory=lambda: [np.zeros(0, np.uint64) for _ in range(PLACE_LEVELS)]
    )

    def place_hashes(self) -> list[npt.NDArray[np.uint64]]:
        """A hash of each place, by level and code; the same in every process."""
        for level, known in enumerate(self.places):
            before = len(self._place_hashes[level])
            if before < len(known):
                more = hashes_of(list(islice(known, before, None)))
                self._place_hashes[level] = np.concatenate((self._place_hashes[level], more))
        return self._place_hashes

    def add_texts(self, at: int, column: pl.Series) -> npt.NDArray[np.uint32]:
        codes, values = distinct(column)
        return self.texts.add(at, values.to_list())[codes]

    def add_names(self, column: pl.Series) -> npt.NDArray[np.uint32]:
        return self.names.add(column.to_list())


def pack(columns: Columns, vocabulary: Vocabulary) -> Words:
    """[rows, width] packed records of a list, its words added to the vocabulary. An absent field is missing in every row."""
    layout = vocabulary.layout
    rows = len(next(iter(columns.values()))[0]) if columns else 0
    records = np.zeros((rows, layout.width), np.uint32)
    for at, (one, offset) in enumerate(zip(layout.fields, layout.offsets, strict=True)):
        given = columns.get(one.name)
        if given:
            records[:, offset : offset + one.words] = _packed(at, one, given, vocabulary)
    _hint_at_sex(records, vocabulary)
    _count_shared_phones(records, layout)
    return records


def _packed(at: int, one: Field, given: Sequence[pl.Series], vocabulary: Vocabulary) -> Words:
    match one.kind:
        case Kind.NUMBER:
            return numbers(given[0]).view(np.uint32).reshape(-1, 2)
        case Kind.PHONE:
            return _side_by_side([phones(column) for column in given], one.words)
        case Kind.DATE:
            return dates(given)[:, None]
        case Kind.SEX:
            return sexes(given[0])[:, None]
        case Kind.PLACE:
            return _places(given, vocabulary)
        case Kind.ROLE:
            return _by_value(given[0], role_word)[:, None]
        case Kind.SCHOOL:
            return _schools(given)[:, None]
        case Kind.ENCODED:
            return encoded(given[0])
        case Kind.TEXT:
            return vocabulary.add_texts(at, given[0])[:, None]
        case Kind.PART:
            return np.column_stack((vocabulary.add_names(given[0]), vocabulary.add_texts(at, given[0])))
        case Kind.NAME | Kind.FATHER:
            return _side_by_side([vocabulary.add_names(column) for column in given], one.words)


def _hint_at_sex(records: Words, vocabulary: Vocabulary) -> None:
    """Where the sex is not given, what Ould or Mint in the name tells, marked as such."""
    layout = vocabulary.layout
    for sex, name in zip(layout.of_kind(Kind.SEX), layout.of_kind(Kind.NAME), strict=False):
        told, first = records[:, layout.offsets[sex]], layout.offsets[name]
        for word in range(first, first + layout.fields[name].words):
            hints = vocabulary.names.sex_hints[records[:, word]].astype(np.uint32)
            untold = (told == 0) & (hints > 0)
            told[untold] = hints[untold] | np.uint32(HINT)


def _side_by_side(columns: Sequence[Words], words: int) -> Words:
    out = np.zeros((len(columns[0]), words), np.uint32)
    for at, column in enumerate(columns[:words]):
        out[:, at] = column
    return out


def plain(column: pl.Series) -> pl.Series:
    """A column of any type as texts, "" where nothing is written: a number that a file holds as 3.0 is written 3."""
    if column.dtype.is_float():
        whole = (column.is_null() | (column == column.round())).all()
        column = column.cast(pl.Int64, strict=False) if whole else column
    return column.cast(pl.String).fill_null("")


def numbers(column: pl.Series) -> npt.NDArray[np.uint64]:
    """Numbers of persons or households: 4 bits a digit; a prefix of letters and the zeros before it are dropped.

    What a spreadsheet has cut (9.93E+09) is missing. What holds other letters, or too many digits, is a hash.
    """
    codes, values = _typed(column)
    kept = values.str.to_lowercase().str.replace_all(_SEPARATORS, "").str.replace(_PREFIX, "")
    digits = kept.str.contains(r"^\d*$") & (kept.str.len_bytes() <= _DIGITS_KEPT)
    plain_numbers = pl.select(pl.when(digits).then(kept).otherwise(pl.lit("")))
    as_numbers = (
        plain_numbers.to_series().str.to_integer(base=16, dtype=pl.UInt64, strict=False).fill_null(0).to_numpy()
    )
    out, other = as_numbers.astype(np.uint64), ~digits.to_numpy()
    out[other] = hashes_of(kept.filter(~digits).to_list()) | np.uint64(NOT_DIGITS)
    return out[codes]


def number_text(text: str) -> str:
    """What is left of one number: `numbers` does the same to all of a column."""
    typed = as_typed(text)
    folded = typed if typed.isascii() else fold(typed)
    return re.sub(_PREFIX, "", re.sub(_SEPARATORS, "", folded.lower()))


def _typed(column: pl.Series) -> tuple[Codes, pl.Series]:
    """`distinct`, each value as somebody typed it, and folded where it is written in other letters than ASCII's."""
    codes, values = distinct(column)
    for pattern, mended in ((_ODDLY_TYPED, as_typed), (_OTHER_LETTERS, fold)):
        rows = values.str.contains(pattern).arg_true()
        values = values.scatter(rows, [mended(value) for value in values.gather(rows)])
    return codes, values


def as_typed(number: str) -> str:
    """A number without the `.0` or the exponent that a spreadsheet gave it; "" where digits of it are lost."""
    text = number.strip()
    if (found := _EXPONENT.match(text)) is None:
        return re.sub(r"^(\d+)\.0+$", r"\1", text)
    whole, fraction, exponent = found[1], found[2] or "", int(found[3])
    complete = len(fraction) >= exponent and not fraction[exponent:].strip("0")
    return whole + fraction[:exponent] if complete else ""


def phones(column: pl.Series) -> Words:
    """Telephone numbers: their last eight digits; 0 for what is too short to be one."""
    codes, values = _typed(column)
    digits = values.str.replace_all(r"\D", "")
    long_enough = digits.str.len_bytes() >= PHONE_DIGITS
    last = digits.str.tail(PHONE_DIGITS).cast(pl.UInt32, strict=False).fill_null(0)
    return np.where(long_enough.to_numpy(), last.to_numpy(), 0).astype(np.uint32)[codes]


def _count_shared_phones(records: Words, layout: Layout) -> None:
    """Write beside each phone on how many records it stands, as the logarithm to the base 2."""
    for at in layout.of_kind(Kind.PHONE):
        first, many = layout.offsets[at], min(layout.fields[at].words, MOST_PHONES)
        own = records[:, first : first + many]
        own &= np.uint32((1 << PHONE_BITS) - 1)
        values, codes, counts = np.unique(own, return_inverse=True, return_counts=True)
        shared = np.minimum(np.log2(counts).astype(np.uint32), SHARED_MOST)
        shared[values == 0] = 0
        own |= (shared << np.uint32(PHONE_BITS))[codes].reshape(own.shape)


def day_word(year: int, month: int = 0, day: int = 0) -> int:
    """A date as one word, see `fields.py`; month and day 0 for a year alone."""
    return year << 9 | month << 5 | day


@lru_cache(maxsize=262_144)
def date_word(written: str) -> int:
    """A date as it is written; a day that no calendar has is kept, for it is a slip away from one. 0 for no date."""
    text = written.strip()
    if not text:
        return 0
    if found := _DAY.match(text):
        year, month, day = (int(part) for part in found.groups() if part is not None)
        if found[1] and not (1 <= month <= 15 and _EARLIEST <= year <= _LATEST):
            return _other_date(text)  # eight digits, the day first
    elif found := _DAY_FIRST.match(text):
        day, month, year = map(int, found.groups())
    else:
        return _other_date(text)
    if not (1 <= day <= 31 and 1 <= month <= 15 and 1 <= year <= 9999):
        return day_word(year) if _EARLIEST <= year <= _LATEST else 0
    return day_word(year, *_known(month, day))


def _other_date(text: str) -> int:
    try:
        # What lies ahead is no birth: so a year of two digits is told from one of the century before.
        parsed = parse_date(text, datetime.now(UTC).date()).value
    except BadValue:
        return 0
    if parsed is None:
        return 0
    day = parsed.value
    return day_word(day.year) if parsed.precision == "year" else day_word(day.year, *_known(day.month, day.day))


def _known(month: int, day: int) -> tuple[int, int]:
    """31 December and 1 January are how a year alone is written."""
    return (0, 0) if (month, day) in ((12, 31), (1, 1)) else (month, day)


def year_word(year: str, month: str = "", day: str = "") -> int:
    """A date given in three parts: `dates` does the same to all of three columns."""
    y, m, d = map(_integer, (year, month, day))
    if not _EARLIEST <= y <= _LATEST:
        return 0
    whole = 0 < m <= 15 and 0 < d <= 31 and (m, d) not in ((12, 31), (1, 1))
    return day_word(y, m, d) if whole else day_word(y)


def dates(given: Sequence[pl.Series]) -> Words:
    """Dates of one column, or of three: year, month, day; a year with one of the others is a year alone."""
    if len(given) < 3:
        codes, values = distinct(given[0])
        return np.array([date_word(value) for value in values], np.uint32)[codes]
    parts = [_integers(column) for column in given]
    whole = (parts[1] > 0) & (parts[2] > 0) & (parts[1] <= 15) & (parts[2] <= 31)
    whole &= ~((parts[1] == 12) & (parts[2] == 31) | (parts[1] == 1) & (parts[2] == 1))
    years = np.where((parts[0] >= _EARLIEST) & (parts[0] <= _LATEST), parts[0], 0) << np.uint32(9)
    return np.where(whole & (years > 0), years | parts[1] << np.uint32(5) | parts[2], years).astype(np.uint32)


def _integers(column: pl.Series) -> Words:
    codes, values = distinct(column)
    return np.array([_integer(value) for value in values], np.uint32)[codes]


def _integer(text: str) -> int:
    """The first number in a text, or its first nine digits; 0 where there is none."""
    found = re.search(r"\d{1,9}", text)
    return int(found[0]) if found else 0


def sexes(column: pl.Series) -> Words:
    return _by_value(column, sex_word)


def _by_value(column: pl.Series, word_of: Callable[[str], int]) -> Words:
    codes, values = distinct(column)
    return np.array([word_of(value) for value in values], np.uint32)[codes]


def sex_word(text: str) -> int:
    try:
        told = parse_sex(text).value
    except BadValue:
        return 0
    return {"F": 1, "M": 2, None: 0}[told]


def encoded(column: pl.Series) -> Words:
    """[rows, words] filters written in base64, behind the number of their bits; zeros for what is none."""
    out = np.zeros((len(column), 1 + ENCODED_BITS // 32), np.uint32)
    told = pl.DataFrame({"filter": column.str.strip_chars().str.decode("base64", strict=False)})
    for at, one in enumerate(told["filter"].to_list()):
        if one is not None and len(one) == ENCODED_BITS // 8:
            out[at, 1:] = np.frombuffer(one, "<u4")
    out[:, 0] = np.bitwise_count(out[:, 1:]).sum(axis=1)
    return out


def role_word(text: str) -> int:
    """head, spouse or another relationship to the head; `household` for a row that stands for one."""
    if not text:
        return 0
    return {"head": 1, "spouse": 2, "household": SEEKS_HOUSEHOLD}.get(text, 3)


def _schools(given: Sequence[pl.Series]) -> Words:
    days, classes = distinct(given[0]), distinct(given[1])
    words = {
        (day, of): school_word(days[1][day], classes[1][of])
        for day, of in set(zip(days[0].tolist(), classes[0].tolist(), strict=True))
    }
    return np.array([words[pair] for pair in zip(days[0].tolist(), classes[0].tolist(), strict=True)], np.uint32)


def school_word(day: str, of_class: str = "") -> int:
    """The year of the list and the class, whose first digit is its year of school: 3AF is the third."""
    year = date_word(day) >> 9
    digit = re.search(r"\d", fold(of_class))
    return year << 4 | (int(digit[0]) if digit else NO_CLASS) if year else 0


def _places(given: Sequence[pl.Series], vocabulary: Vocabulary) -> Words:
    out = np.zeros((len(given[0]), 4), np.uint16)
    for level, column in enumerate(given[:PLACE_LEVELS]):
        codes, values = distinct(column)
        known = vocabulary.places[level]
        own = [known.setdefault(fold(value), len(known)) for value in values]
        # Past 65,535 names a level tells no more places apart: what is left is missing, not another place.
        out[:, level] = np.array([code if code < 1 << 16 else 0 for code in own], np.uint16)[codes]
    return out.view(np.uint32)
