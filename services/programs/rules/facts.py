"""The facts of a beneficiary that a list tells, by the field of the list and by the column they are kept in."""

from collections.abc import Mapping

FACTS: Mapping[str, tuple[str, ...]] = {
    "household_number": ("household_number",),
    "name": ("name",),
    "father_name": ("father_name",),
    "nni": ("nni",),
    "phone": ("phones",),
    "phone_2": ("phones",),
    "sex": ("sex",),
    "birth_date": ("birth_date", "birth_precision"),
    "wilaya": ("wilaya",),
    "moughataa": ("moughataa",),
    "commune": ("commune",),
    "village": ("village",),
    "household_size": ("household_size",),
    "school": ("school",),
    "school_class": ("school_class",),
    "card_number": ("card_number",),
    "amount": ("amount_mru",),
}
"""By the field as a list names it: the columns of an enrollment that it fills."""
COLUMNS = tuple(dict.fromkeys(column for columns in FACTS.values() for column in columns))
OF_A_PERSON = ("name", "nni", "phone", "phone_2", "sex", "birth_date")
"""The facts that change when another person of the household receives."""
