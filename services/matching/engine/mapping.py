"""What the columns of two files hold, as the writer of a mapping file says it.

    record_id: rec_id                 # without it, a record is called by its number, from 0
    fields:
      name: [name_fr, name_ar]        # a full name in one spelling or two; "{prenom} {nom}" joins columns
    # given_name: given_name          # instead of a full name: both parts, or one of them
    # family_name: surname
      father_name: father
      sex: sex
      birth_date: date_of_birth       # or birth_year, with birth_month and birth_day where they are known
      id: nni                         # numbers of a person; a list of columns where there are several
      household: household_number     # a number that a whole household bears, the registry's or the list's own
      phone: [phone, phone_2]
      place: [wilaya, moughataa, commune]     # widest first
      extra: [address_1, suburb]      # anything else that two records of one person share
      encoded: encoded                # instead of all of these: what `tekamoul match encode` made of them

Where the files call a column by different names: `sex: {left: sexe, right: sex}`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from services.matching.engine.fields import MOST_PHONES, MOST_SPELLINGS, PLACE_LEVELS, Field, Kind
from shared.text import Text

Side = Literal["left", "right"]

_MOST: Final = {
    "name": MOST_SPELLINGS,
    "phone": MOST_PHONES,
    "place": PLACE_LEVELS,
    "id": 4,
    "household": 2,
    "extra": 8,
}
_ONE: Final = (
    "given_name",
    "family_name",
    "father_name",
    "sex",
    "birth_date",
    "birth_year",
    "birth_month",
    "birth_day",
    "encoded",
)
FIELDS: Final = (*_MOST, *_ONE)
_MEETING: Final = (Kind.ENCODED, Kind.NUMBER, Kind.PHONE, Kind.DATE, Kind.NAME, Kind.PART)
_JOINED = re.compile(r"\{([^{}]+)\}")

PROBLEMS: Final[dict[str, Text]] = {
    "mapping_unreadable": Text(
        ar="ملف المطابقة ليس YAML مقروءا: {reason}",
        fr="Le fichier de correspondance n'est pas du YAML lisible : {reason}",
        en="The mapping file is not readable YAML: {reason}",
    ),
    "mapping_empty": Text(
        ar="لا يذكر ملف المطابقة أي حقل. الحقول الممكنة: {fields}.",
        fr="La correspondance ne nomme aucun champ. Champs possibles : {fields}.",
        en="The mapping names no field. There are: {fields}.",
    ),
    "mapping_unknown_field": Text(
        ar="الحقل {field} غير معروف في ملف المطابقة. الحقول الممكنة: {fields}.",
        fr="Le champ {field} de la correspondance est inconnu. Champs possibles : {fields}.",
        en="The mapping's field {field} is not known. There are: {fields}.",
    ),
    "mapping_bad_value": Text(
        ar="قيمة {field} في ملف المطابقة ينبغي أن تكون اسم عمود، أو قائمة من {most} أسماء على الأكثر، أو left و right.",
        fr="La valeur de {field} doit être un nom de colonne, une liste de {most} au plus, ou left et right.",
        en="The value of {field} must be the name of a column, a list of at most {most}, or left and right.",
    ),
    "mapping_name_twice": Text(
        ar="اختر إما name وإما given_name و family_name، لا كليهما.",
        fr="Choisissez name, ou bien given_name et family_name, pas les deux.",
        en="Choose name, or given_name and family_name, not both.",
    ),
    "mapping_date_twice": Text(
        ar="اختر إما birth_date وإما birth_year مع birth_month و birth_day.",
        fr="Choisissez birth_date, ou bien birth_year avec birth_month et birth_day.",
        en="Choose birth_date, or birth_year with birth_month and birth_day.",
    ),
    "mapping_nothing_to_meet_by": Text(
        ar="لا يمكن مقارنة السجلات بالجنس أو المكان وحدهما: أضف اسما أو تاريخ ميلاد أو رقما.",
        fr="On ne peut comparer par le sexe ou le lieu seuls : ajoutez un nom, une date de naissance ou un numéro.",
        en="Records cannot be compared by sex or place alone: add a name, a birth date or a number.",
    ),
    "column_not_found": Text(
        ar="العمود {column} غير موجود في {file}. الأعمدة: {columns}.",
        fr="La colonne {column} n'existe pas dans {file}. Colonnes : {columns}.",
        en="The column {column} is not in {file}. Its columns: {columns}.",
    ),
}


class MappingRefused(Exception):
    """A mapping that cannot be used. `str()` is the code; `text` says what would be accepted."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.text = PROBLEMS[code].format(**{"fields": ", ".join(FIELDS), **values})


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value stands: a column, or several joined by what is written between them."""

    written: str

    @property
    def columns(self) -> tuple[str, ...]:
        joined = tuple(_JOINED.findall(self.written))
        return joined or (self.written,)

    @property
    def template(self) -> str | None:
        """What `polars.format` takes, or None for a column as it is."""
        return _JOINED.sub("{}", self.written) if _JOINED.search(self.written) else None


@dataclass(frozen=True)
class ListMapping:
    """A mapping that was read: for each field of a record, the columns of either file."""

    record_id: dict[Side, str | None]
    fields: tuple[Field, ...]
    columns: dict[Side, dict[str, tuple[Column, ...]]]

    def refuse_what_never_meets(self) -> None:
        """Raises MappingRefused where no field by which records are found stands in both files."""
        left, right = self.columns["left"], self.columns["right"]
        if not _can_meet([one for one in self.fields if one.name in left and one.name in right]):
            raise MappingRefused("mapping_nothing_to_meet_by")


def read_mapping(text: str) -> ListMapping:
    """Raises MappingRefused."""
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MappingRefused("mapping_unreadable", reason=str(error).splitlines()[0]) from error
    if not isinstance(told, Mapping) or not isinstance(told.get("fields"), Mapping) or not told["fields"]:
        raise MappingRefused("mapping_empty")
    given = {str(name): value for name, value in told["fields"].items() if value not in (None, "", [])}
    for name in given:
        if name not in FIELDS:
            raise MappingRefused("mapping_unknown_field", field=name)
    if "name" in given and ("given_name" in given or "family_name" in given):
        raise MappingRefused("mapping_name_twice")
    if "birth_date" in given and any(name.startswith("birth_") and name != "birth_date" for name in given):
        raise MappingRefused("mapping_date_twice")
    sides: dict[Side, dict[str, tuple[Column, ...]]] = {
        "left": {name: _columns(name, value, "left") for name, value in given.items()},
        "right": {name: _columns(name, value, "right") for name, value in given.items()},
    }
    fields = tuple(_fields(sides))
    if not _can_meet(fields):
        raise MappingRefused("mapping_nothing_to_meet_by")
    ids = told.get("record_id")
    record_id: dict[Side, str | None] = {
        side: str(one) if (one := ids.get(side) if isinstance(ids, Mapping) else ids) is not None else None
        for side in ("left", "right")
    }
    return ListMapping(record_id, fields, {side: dict(_by_field(columns, fields)) for side, columns in sides.items()})


def _can_meet(fields: Sequence[Field]) -> bool:
    """Whether records can be found by these fields: a single extra field is not enough, two of them are."""
    return any(one.kind in _MEETING for one in fields) or sum(one.kind is Kind.TEXT for one in fields) > 1


def _columns(name: str, value: Any, side: Side) -> tuple[Column, ...]:
    """The columns of one field in one file; empty where that file does not have it."""
    most = _MOST.get(name, 1)
    if isinstance(value, Mapping):
        if not set(value) <= {"left", "right"}:
            raise MappingRefused("mapping_bad_value", field=name, most=most)
        value = value.get(side)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    written = all(isinstance(one, (str, int)) and str(one) for one in listed)
    if len(listed) > most or not written or any(re.search(r"[{}]", _JOINED.sub("", str(one))) for one in listed):
        raise MappingRefused("mapping_bad_value", field=name, most=most)
    return tuple(Column(str(one)) for one in listed)


def _fields(sides: dict[Side, dict[str, tuple[Column, ...]]]) -> Iterator[Field]:
    """The fields of a record. Several numbers, and several extra fields, are fields of their own."""
    given = {name: max(len(sides["left"][name]), len(sides["right"][name])) for name in sides["left"]}
    kinds = {
        "name": Kind.NAME, "given_name": Kind.PART, "family_name": Kind.PART, "father_name": Kind.FATHER,
        "sex": Kind.SEX, "phone": Kind.PHONE, "place": Kind.PLACE, "encoded": Kind.ENCODED,
    }  # fmt: skip
    for name, kind in kinds.items():
        if given.get(name):
            yield Field(name, kind, given[name])
    if given.get("birth_date") or given.get("birth_year"):
        yield Field("birth", Kind.DATE, 1 if given.get("birth_date") else 3)
    for name, kind in (("id", Kind.NUMBER), ("household", Kind.NUMBER), ("extra", Kind.TEXT)):
        for at in range(given.get(name, 0)):
            yield Field(_numbered(name, at, sides), kind, shared=name == "household")
    if given.get("name") and not given.get("sex"):
        yield Field("sex", Kind.SEX, 0)  # what Ould and Mint tell


def _numbered(name: str, at: int, sides: dict[Side, dict[str, tuple[Column, ...]]]) -> str:
    """Extra fields are called by their column; numbers by what they are, and which of several."""
    if name == "extra":
        columns = [column.written for column in sides["left"][name] or sides["right"][name]]
        taken = (*FIELDS, "birth", "id_2", "id_3", "id_4", "household_2", *columns[:at])
        return columns[at] if at < len(columns) and columns[at] not in taken else f"extra_{at + 1}"
    return name if at == 0 else f"{name}_{at + 1}"


def _by_field(
    columns: dict[str, tuple[Column, ...]], fields: Sequence[Field]
) -> Iterator[tuple[str, tuple[Column, ...]]]:
    """The columns of one file by field of the record; a field that the file does not have is left out."""
    numbered = {name: list(columns.get(name, ())) for name in ("id", "household", "extra")}
    for field in fields:
        if field.name == "birth":
            year, *rest = (columns.get(name, ()) for name in ("birth_year", "birth_month", "birth_day"))
            # A month without a day, or a day without a month, says no more than the year.
            found = columns.get("birth_date") or (year + rest[0] + rest[1] if year and all(rest) else year)
        elif field.kind in (Kind.NUMBER, Kind.TEXT):
            group = "extra" if field.kind is Kind.TEXT else "household" if field.shared else "id"
            found = (numbered[group].pop(0),) if numbered[group] else ()
        else:
            found = columns.get(field.name, ())
        if found:
            yield field.name, found
