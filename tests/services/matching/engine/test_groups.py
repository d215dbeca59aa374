"""Which group each row of a list falls into."""

import polars as pl

from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.groups import groups_of

NAMES = ["محمد ولد أحمد", "Mohamed Ould Ahmed", "Mohamed ولد أحمد", "Amadou Diallo", "ممادو جالو", ""]


def series(values: list[str]) -> pl.Series:
    return pl.Series("x", values, pl.String)


def by_row(
    fields: list[Field], left: dict[str, list[pl.Series]], right: dict[str, list[pl.Series]]
) -> dict[str, list[str]]:
    return {one.by: [one.groups[at] for at in one.of.tolist()] for one in groups_of(layout_of(fields), left, right)}


def test_rows_fall_into_groups_by_what_the_list_tells_of_them() -> None:
    fields = [
        Field("name", Kind.NAME, 1), Field("sex", Kind.SEX), Field("place", Kind.PLACE, 2),
        Field("id", Kind.NUMBER), Field("household", Kind.NUMBER, shared=True),
    ]  # fmt: skip
    left = {"name": [series(["Sidi"])], "place": [series(["Hodh Chargui"]), series(["Néma"])]}
    right = {
        "name": [series(NAMES)],
        "sex": [series(["M", "", "F", "", "", ""])],
        "place": [series(["HODH CHARGUI", "Assaba", "", "الحوض الشرقي", "Assaba", ""]), series([""] * 6)],
        "id": [series(["9900000130", "", "", "", "", ""])],
        "household": [series(["", "12", "", "", "", ""])],
    }
    told = by_row(fields, left, right)
    assert told["script"] == ["arabic", "latin", "mixed", "latin", "arabic", ""]
    # The second is a man by the Ould in his name alone; the fourth says nothing.
    assert told["sex"] == ["M", "M", "F", "", "", ""]
    # As the registry writes it, in whatever script or letters the list does.
    assert told["place"] == ["Hodh Chargui", "Assaba", "", "Hodh Chargui", "Assaba", ""]
    assert told["clan"] == ["other", "other", "other", "pulaar_soninke_wolof", "pulaar_soninke_wolof", ""]
    assert told["number"] == ["with", *["without"] * 5]  # a household's number is nobody's own


def test_a_name_in_each_script_is_told_from_one_in_both() -> None:
    fields = [Field("name", Kind.NAME, 2)]
    right = {"name": [series(["Sidi", "Sidi سيدي", "", "Sidi"]), series(["سيدي", "", "سيدي", ""])]}
    assert by_row(fields, {}, right)["script"] == ["both", "mixed", "arabic", "latin"]


def test_names_in_two_parts_are_grouped_too() -> None:
    fields = [Field("given_name", Kind.PART), Field("family_name", Kind.PART)]
    right = {"given_name": [series(["Amadou", "Sidi"])], "family_name": [series(["Diallo", "Bowba"])]}
    told = by_row(fields, {}, right)
    assert told["script"] == ["latin", "latin"]
    assert told["clan"] == ["pulaar_soninke_wolof", "other"]


def test_the_commonest_and_the_rarest_quarter_are_told_apart() -> None:
    fields = [Field("name", Kind.NAME, 1)]
    names = ["Mohamed Ahmed"] * 5 + ["Sidi Bowba"] * 2 + ["Yeslem Zeidane", "Lemrabott Abeidna", "Oumar Beyrouk"]
    told = by_row(fields, {"name": [series(names)]}, {"name": [series(names)]})["rarity"]
    assert told == ["common"] * 5 + ["between"] * 2 + ["rare"] * 3


def test_without_names_or_places_there_are_no_groups_of_them() -> None:
    assert by_row([Field("birth", Kind.DATE)], {}, {"birth": [series(["1990-02-03"])]}) == {}
