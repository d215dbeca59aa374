"""Numbers, money, shares, days and months as each language writes them, for printed pages and charts."""

from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal

from shared.text import Language

# Thin spaces between thousands in Arabic too: the point of ar_MR (1.053) would be read as a decimal one.
NUMBERS: dict[Language, str] = {"ar": "fr", "fr": "fr", "en": "en_GB"}
DAYS: dict[Language, str] = {"ar": "ar", "fr": "fr", "en": "en_GB"}
DASH = "–"
MILLION = 1_000_000
ISOLATED, ENDED = "\u2066", "\u2069"
"""What stands between is laid out from left to right, whatever stands around it."""


class Writer:
    """Writes what a page shows in one language; what is None is a dash, what is hidden says so elsewhere."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._numbers, self._days = NUMBERS[language], DAYS[language]

    def number(self, value: float | None, places: int = 0) -> str:
        if value is None:
            return DASH
        return self._whole(format_decimal(round(value, places), format=f"#,##0.{'#' * places}", locale=self._numbers))

    def _whole(self, written: object) -> str:
        """A sign stays before its number in a line from right to left, where it would go behind it."""
        text = str(written)
        return f"{ISOLATED}{text}{ENDED}" if self.language == "ar" and not text[:1].isdigit() else text

    def share(self, value: float | None) -> str:
        """Percent with one place: `12,4 %`; a no-break space keeps it together."""
        if value is None:
            return DASH
        return str(format_decimal(round(value * 100, 1), format="#,##0.0", locale=self._numbers)) + "\u00a0%"

    def money(self, mru: float | None) -> str:
        """Whole MRU; from a million on in millions with two places: whoever needs the exact amount reads the result."""
        if mru is None:
            return DASH
        if abs(mru) >= MILLION:
            return f"{self.number(mru / MILLION, 2)}\u00a0{MILLIONS[self.language]}"
        return self.number(mru)

    def change(self, value: float | None) -> str:
        """Money with its sign."""
        if value is None:
            return DASH
        if abs(value) >= MILLION:
            return f"{self.signed(value / MILLION, 2)}\u00a0{MILLIONS[self.language]}"
        return self.signed(value, 0)

    def signed(self, value: float, places: int) -> str:
        """A number with its sign: `+2,4`."""
        rounded = round(value, places)
        sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
        return self._whole(sign + self.number(abs(rounded), places))

    def day(self, day: date) -> str:
        return str(format_date(day, "d MMMM y", locale=self._days))

    def month(self, month: date) -> str:
        return str(format_date(month, "LLLL y", locale=self._days))

    def short_month(self, month: date) -> str:
        return str(format_date(month, "LLL", locale=self._days)).rstrip(".")


MILLIONS: dict[Language, str] = {"ar": "مليون", "fr": "millions", "en": "million"}
