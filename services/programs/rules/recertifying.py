"""When an enrollment is to be looked at again."""

from calendar import monthrange
from datetime import date


def months_after(day: date, months: int | None) -> date | None:
    """The same day so many months later, or the last of that month: 31 August and 6 months is 28 February. None stays None."""
    if months is None:
        return None
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
