"""Why a value of a request is not accepted, in three languages: pydantic's kinds of error in our words.

Never the value itself: it may be a person's.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from shared.text import Text

SAID = "not_accepted"


def not_accepted(text: Text) -> PydanticCustomError:
    """What a validator of ours raises: `raise not_accepted(Text(...))`."""
    return PydanticCustomError(SAID, "{en}", {"ar": text.ar, "fr": text.fr, "en": text.en})


def reason_of(error: Mapping[str, Any]) -> Text:
    """The reason of one of pydantic's errors."""
    context = error.get("ctx") or {}
    if error["type"] == SAID:
        return Text(ar=context["ar"], fr=context["fr"], en=context["en"])
    text = REASONS.get(error["type"])
    if text is None:
        return next((text for start, text in FAMILIES.items() if error["type"].startswith(start)), OTHER)
    # pydantic joins the last of its choices by an English word.
    return text.format(**{name: str(context.get(name, "")).replace("' or '", "', '") for name in NAMES})


NAMES = ("expected", "expected_tags", "max_length", "min_length", "pattern", "ge", "le", "gt", "lt", "max_digits",
         "decimal_places")  # fmt: skip
"""What pydantic tells of a bound; never what it tells of the value."""

OTHER = Text(
    ar="القيمة ليست بالشكل المطلوب؛ انظر ‎/docs",
    fr="la valeur n'a pas la forme attendue ; voir /docs",
    en="the value has not the form that is expected; see /docs",
)
_CHOICE = Text(ar="المقبول: {expected}", fr="accepté : {expected}", en="accepted: {expected}")
_DATE = Text(
    ar="هذا ليس تاريخا موجودا؛ المقبول: سنة-شهر-يوم مثل 2026-05-31",
    fr="ce n'est pas une date existante ; accepté : aaaa-mm-jj, par exemple 2026-05-31",
    en="this is not a date that exists; accepted: yyyy-mm-dd, such as 2026-05-31",
)
_MOMENT = Text(
    ar="هذه ليست لحظة مقروءة؛ المقبول: ISO 8601 مثل 2026-05-31T08:00:00Z",
    fr="ce n'est pas un instant lisible ; accepté : ISO 8601, par exemple 2026-05-31T08:00:00Z",
    en="this is not a readable moment; accepted: ISO 8601, such as 2026-05-31T08:00:00Z",
)
_NUMBER = Text(ar="المقبول: عدد", fr="accepté : un nombre", en="accepted: a number")
_TEXT = Text(ar="المقبول: نص", fr="accepté : un texte", en="accepted: a text")
_LIST = Text(ar="المقبول: قائمة", fr="accepté : une liste", en="accepted: a list")
_OBJECT = Text(ar="المقبول: كائن JSON", fr="accepté : un objet JSON", en="accepted: a JSON object")
_YES_NO = Text(ar="المقبول: true أو false", fr="accepté : true ou false", en="accepted: true or false")
_UUID = Text(ar="هذا ليس معرّفا (UUID)", fr="ce n'est pas un identifiant (UUID)", en="this is not an id (UUID)")

FAMILIES: Mapping[str, Text] = {
    "datetime_": _MOMENT,
    "timezone_": _MOMENT,
    "date_": _DATE,
    "uuid_": _UUID,
    "bool_": _YES_NO,
    "int_": _NUMBER,
    "float_": _NUMBER,
    "decimal_": _NUMBER,
    "finite_": _NUMBER,
    "string_": _TEXT,
    "list_": _LIST,
    "dict_": _OBJECT,
    "model_": _OBJECT,
    "json_": Text(ar="هذا ليس JSON صحيحا", fr="ce n'est pas du JSON valide", en="this is not valid JSON"),
}
"""By the beginning of pydantic's type of error, where no bound has to be told."""

REASONS: Mapping[str, Text] = {
    "missing": Text(ar="الحقل ناقص وهو واجب", fr="le champ manque ; il est obligatoire", en="the field is missing; it is required"),
    "extra_forbidden": Text(ar="لا يوجد حقل بهذا الاسم هنا", fr="aucun champ ne porte ce nom ici", en="no field has this name here"),
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "union_tag_invalid": Text(ar="المقبول: {expected_tags}", fr="accepté : {expected_tags}", en="accepted: {expected_tags}"),
    "union_tag_not_found": Text(ar="الحقل kind ناقص", fr="le champ kind manque", en="the field kind is missing"),
    "string_too_long": Text(
        ar="النص أطول من {max_length} حرفا", fr="texte de plus de {max_length} caractères", en="longer than {max_length} characters"
    ),
    "string_too_short": Text(
        ar="النص أقصر من {min_length} حرفا", fr="texte de moins de {min_length} caractères", en="shorter than {min_length} characters"
    ),
    "string_pattern_mismatch": Text(
        ar="المقبول: ما يوافق {pattern}", fr="accepté : ce qui correspond à {pattern}", en="accepted: what matches {pattern}"
    ),
    "too_long": Text(ar="أكثر من {max_length}", fr="plus de {max_length}", en="more than {max_length}"),
    "too_short": Text(ar="أقل من {min_length}", fr="moins de {min_length}", en="fewer than {min_length}"),
    "greater_than_equal": Text(ar="المقبول: {ge} أو أكثر", fr="accepté : {ge} ou plus", en="accepted: {ge} or more"),
    "less_than_equal": Text(ar="المقبول: {le} أو أقل", fr="accepté : {le} ou moins", en="accepted: {le} or less"),
    "greater_than": Text(ar="المقبول: أكثر من {gt}", fr="accepté : plus de {gt}", en="accepted: more than {gt}"),
    "less_than": Text(ar="المقبول: أقل من {lt}", fr="accepté : moins de {lt}", en="accepted: less than {lt}"),
    "decimal_max_digits": Text(ar="أكثر من {max_digits} أرقام", fr="plus de {max_digits} chiffres", en="more than {max_digits} digits"),
    "decimal_max_places": Text(
        ar="أكثر من {decimal_places} أرقام بعد الفاصلة",
        fr="plus de {decimal_places} décimales",
        en="more than {decimal_places} decimal places",
    ),
}  # fmt: skip
