"""Mapping files: what each way of writing one means, and every refusal in three languages."""

import pytest

from services.matching.engine.fields import Field, Kind
from services.matching.engine.mapping import PROBLEMS, Column, MappingRefused, read_mapping

FIELDS = (
    "name, phone, place, id, household, extra, given_name, family_name, father_name, sex, birth_date, birth_year,"
    " birth_month, birth_day, encoded"
)


def test_every_field_is_read() -> None:
    read = read_mapping(
        """
        record_id: {left: rec, right: rec_no}
        fields:
          name: [name_fr, name_ar]
          father_name: father
          sex: {left: sexe, right: sex}
          birth_date: dob
          id: [nni, card]
          household: hh
          phone: [tel_1, tel_2]
          place: [wilaya, moughataa, commune]
          extra: [address, school]
        """
    )
    assert read.record_id == {"left": "rec", "right": "rec_no"}
    assert read.fields == (
        Field("name", Kind.NAME, 2),
        Field("father_name", Kind.FATHER),
        Field("sex", Kind.SEX),
        Field("phone", Kind.PHONE, 2),
        Field("place", Kind.PLACE, 3),
        Field("birth", Kind.DATE),
        Field("id", Kind.NUMBER),
        Field("id_2", Kind.NUMBER),
        Field("household", Kind.NUMBER, shared=True),
        Field("address", Kind.TEXT),
        Field("school", Kind.TEXT),
    )
    assert read.columns["left"]["sex"] == (Column("sexe"),)
    assert read.columns["right"]["sex"] == (Column("sex"),)
    assert read.columns["left"]["id_2"] == (Column("card"),)


def test_columns_are_joined_by_what_is_written_between_them() -> None:
    (column,) = read_mapping("fields: {name: '{prenom} {nom}'}").columns["left"]["name"]
    assert (column.columns, column.template) == (("prenom", "nom"), "{} {}")


def test_without_a_record_id_there_is_none() -> None:
    assert read_mapping("fields: {name: nom}").record_id == {"left": None, "right": None}


def test_a_full_name_without_a_sex_tells_one_by_ould_and_mint() -> None:
    assert Field("sex", Kind.SEX, 0) in read_mapping("fields: {name: nom}").fields


def test_a_field_that_one_file_has_not_is_left_out_of_its_columns() -> None:
    read = read_mapping("fields: {name: nom, phone: {left: tel}}")
    assert "phone" in read.columns["left"]
    assert "phone" not in read.columns["right"]


@pytest.mark.parametrize(
    ("parts", "left", "columns"),
    [
        ("birth_year: y", ("y",), 3),
        ("birth_year: y, birth_month: m, birth_day: d", ("y", "m", "d"), 3),
        ("birth_year: y, birth_month: m", ("y",), 3),  # a month alone says no more than the year
        ("birth_year: y, birth_day: d", ("y",), 3),
        ("birth_date: b", ("b",), 1),
    ],
)
def test_a_date_whole_or_in_parts(parts: str, left: tuple[str, ...], columns: int) -> None:
    read = read_mapping(f"fields: {{{parts}}}")
    assert read.fields == (Field("birth", Kind.DATE, columns),)
    assert tuple(one.written for one in read.columns["left"]["birth"]) == left


def test_an_extra_column_takes_no_other_fields_name() -> None:
    read = read_mapping("fields: {name: nom, extra: [sex, school, school, birth]}")
    assert [one.name for one in read.fields if one.kind is Kind.TEXT] == ["extra_1", "school", "extra_3", "extra_4"]
    assert len({one.name for one in read.fields}) == len(read.fields)
    assert read.columns["left"]["extra_1"] == (Column("sex"),)


REFUSED = {
    "mapping_unreadable": "fields: [",
    "mapping_empty": "record_id: id",
    "mapping_unknown_field": "fields: {nom: nom}",
    "mapping_bad_value": "fields: {name: [a, b, c]}",
    "mapping_name_twice": "fields: {name: a, given_name: b}",
    "mapping_date_twice": "fields: {birth_date: a, birth_year: b}",
    "mapping_nothing_to_meet_by": "fields: {sex: a, place: b}",
}

