"""Header texts of real and sample lists, and the field each must be understood as. `-` is a column of no field."""

from __future__ import annotations

import pytest

from shared.headers import FIELDS, HeaderFinder, Layout

# The headers of the eight sample lists (cli/demo/README.md), in the order of their columns.
SAMPLE_LISTS = {
    "tekavoul_regular": """
        N° = -; Wilaya = wilaya; Moughataa = moughataa; Commune = commune; Localité = village; N° Ménage = household_number;
        Nom et prénom du bénéficiaire = name; Sexe = sex; Date de naissance = birth_date; NNI = nni; Téléphone = phone;
        Taille ménage = household_size; Montant (MRU) = amount; Observations = remark""",
    "tekavoul_seasonal": """
        Moughataa = moughataa; Commune = commune; Village = village; Code ménage = household_number; Chef de ménage = name;
        N° CNI = nni; Tél. 1 = phone; Tél. 2 = phone_2; Nb membres = household_size; Montant transfert = amount;
        Remarque = remark""",
    "el_maouna": """
        Wilaya = wilaya; Moughataa = moughataa; Commune = commune; Village = village; N° registre social = household_number;
        Nom complet = name; Date naiss. = birth_date; NNI = nni; Tel = phone; Nbre personnes = household_size;
        Montant MRO = amount""",
    "temwine_cards": """
        الرقم = -; رقم البطاقة = card_number; رقم الأسرة = household_number; اسم رب الأسرة = name; رقم التعريف الوطني = nni;
        رقم الهاتف = phone; الولاية = wilaya; المقاطعة = moughataa; البلدية = commune; القرية / الحي = village;
        عدد أفراد الأسرة = household_size; التصنيف = category; الدكان = -""",
    "school_feeding": """
        Wilaya = wilaya; Moughataa = moughataa; Commune = commune; École = school; Nom de l'élève = name;
        Nom du père = father_name; Classe = school_class; Sexe = sex; Année de naissance = birth_date""",
    "health_insurance": """
        رقم الأسرة = household_number; الرقم الوطني للتعريف = nni; الاسم الكامل = name; تاريخ الميلاد = birth_date; الجنس = sex;
        الهاتف = phone; الولاية = wilaya; المقاطعة = moughataa; نوع العملية = action; تاريخ السريان = effective_on""",
    "wfp_lean_season": """
        No = -; Region = wilaya; Department = moughataa; Commune = commune; Site / Village = village;
        Full name of HH head = name; Sex = sex; Year of birth = birth_date; Phone number = phone; HH size = household_size;
        Monthly entitlement (MRU) = amount""",
}
DISABILITY_GROUPS = [
    "الموقع",
    "",
    "",
    "",
    "رب الأسرة",
    "",
    "",
    "",
    "",
    "",
    "",
    "الشخص المعاق",
    "",
    "",
    "التحويل",
    "",
]
DISABILITY = [
    ("م", "-"), ("الولاية", "wilaya"), ("المقاطعة", "moughataa"), ("الحي / القرية", "village"), ("الاسم الكامل", "name"),
    ("الجنس", "sex"), ("سنة الميلاد", "birth_date"), ("الرقم الوطني", "nni"), ("الهاتف", "phone"),
    ("رقم السجل الاجتماعي", "household_number"), ("عدد الأفراد", "household_size"), ("الاسم الكامل", "-"), ("سنة الميلاد", "-"),
    ("نوع الإعاقة", "category"), ("المبلغ (أوقية جديدة)", "amount"), ("ملاحظات", "remark"),
]  # fmt: skip
EVERYTHING = HeaderFinder(Layout.of())


def understood(*rows: list[str], finder: HeaderFinder = EVERYTHING) -> list[str]:
    """The field of each column, `-` for none."""
    header = finder.find(rows)
    assert header is not None
    fields = {column: field for field, column in header.columns.items()}
    return [fields.get(column, "-") for column in range(len(rows[header.last]))]


@pytest.mark.parametrize("name", SAMPLE_LISTS)
def test_every_header_of_the_sample_lists_is_understood(name: str) -> None:
    pairs = [pair.split(" = ") for pair in " ".join(SAMPLE_LISTS[name].split()).split("; ")]

    assert understood([header for header, _ in pairs]) == [field for _, field in pairs]


