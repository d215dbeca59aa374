"""The reasons of an invalid request, in the caller's language and without the value that was sent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.invalid import OTHER, not_accepted, reason_of
from shared.text import Text

OURS = Text(ar="لا", fr="non", en="no")


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: date = date(2026, 1, 1)
    moment: datetime | None = None
    id: UUID | None = None
    kind: Literal["a", "b"] = "a"
    name: Annotated[str, Field(max_length=5, min_length=2)] = "xx"
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "AB"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    score: Annotated[Decimal, Field(decimal_places=2)] = Decimal(1)
    yes: bool = True
    many: Annotated[list[int], Field(max_length=2)] = []
    ours: int = 0

    @field_validator("ours")
    @classmethod
    def _never_seven(cls, value: int) -> int:
        if value == 7:
            raise not_accepted(OURS)
        return value


@pytest.mark.parametrize(
    ("sent", "ar", "fr", "en"),
    [
        (
            {"day": "2026-02-31"},
            "هذا ليس تاريخا موجودا؛ المقبول: سنة-شهر-يوم مثل 2026-05-31",
            "ce n'est pas une date existante ; accepté : aaaa-mm-jj, par exemple 2026-05-31",
            "this is not a date that exists; accepted: yyyy-mm-dd, such as 2026-05-31",
        ),
        ({"kind": "Zahra"}, "المقبول: 'a', 'b'", "accepté : 'a', 'b'", "accepted: 'a', 'b'"),
        ({"name": "x" * 10_000_000}, "النص أطول من 5 حرفا", "texte de plus de 5 caractères", "longer than 5 characters"),
        ({"count": 10}, "المقبول: 9 أو أقل", "accepté : 9 ou moins", "accepted: 9 or less"),
        ({"many": [1, 2, 3]}, "أكثر من 2", "plus de 2", "more than 2"),
        ({"id": "Zahra"}, "هذا ليس معرّفا (UUID)", "ce n'est pas un identifiant (UUID)", "this is not an id (UUID)"),
        ({"score": "1.005"}, "أكثر من 2 أرقام بعد الفاصلة", "plus de 2 décimales", "more than 2 decimal places"),
        ({"Zahra": 1}, "لا يوجد حقل بهذا الاسم هنا", "aucun champ ne porte ce nom ici", "no field has this name here"),
        ({"code": "zz"}, "المقبول: ما يوافق ^[A-Z]{2}$", "accepté : ce qui correspond à ^[A-Z]{2}$", "accepted: what matches ^[A-Z]{2}$"),
        ({"ours": 7}, "لا", "non", "no"),
    ],
)  # fmt: skip
def test_each_kind_of_error_has_its_words(sent: dict[str, Any], ar: str, fr: str, en: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Sent.model_validate(sent)
    [error] = caught.value.errors()

    assert reason_of(error) == Text(ar=ar, fr=fr, en=en)


@pytest.mark.parametrize("sent", [{"moment": "Zahra"}, {"yes": "Zahra"}, {"count": "Zahra"}, {"name": 1}, {"many": 3}])
def test_every_family_of_errors_says_what_is_accepted(sent: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Sent.model_validate(sent)
    reason = reason_of(caught.value.errors()[0])

    assert reason != OTHER
    assert "Zahra" not in reason.ar + reason.fr + reason.en


def test_an_error_nobody_has_words_for_still_tells_where_to_look() -> None:
    assert reason_of({"type": "something_new", "msg": "x"}) == OTHER
