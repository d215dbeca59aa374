"""What a list comes back with, in three languages."""

import pytest

from shared.remarks import kind_of_remark


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("Ménage en double", "duplicate"),
        ("مكررة مع MR0110000003", "duplicate"),
        ("not poor", "not_poor"),
        ("أسرة ميسورة", "not_poor"),
        ("غير فقيرة", "not_poor"),
        ("غير موجود", "absent"),
        ("Décédée en 2025", "death"),
        ("هاجر", "removal"),
        ("pauvre", None),
        ("", None),
    ],
)
def test_a_remark_is_known_by_its_words(cell: str, kind: str | None) -> None:
    assert kind_of_remark(cell) == kind
