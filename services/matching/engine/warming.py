"""Compiles every kernel once, so that nobody who asks something waits for it: a minute at the first set-up of a machine."""

import polars as pl

from services.matching.engine.compiling import kernels_kept
from services.matching.engine.fields import Field, Kind
from services.matching.engine.index import Index
from services.matching.engine.lists import compare_lists

FIELDS = (
    Field("id", Kind.NUMBER),
    Field("phone", Kind.PHONE),
    Field("birth", Kind.DATE),
    Field("sex", Kind.SEX),
    Field("place", Kind.PLACE, 2),
    Field("role", Kind.ROLE),
    Field("school", Kind.SCHOOL, 2),
    Field("name", Kind.NAME, 2),
    Field("father_name", Kind.FATHER),
    Field("given_name", Kind.PART),
    Field("family_name", Kind.PART),
    Field("address", Kind.TEXT),
    Field("encoded", Kind.ENCODED),
)
"""One of each kind: every kernel is met by them."""
_PEOPLE = (
    (
        "9900000033",
        "22334455",
        "1980-05-06",
        "M",
        "Amourj",
        "head",
        "2024",
        "محمد ولد أحمد",
        "Ahmed Sidi",
        "Mohamed",
        "Ahmed",
        "rue 1",
        "VVVV" * 42 + "VVU=",
    ),
    (
        "9900000130",
        "22334456",
        "1981",
        "F",
        "آمرج",
        "spouse",
        "2024",
        "Mariem Mint Salem",
        "Salem",
        "Mariem",
        "Salem",
        "rue 2",
        "VVVV" * 42 + "VVQ=",
    ),
    ("", "", "", "", "", "household", "", "Sid'Ahmed Ould Cheikh", "", "Sidi", "Ahmed", "ruelle 2", ""),
)


def columns() -> dict[str, list[pl.Series]]:
    """Some people, by field."""
    by_field = [pl.Series(values) for values in zip(*_PEOPLE, strict=True)]
    return {field.name: [column] * field.columns for field, column in zip(FIELDS, by_field, strict=True)}


def compile_kernels() -> bool:
    """Meet every kernel; whether anything had to be compiled."""
    before = kernels_kept()
    outcome = compare_lists(FIELDS, columns(), columns(), least=0.0)
    compare_lists(FIELDS, columns(), None, least=0.0)
    index = Index.build(outcome.layout, columns())
    values = {name: [series[0] for series in given] for name, given in columns().items()}
    index.add(values)
    index.find(outcome.model, values, index.looking())
    return kernels_kept() != before
