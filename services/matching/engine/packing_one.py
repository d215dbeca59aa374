"""One record made into a packed one, without the machinery of whole columns: what `packing.pack` gives for a list of one."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from services.matching.engine.fields import PLACE_LEVELS, Field, Kind
from services.matching.engine.hashing import hashes_of
from services.matching.engine.packing import (
    HINT,
    NOT_DIGITS,
    PHONE_DIGITS,
    Vocabulary,
    Words,
    as_typed,
    date_word,
    encoded,
    number_text,
    role_word,
    school_word,
    sex_word,
    year_word,
)
from shared.spelling import fold

Values = Mapping[str, Sequence[str | None]]
"""By field: its texts, in the order that its kind asks for (spellings, phones, levels of place, year month day)."""
_NOT_DIGITS = re.compile(r"\D")
_LOW = (1 << 32) - 1


def pack_one(values: Values, vocabulary: Vocabulary) -> Words:
    """[1, width] the packed record; its names and texts are added to the vocabulary. A field not given is missing."""
    layout = vocabulary.layout
    record = np.zeros((1, layout.width), np.uint32)
    for at, (field, offset) in enumerate(zip(layout.fields, layout.offsets, strict=True)):
        given = [text or "" for text in values.get(field.name, ())]
        if any(given):
            words = _words(at, field, given, vocabulary)[: field.words]
            record[0, offset : offset + len(words)] = words
    for sex, name in zip(layout.of_kind(Kind.SEX), layout.of_kind(Kind.NAME), strict=False):
        if record[0, layout.offsets[sex]] == 0:
            first = layout.offsets[name]
            hints = vocabulary.names.sex_hints[record[0, first : first + layout.fields[name].words]]
            told = next((int(hint) for hint in hints if hint), 0)
            record[0, layout.offsets[sex]] = told | HINT if told else 0
    return record


def _words(at: int, field: Field, given: Sequence[str], vocabulary: Vocabulary) -> Sequence[int]:
    match field.kind:
        case Kind.NUMBER:
            number = number_word(given[0])
            return number & _LOW, number >> 32
        case Kind.PHONE:
            return [phone_word(text) for text in given]
        case Kind.DATE:
            return [date_word(given[0]) if len(given) < 3 else year_word(*given)]
        case Kind.SEX:
            return [sex_word(given[0])]
        case Kind.PLACE:
            codes = [_known_place(level, text, vocabulary) for level, text in enumerate(given[:PLACE_LEVELS])]
            codes += [0] * (4 - len(codes))
            return codes[0] | codes[1] << 16, codes[2] | codes[3] << 16
        case Kind.ROLE:
            return [role_word(given[0])]
        case Kind.SCHOOL:
            return [school_word(*given[:2])]
        case Kind.ENCODED:
            return list(map(int, encoded(pl.Series(given[:1], dtype=pl.String))[0]))
        case Kind.TEXT:
            return list(map(int, vocabulary.texts.add(at, given[:1])))
        case Kind.PART:
            return list(map(int, (*vocabulary.names.add(given[:1]), *vocabulary.texts.add(at, given[:1]))))
        case Kind.NAME | Kind.FATHER:
            return list(map(int, vocabulary.names.add(given)))


def _known_place(level: int, text: str, vocabulary: Vocabulary) -> int:
    known = vocabulary.places[level]
    code = known.setdefault(fold(text), len(known))
    return code if code < 1 << 16 else 0


def number_word(text: str) -> int:
    """A number as `packing.numbers` has it."""
    kept = number_text(text)
    if not kept:
        return 0
    if kept.isdigit() and len(kept) <= 15:
        return int(kept, 16)
    return int(hashes_of([kept])[0]) | NOT_DIGITS


def phone_word(text: str) -> int:
    """A phone as `packing.phones` has it."""
    typed = as_typed(text)
    digits = _NOT_DIGITS.sub("", typed if typed.isascii() else fold(typed))
    return int(digits[-PHONE_DIGITS:]) if len(digits) >= PHONE_DIGITS else 0