def test_two_header_rows_tell_the_head_from_the_disabled_person() -> None:
    columns = [header for header, _ in DISABILITY]

    header = EVERYTHING.find([["لائحة المستفيدين"], DISABILITY_GROUPS, columns])

    assert header is not None
    assert (header.first, header.last) == (1, 2)
    assert understood(DISABILITY_GROUPS, columns) == [field for _, field in DISABILITY]
    assert header.texts["name"] == "رب الأسرة / الاسم الكامل"
    assert "الشخص المعاق / الاسم الكامل" in header.unmatched


def test_the_group_decides_even_when_the_head_comes_last() -> None:
    groups = ["الشخص المعاق", "", "رب الأسرة", ""]
    columns = ["الاسم الكامل", "الرقم الوطني", "الاسم الكامل", "الرقم الوطني"]

    assert understood(groups, columns) == ["-", "-", "name", "nni"]


def test_the_father_s_name_is_not_the_child_s() -> None:
    assert understood(["الأب", "التلميذ", ""], ["الاسم", "الاسم", "القسم"]) == [
        "father_name",
        "name",
        "school_class",
    ]


def test_a_header_merged_over_both_rows_is_read_from_its_group() -> None:
    groups = ["N° Ménage", "Chef de ménage", "", "Montant"]
    columns = ["", "Nom", "NNI", ""]

    assert understood(groups, columns) == ["household_number", "name", "nni", "amount"]


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (["NOM ET PRENOM", "TELEPHONE"], ["name", "phone"]),
        (["الإســـم", "رقــم الهاتــف"], ["name", "phone"]),
        (["Nom / الاسم", "Tél / الهاتف"], ["name", "phone"]),
        (["الاسم\nNom", "الهاتف\nTéléphone"], ["name", "phone"]),
        (["Nom", "Téléphone", "Téléphone"], ["name", "phone", "phone_2"]),
        (["Nom", "Tél 2", "Tél"], ["name", "phone_2", "phone"]),
        (["Nom", "N° téléphone joignable"], ["name", "phone"]),
        (["Nom", "NNI", "N° téléphone agent", "N° téléphone du conjoint"], ["name", "nni", "-", "-"]),
        (["Nom", "Date de naissance (jj/mm/aaaa)"], ["name", "birth_date"]),
        (["Nom de la commune", "Nom du village", "Nom"], ["commune", "village", "name"]),
        (["name", "household_number", "village"], ["name", "household_number", "village"]),
    ],
)
def test_headers_as_people_write_them(headers: list[str], fields: list[str]) -> None:
    assert understood(headers) == fields


def test_the_same_header_in_a_second_language_below_belongs_to_the_header() -> None:
    header = EVERYTHING.find([["Nom", "Commune"], ["الاسم", "البلدية"], ["Ahmed", "Nema"]])

    assert header is not None
    assert (header.first, header.last) == (0, 1)


def test_a_title_is_not_taken_for_a_group() -> None:
    header = EVERYTHING.find([["Liste de paiement 2026", ""], ["N°", "Nom", "Commune"], ["1", "Ahmed", "Nema"]])

    assert header is not None
    assert (header.first, header.last) == (1, 1)
    assert header.texts == {"name": "Nom", "commune": "Commune"}
    assert header.unmatched == ("N°",)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["Ahmed", "Nema"], ["Sidi", "Bassiknou"]],
        [["Liste des ménages bénéficiaires de la commune"], ["Nom"]],
    ],
)
def test_rows_without_a_header_are_not_taken_for_one(rows: list[list[str]]) -> None:
    assert EVERYTHING.find(rows) is None


def test_a_layout_knows_its_own_fields_and_the_headers_added_to_it() -> None:
    layout = Layout.of("name", "amount", required=("name",), extra={"name": ["Titulaire"], "quota": ["Quota kg"]})

    assert list(layout.fields) == ["name", "amount", "quota"]
    assert understood(["Titulaire", "Wilaya", "Quota kg"], finder=HeaderFinder(layout)) == [
        "name",
        "-",
        "quota",
    ]
    assert layout.label("quota").fr == "Quota kg"
    assert layout.label("amount").ar == "المبلغ"


@pytest.mark.parametrize("field", FIELDS)
def test_each_header_of_the_vocabulary_means_its_own_field(field: str) -> None:
    finder = HeaderFinder(Layout.of())
    beside = {"remark": "NNI"}.get(field, "Observations")  # one header alone is no header row
    for text in FIELDS[field].headers.split(" ¦ "):
        header = finder.find([[beside, text]])
        assert header is not None, text
        assert header.columns.get(field) == 1, text
