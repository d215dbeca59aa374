"""Fills the rows of a list from what is true, the way the clerk of that institution would."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from random import Random

from cli.demo.lists import Beneficiary
from cli.demo.people import Numbers, Person
from cli.demo.sheets import ListSpec
from cli.demo.spelling import Speller, mistype_digit

Cell = str | int | date | None
"""What stands in one cell. In a csv everything becomes text, a date as dd/mm/yyyy."""

NARROW_SPACE, NO_BREAK_SPACE = "\u202f", "\xa0"
EXCEL_EPOCH = date(1899, 12, 30)

CATEGORY_AR = {"extreme_poor": "فقير جدا", "poor": "فقير", "vulnerable": "هش", "not_poor": "غير فقير"}
DISABILITIES_AR = ("حركية", "بصرية", "سمعية", "ذهنية", "متعددة")
REMARKS_FR = (
    "absent",
    "décédé",
    "déménagé à Nouakchott",
    "carte perdue",
    "à vérifier",
    "remplacée par sa fille",
)
REMARKS_AR = ("غائب", "متوفى", "انتقل إلى نواكشوط", "ملف ناقص", "للتحقق")

MONTHS_ENROLLED = {"TEKAVOUL": 30, "TEMWINE": 20, "DISABILITY_CASH": 24}
"""The longest ago that somebody on the list of a program without a season entered it."""
NO_DAY = 0.03
"""Of the rows, that do not say when their beneficiary entered."""

BROKEN = ("name", "birth_date", "household_size", "phone")


class Clerk(Speller):
    """One institution's clerk. `sums` holds the totals of the rows filled so far, for the totals row."""

    def __init__(self, spec: ListSpec, rng: Random, numbers: Numbers, today: date) -> None:
        super().__init__(rng)
        self.spec = spec
        self.numbers = numbers
        self.today = today
        self.sums: Counter[str] = Counter()
        self._size = 0
        self._disabled: Person | None = None
        self._fill: dict[str, Callable[[Beneficiary], Cell]] = {
            "household_number": self._household_number,
            "name": self._name,
            "father_name": self._father_name,
            "nni": self._nni,
            "phone": self._phone,
            "phone_2": self._second_phone,
            "sex": self._sex,
            "birth_date": self._birth_date,
            "wilaya": lambda row: self.place(row.household.commune.wilaya, arabic=spec.arabic_words),
            "moughataa": lambda row: self.place(row.household.commune.moughataa, arabic=spec.arabic_words),
            "commune": lambda row: self.place(row.household.commune.name, arabic=spec.arabic_words),
            "village": lambda row: self.place(row.household.village, arabic=spec.arabic_words),
            "household_size": self._household_size,
            "amount": self._amount,
            "card_number": self._card_number,
            "category": self._category,
            "remark": self._remark,
            "school": lambda row: row.school,
            "school_class": lambda row: row.school_class,
            "action": lambda row: "حذف" if row.removed else "إضافة",
            "effective_on": self._effective_on,
            "shop": lambda row: f"{row.household.commune.code[2:5]}-{self.rng.randint(1, 40):02d}",
            "disabled_name": self._disabled_name,
            "disabled_birth": self._disabled_birth,
        }

    def write(self, row: Beneficiary, position: int, broken: str = "") -> tuple[list[Cell], str]:
        """The cells of one row in the order of the columns, and the notes on how they differ from the truth."""
        self.notes = []
        self._size = self._size_as_told(row)
        if not row.registered:
            self.note("not_in_registry")
        elif row.person is not row.household.head and not row.school:
            self.note("spouse")
        if row.duplicate:
            self.note("duplicate")
        if row.removed:
            self.note("removal")
        cells: list[Cell] = []
        for _, field in self.spec.columns:
            if field == "position":
                cells.append(position)
            elif field == broken:
                cells.append(self._break(field))
            else:
                cells.append(self._fill[field](row))
        return cells, ";".join(self.notes)

    def _break(self, field: str) -> Cell:
        self.note(f"broken_{field}")
        if field == "name":
            return ""
        if field == "household_size":
            return -self._size
        if field == "phone":
            return self.numbers.phone()[:5] + self.rng.choice(("ABC", "xxx", "OO7"))
        year = self.rng.randint(1950, 2005)
        return f"{year}5" if self._years_only else self.rng.choice((f"31/02/{year}", f"12/15/{year}", f"00/00/{year}"))

    @property
    def _years_only(self) -> bool:
        return self.spec.program in ("DISABILITY_CASH", "WFP_LEAN_SEASON", "SCHOOL_FEEDING")

    # -- who ---------------------------------------------------------------------------------------------------

    def _in_arabic(self, row: Beneficiary) -> bool:
        if row.school:
            # A school writes its register in one script.
            return Random(row.school).random() < self.spec.arabic_names
        return self.chance(self.spec.arabic_names)

    def _name(self, row: Beneficiary) -> Cell:
        arabic = self._in_arabic(row)
        self.note("arabic" if arabic else "latin")
        text = self.full_name(row.person.name, row.person.sex, arabic=arabic)
        if not arabic and self.chance(self.spec.upper_case):
            text = text.upper()
        return text.replace(" ", "  ", 1) if self.chance(0.015) else text

    def _father_name(self, row: Beneficiary) -> Cell:
        arabic, name = self._in_arabic(row), row.person.name
        spelled = self.arabic_name if arabic else self.latin_name
        if self.chance(0.03):
            self.note("no_father_name")
            return ""
        if self.chance(0.4):
            return spelled(name.father)
        second = name.grandfather if name.group == "hassaniya" else name.family
        return f"{spelled(name.father)} {spelled(second)}"

    def _sex(self, row: Beneficiary) -> Cell:
        female = row.person.sex == "F"
        if self.spec.english:
            return "Female" if female else "Male"
        if self.spec.arabic_words:
            return "أنثى" if female else "ذكر"
        if row.school:
            return "F" if female else "G"
        return "F" if female else "M"

    def _birth_date(self, row: Beneficiary) -> Cell:
        born_on = row.person.born_on if row.person.year_only else self.birth_date(row.person.born_on)
        if self._years_only:
            if self.chance(0.08):
                self.note("year_off")
                return born_on.year + self.rng.choice((-2, -1, 1, 2))
            return self._digits(str(born_on.year), born_on.year)
        if self.chance(0.06):
            return ""
        draw = self.rng.random()
        text = born_on.strftime("%d/%m/%Y")
        if row.person.year_only and draw < 0.6:
            return born_on.year if self.spec.is_xlsx else str(born_on.year)
        if draw < 0.70:
            return born_on if self.spec.is_xlsx else text
        if draw < 0.76:
            self.note("serial_date")
            return (born_on - EXCEL_EPOCH).days
        return born_on.strftime("%d-%m-%Y") if draw < 0.82 else text

    def _disabled_name(self, row: Beneficiary) -> Cell:
        disabled = [person for _, person in row.household.members if person.disabled]
        self._disabled = disabled[0] if disabled else row.household.members[-1][1]
        return self.full_name(self._disabled.name, self._disabled.sex, arabic=True)

    def _disabled_birth(self, row: Beneficiary) -> Cell:
        return self._disabled.born_on.year if self._disabled and self.chance(0.9) else None

    # -- numbers -----------------------------------------------------------------------------------------------

    def _digits(self, text: str, number: int | None = None) -> Cell:
        """A number as text in Arabic digits now and then, else as a number cell in a workbook."""
        if self.chance(self.spec.arabic_digits):
            self.note("arabic_digits")
            return self.arabic_digits(text, 1.0)
        return number if number is not None and self.spec.is_xlsx else text

    def _household_number(self, row: Beneficiary) -> Cell:
        if not self.chance(self.spec.household_numbers):
            return ""
        number = row.household.number
        if not number:
            if self.chance(0.7):
                return ""
            self.note("unknown_household_number")
            number = f"{row.household.commune.moughataa_code}{self.rng.randrange(5_000_000, 9_999_999):07d}"
        if self.chance(0.015):
            self.note("household_number_error")
            number = mistype_digit(self.rng, number)
        draw = self.rng.random()
        if draw < 0.02:
            self.note("household_number_without_prefix")
            return int(number[2:])  # MR0110000123 was kept as 0110000123, and Excel dropped the zero
        if draw < 0.04:
            return f"{number[:5]} {number[5:]}"
        return number.lower() if draw < 0.05 else number

    def _nni(self, row: Beneficiary) -> Cell:
        nni = row.person.nni
        if not nni or not self.chance(self.spec.national_ids):
            return ""
        if self.chance(0.012):
            self.note("nni_error")
            nni = mistype_digit(self.rng, nni)
        draw = self.rng.random()
        if draw < 0.03:
            self.note("nni_scientific")
            return f"{int(nni):.9E}".replace(".", "," if self.chance(0.5) else ".")
        if draw < 0.04:
            self.note("nni_lost")
            return f"{int(nni):.2E}".replace(".", ",")
        if draw < 0.07:
            return f"{nni}.0"
        if draw < 0.10:
            return f"{nni[:2]} {nni[2:6]} {nni[6:]}"
        return self._digits(nni, int(nni) if draw < 0.6 else None)

    def _phone(self, row: Beneficiary) -> Cell:
        if not self.chance(self.spec.phones):
            return ""
        number = row.household.phone
        if not number or self.chance(0.13):
            self.note("other_phone")
            number = self.numbers.phone()
        elif self.chance(0.01):
            self.note("phone_error")
            number = mistype_digit(self.rng, number)
        if "phone_2" not in self.spec.fields and self.chance(0.06):
            self.note("two_phones")
            sign = self.rng.choice((" / ", "/", " - ", " و " if self.spec.arabic_words else " ou "))
            both = [number, self.numbers.phone()]
            self.rng.shuffle(both)
            return sign.join(f"{n[:2]} {n[2:4]} {n[4:6]} {n[6:]}" for n in both)
        text = self.phone(number)
        return self._digits(text, int(text) if text.isdigit() and len(text) == 8 and self.chance(0.7) else None)

    def _second_phone(self, row: Beneficiary) -> Cell:
        return self.phone(self.numbers.phone()) if self.chance(0.12) else ""

    def _size_as_told(self, row: Beneficiary) -> int:
        size = len(row.household.members)
        if self.chance(0.85):
            return size
        if "household_size" in self.spec.fields:
            self.note("size_off")
        return max(1, size + self.rng.choice((-2, -1, 1, 1, 2)))

    def _household_size(self, row: Beneficiary) -> Cell:
        self.sums["household_size"] += self._size
        return self._digits(str(self._size), self._size)

    def _amount(self, row: Beneficiary) -> Cell:
        amount = self.spec.amount_flat or self.spec.amount_per_head * self._size
        if self.spec.currency == "MRO" and self.chance(0.005):
            self.note("amount_in_new_ouguiya")
            amount //= 10
        self.sums["amount"] += amount
        draw = self.rng.random()
        if draw < 0.06:
            return self._spaced(amount)
        if draw < 0.10:
            return f"{self._spaced(amount)},00"
        return self._digits(str(amount), amount)

    def _spaced(self, amount: int) -> str:
        space = NARROW_SPACE if self.spec.is_xlsx else NO_BREAK_SPACE
        return f"{amount:,}".replace(",", space)

    def _card_number(self, row: Beneficiary) -> Cell:
        number = self.rng.randrange(1_000, 9_999_999)
        return number if self.chance(0.05) else f"{number:08d}"

    # -- the rest ----------------------------------------------------------------------------------------------

    def _category(self, row: Beneficiary) -> Cell:
        if self.spec.program == "DISABILITY_CASH":
            return self.rng.choice(DISABILITIES_AR)
        return CATEGORY_AR[row.household.category] if self.chance(0.9) else ""

    def _remark(self, row: Beneficiary) -> Cell:
        if not self.chance(0.05):
            return ""
        return self.rng.choice(REMARKS_AR if self.spec.arabic_words else REMARKS_FR)

    def _effective_on(self, row: Beneficiary) -> Cell:
        if self.spec.program == "HEALTH_INSURANCE":
            month = self.rng.randint(8, 9) if row.removed else self.rng.randint(4, 6)
            return date(self.today.year, month, 1).strftime("%d/%m/%Y")
        rng = Random(f"{self.spec.program}:{row.person.name}:{row.household.village.latin}")
        if rng.random() < NO_DAY:
            return None
        day = self._enrolled_on(rng)
        return day.strftime("%d/%m/%Y") if self.spec.file.endswith(".csv") else day

    def _enrolled_on(self, rng: Random) -> date:
        """When the list says that the beneficiary entered; drawn apart, so that it moves nothing else of the sample."""
        season = {"TEKAVOUL_SEASONAL": 6, "EL_MAOUNA": 6, "WFP_LEAN_SEASON": 6, "SCHOOL_FEEDING": 10}
        if month := season.get(self.spec.program):
            year = self.today.year - (month > self.today.month or (month == self.today.month and self.today.day < 15))
            return date(year, month, rng.choice((1, 1, 1, 15)))
        months = self.today.year * 12 + self.today.month - 1 - rng.randint(2, MONTHS_ENROLLED[self.spec.program])
        return date(months // 12, months % 12 + 1, 1)
