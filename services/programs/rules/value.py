"""What an enrollment is worth in a month: the figure in which programs are compared and added up."""

from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal

from services.programs.rules.program import Value
from shared.values import looks_ten_times_off

CENT = Decimal("0.01")


def payment_due(version: Value, household_size: int | None) -> Decimal | None:
    """One payment in MRU as the program defines it; None where it depends on a household size nobody gave."""
    if version.per != "person":
        return version.amount_mru
    if household_size is None:
        return None
    return version.amount_mru * min(household_size, version.max_people or household_size)


def is_ten_times_off(version: Value, household_size: int | None, listed_amount: Decimal | None) -> bool:
    """Whether a listed payment is about ten times, or a tenth of, what the program gives: MRO taken for MRU."""
    due = payment_due(version, household_size)
    return listed_amount is not None and due is not None and looks_ten_times_off(listed_amount, due)


def monthly_value(
    version: Value, household_size: int | None, listed_amount: Decimal | None, given_since: Collection[Value] = ()
) -> Decimal | None:
    """MRU per month, in a month in which the program gives.

    The payment on the list counts before the program's own, unless it is ten times off: then its unit is in doubt; or
    unless it is just what the program gave by one of `given_since`, its values since the list came: then it has followed
    the program, and goes on doing so. None where the list gives no amount and the program's depends on a household size
    nobody gave.
    """
    payment = listed_amount
    follows = any(payment_due(one, household_size) == listed_amount for one in given_since)
    if payment is None or follows or is_ten_times_off(version, household_size, listed_amount):
        payment = payment_due(version, household_size)
    if payment is None:
        return None
    return (payment / version.months_per_payment).quantize(CENT, rounding=ROUND_HALF_UP)
