"""Places as clerks write them, against the country's own tables."""

import csv
from importlib import resources

import pytest

from shared.place_names import PlaceIndex, PlaceRow, ResolvedPlace


def table(file: str) -> list[dict[str, str]]:
    with (resources.files("services.registry") / "data" / file).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def names(row: dict[str, str]) -> list[str]:
    return [row["name_fr"], row["name_ar"], *row["latin_variants"].split("|"), *row["arabic_variants"].split("|")]


def rows() -> list[PlaceRow]:
    return [
        *(PlaceRow(r["pcode"], "wilaya", None, names(r)) for r in table("wilayas.csv")),
        *(PlaceRow(r["pcode"], "moughataa", r["wilaya_pcode"], names(r)) for r in table("moughataas.csv")),
        *(PlaceRow(r["local_code"], "commune", r["moughataa_pcode"], [r["name_fr"]]) for r in table("communes.csv")),
    ]


@pytest.fixture(scope="module")
def index() -> PlaceIndex:
    return PlaceIndex(rows())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("Hodh Chargui", "Amorj", "BOUGADOUM"), ("MR01", "MR011", "MR011-C02")),
        (("الحوض الشرقي", "آمرج", "بوكادوم"), ("MR01", "MR011", "MR011-C02")),
        (("Hodh Ech Chargui", "Timbedra", "Timbédra"), ("MR01", "MR016", "MR016-C01")),
        (("Region of nowhere", "Nema", "Achemim"), ("MR01", "MR014", "MR014-C02")),
        (("", "", "Bougadoum"), ("MR01", "MR011", "MR011-C02")),
        (("Hodh Ech Chargui", "", "Bougadom"), ("MR01", "MR011", "MR011-C02")),
        (("MR01", "MR011", "MR011-C02"), ("MR01", "MR011", "MR011-C02")),
        (("Nouakchott-Sud", "Araffat", ""), ("MR15", "MR152", None)),
        (("Assaba", "Kiffa", "Zzzz"), ("MR03", "MR035", None)),
        (("", "", ""), (None, None, None)),
    ],
)
def test_a_place_is_found_parent_first(
    index: PlaceIndex, written: tuple[str, str, str], expected: tuple[str | None, str | None, str | None]
) -> None:
    assert index.resolve(*written) == ResolvedPlace(*expected)


def test_a_commune_name_that_exists_twice_is_not_guessed(index: PlaceIndex) -> None:
    # Lexeiba is a commune of Gorgol (MR045) and one of Trarza (MR067).
    assert index.resolve(None, None, "Lexeiba") == ResolvedPlace()
    assert index.resolve("Gorgol", None, "Lexeiba").moughataa_code == "MR045"


def test_every_place_is_found_by_its_own_names_in_any_order_of_rows(index: PlaceIndex) -> None:
    wilayas = {r["pcode"]: r["name_fr"] for r in table("wilayas.csv")}
    moughataas = {r["pcode"]: r for r in table("moughataas.csv")}
    turned = PlaceIndex(reversed(rows()))

    for commune in table("communes.csv"):
        parent = moughataas[commune["moughataa_pcode"]]
        written = (wilayas[parent["wilaya_pcode"]], parent["name_ar"], commune["name_fr"])
        assert index.resolve(*written).commune_code == commune["local_code"], written
        assert turned.resolve(*written) == index.resolve(*written)