TEXTS = {
    "mapping_empty": (
        f"لا يذكر ملف المطابقة أي حقل. الحقول الممكنة: {FIELDS}.",
        f"La correspondance ne nomme aucun champ. Champs possibles : {FIELDS}.",
        f"The mapping names no field. There are: {FIELDS}.",
    ),
    "mapping_unknown_field": (
        f"الحقل nom غير معروف في ملف المطابقة. الحقول الممكنة: {FIELDS}.",
        f"Le champ nom de la correspondance est inconnu. Champs possibles : {FIELDS}.",
        f"The mapping's field nom is not known. There are: {FIELDS}.",
    ),
    "mapping_bad_value": (
        "قيمة name في ملف المطابقة ينبغي أن تكون اسم عمود، أو قائمة من 2 أسماء على الأكثر، أو left و right.",
        "La valeur de name doit être un nom de colonne, une liste de 2 au plus, ou left et right.",
        "The value of name must be the name of a column, a list of at most 2, or left and right.",
    ),
    "mapping_name_twice": (
        "اختر إما name وإما given_name و family_name، لا كليهما.",
        "Choisissez name, ou bien given_name et family_name, pas les deux.",
        "Choose name, or given_name and family_name, not both.",
    ),
    "mapping_date_twice": (
        "اختر إما birth_date وإما birth_year مع birth_month و birth_day.",
        "Choisissez birth_date, ou bien birth_year avec birth_month et birth_day.",
        "Choose birth_date, or birth_year with birth_month and birth_day.",
    ),
    "mapping_nothing_to_meet_by": (
        "لا يمكن مقارنة السجلات بالجنس أو المكان وحدهما: أضف اسما أو تاريخ ميلاد أو رقما.",
        "On ne peut comparer par le sexe ou le lieu seuls : ajoutez un nom, une date de naissance ou un numéro.",
        "Records cannot be compared by sex or place alone: add a name, a birth date or a number.",
    ),
}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_a_refusal_says_in_three_languages_what_would_be_accepted(code: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        read_mapping(REFUSED[code])
    assert refused.value.code == str(refused.value) == code
    assert (refused.value.text.ar, refused.value.text.fr, refused.value.text.en) == TEXTS[code]


def test_what_is_no_yaml_is_refused_with_the_first_line_of_the_reason() -> None:
    with pytest.raises(MappingRefused) as refused:
        read_mapping(REFUSED["mapping_unreadable"])
    text = refused.value.text
    reason = text.en.removeprefix("The mapping file is not readable YAML: ")
    assert reason
    assert "\n" not in reason
    assert text.fr == f"Le fichier de correspondance n'est pas du YAML lisible : {reason}"
    assert text.ar == f"ملف المطابقة ليس YAML مقروءا: {reason}"


def test_a_missing_column_is_refused_with_those_there_are() -> None:
    text = MappingRefused("column_not_found", column="nom", file="list.csv", columns="id, name").text
    assert text.ar == "العمود nom غير موجود في list.csv. الأعمدة: id, name."
    assert text.fr == "La colonne nom n'existe pas dans list.csv. Colonnes : id, name."
    assert text.en == "The column nom is not in list.csv. Its columns: id, name."


def test_every_problem_has_its_test() -> None:
    assert set(PROBLEMS) == {*REFUSED, "column_not_found"}


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ("", "mapping_empty"),
        ("fields:", "mapping_empty"),
        ("fields: {}", "mapping_empty"),
        ("- name", "mapping_empty"),
        ("fields: [name]", "mapping_empty"),
        ("fields: {name: ''}", "mapping_nothing_to_meet_by"),
        ("fields: {name: {links: a}}", "mapping_bad_value"),
        ("fields: {name: [[a]]}", "mapping_bad_value"),
        ("fields: {name: 1.5}", "mapping_bad_value"),
        ("fields: {name: '{a} {} {b}'}", "mapping_bad_value"),
        ("fields: {name: '{a'}", "mapping_bad_value"),
        ("fields: {phone: [a, b, c]}", "mapping_bad_value"),
        ("fields: {name: a, family_name: b}", "mapping_name_twice"),
        ("fields: {birth_date: a, birth_day: b}", "mapping_date_twice"),
        ("fields: {father_name: a}", "mapping_nothing_to_meet_by"),
        ("fields: {birth_month: a}", "mapping_nothing_to_meet_by"),
        ("fields: {extra: a}", "mapping_nothing_to_meet_by"),
        ("fields: {name: \x01}", "mapping_unreadable"),
    ],
)
def test_other_mappings_that_are_refused(mapping: str, code: str) -> None:
    with pytest.raises(MappingRefused, match=code):
        read_mapping(mapping)


def test_two_extra_fields_are_enough_to_meet_by() -> None:
    assert len(read_mapping("fields: {extra: [a, b]}").fields) == 2


def test_a_link_of_files_that_share_no_field_is_refused() -> None:
    with pytest.raises(MappingRefused, match="mapping_nothing_to_meet_by"):
        read_mapping("fields: {name: {left: a}, phone: {right: b}}").refuse_what_never_meets()
    read_mapping("fields: {name: {left: a, right: c}, phone: {right: b}}").refuse_what_never_meets()


def test_encoded_records_are_met_by_their_filter_alone() -> None:
    mapping = read_mapping("record_id: number\nfields: {encoded: encoded}")
    mapping.refuse_what_never_meets()
    assert mapping.fields == (Field("encoded", Kind.ENCODED),)
