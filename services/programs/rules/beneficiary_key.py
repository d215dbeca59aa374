"""Under which key a beneficiary counts as one: the database refuses two active enrollments with the same key.

Household programs: the household number. Otherwise, or where the list has none: the card, then the national id if its
check holds, then a hash of what the row says of the person. A key is for one program; links across programs are
matching's work, on evidence.
"""

import hashlib

from services.programs.rules.listed import Listed
from services.programs.rules.program import Unit
from shared.household_number import is_household_number
from shared.values import fold, nni_check_holds


def beneficiary_key(unit: Unit, row: Listed) -> str:
    """`household:MR0110000123`, `card:00123456`, `nni:9900000075` or `person:<32 hexadecimal digits>`."""
    if unit.of_households and row.household_number and is_household_number(row.household_number):
        return f"household:{row.household_number}"
    if row.card_number:
        return f"card:{row.card_number}"
    if row.nni and nni_check_holds(row.nni):
        return f"nni:{row.nni}"
    return f"person:{_hash_of_person(row)}"


def _hash_of_person(row: Listed) -> str:
    said = (
        fold(row.name),
        fold(row.father_name),
        row.birth_date.isoformat() if row.birth_date else "",
        row.phones[0] if row.phones else "",
        fold(row.school),
        fold(row.school_class),
        fold(row.village),
        # Two villages or schools of one name are told apart by where they are.
        fold(row.commune),
        fold(row.moughataa),
    )
    # A separator that folding never leaves keeps ("ab", "c") and ("a", "bc") apart.
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:32]
