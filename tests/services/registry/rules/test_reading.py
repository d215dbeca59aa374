"""What the cells of a household list mean, and what is said of those that mean nothing, in three languages."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.registry.reader import CHUNK_LINES, MOST_MEMBERS, chunks_of, household_layout
from services.registry.rules.columns import RELATIONSHIP_WORDS
from services.registry.rules.households import HouseholdFile, Problem
from services.registry.rules.reading import HouseholdReader, Read
from shared.headers import HeaderFinder
from shared.tables import Row
from shared.text import Text

TODAY = date(2026, 11, 24)
HEAD: dict[str, Any] = {
    "household_number": "MR0110000001",
    "commune_code": "MR011-C01",
    "vulnerability_category": "فقير جدا",
    "score": "12,5",
    "surveyed_on": "04/03/2025",
    "phone": "22334455 / 46464646",
    "individual_number": "1000000001",
    "relationship": "chef",
    "name": "Mohamed Ould Ahmed",
    "sex": "M",
    "birth_date": "06/05/1980",
    "nni": "9900000033",
    "disability": "non",
}


def read(*lines: dict[str, Any], without: tuple[str, ...] = ()) -> Read:
    """One household from cells by field; by default those of HEAD."""
    rows = [
        (number, {k: v for k, v in (HEAD | one).items() if k not in without}) for number, one in enumerate(lines, 2)
    ]
    return HouseholdReader([name for name in HEAD if name not in without] + ["age"], TODAY, {}).read(
        "MR0110000001", rows
    )


def the_household(found: Read) -> HouseholdFile:
    assert found.household is not None, found.problems
    return found.household


def test_a_clean_line_in_words_of_two_languages_is_read() -> None:
    found = read({})

    one = the_household(found)
    assert (one.vulnerability_category, one.score, one.surveyed_on) == (
        "extreme_poor",
        Decimal("12.50"),
        date(2025, 3, 4),
    )
    assert one.phones == ("+22222334455", "+22246464646")
    [head] = one.members
    assert (head.relationship, head.name_fr, head.name_ar) == ("head", "Mohamed Ould Ahmed", None)
    assert (head.birth_date, head.birth_precision, head.disability) == (date(1980, 5, 6), "day", False)
    assert (found.problems, found.refused) == ([], 0)


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("extreme_poor", "extreme_poor"), ("Extrême pauvre", "extreme_poor"), ("فقيـــر جداً", "extreme_poor"),
        ("الأكثر فقرا", "extreme_poor"), ("PAUVRE", "poor"), ("فقير", "poor"), ("Vulnérable", "vulnerable"),
        ("هشّ", "vulnerable"), ("Non pauvre", "not_poor"), ("غير فقير", "not_poor"), ("non-poor", "not_poor"),
    ],
)  # fmt: skip
def test_categories_are_known_by_their_words_in_three_languages(cell: str, meant: str) -> None:
    assert the_household(read({"vulnerability_category": cell})).vulnerability_category == meant


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("Chef de ménage", "head"), ("CM", "head"), ("رب الأسرة", "head"), ("ربّة الأسرة", "head"), ("Épouse", "spouse"),
        ("الزوجة", "spouse"), ("husband", "spouse"), ("Fils", "child"), ("ابن", "child"), ("بنت", "child"),
        ("daughter", "child"), ("Mère", "parent"), ("الأم", "parent"), ("Sœur", "sibling"), ("أخ", "sibling"),
        ("petite-fille", "grandchild"), ("حفيد", "grandchild"), ("Nièce", "other"), ("قريب", "other"),
    ],
)  # fmt: skip
def test_relationships_are_known_by_their_words_in_three_languages(cell: str, meant: str) -> None:
    assert the_household(read({"relationship": cell})).members[0].relationship == meant


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Aïcha Mint Sidi", ("Aïcha Mint Sidi", None)),
        ("عائشة بنت سيدي", (None, "عائشة بنت سيدي")),
        ("Aïcha Mint Sidi / عائشة بنت سيدي", ("Aïcha Mint Sidi", "عائشة بنت سيدي")),
    ],
)
def test_one_column_may_hold_names_in_either_script_or_both(cell: str, names: tuple[str | None, str | None]) -> None:
    [member] = the_household(read({"name": cell})).members
    assert (member.name_fr, member.name_ar) == names


@pytest.mark.parametrize(
    ("cells", "birth", "precision"),
    [
        ({"birth_date": "1975"}, date(1975, 12, 31), "year"),
        ({"birth_date": 1975}, date(1975, 12, 31), "year"),
        ({"birth_date": "31/12/1975"}, date(1975, 12, 31), "year"),
        ({"birth_date": "vers ١٩٧٥"}, date(1975, 12, 31), "year"),
        ({"birth_date": None, "age": "40 ans"}, date(1985, 12, 31), "year"),
        ({"birth_date": "07/06/2015"}, date(2015, 6, 7), "day"),
    ],
)
def test_a_birth_may_be_a_day_a_year_or_an_age_on_the_day_of_the_survey(
    cells: dict[str, Any], birth: date, precision: str
) -> None:
    [member] = the_household(read(cells)).members
    assert (member.birth_date, member.birth_precision) == (birth, precision)


REFUSALS = [
    ("birth_date", "31/02/1980", "date_impossible", Text(
        ar="هذا اليوم غير موجود في التقويم؛ المقبول: يوم/شهر/سنة",
        fr="ce jour n'existe pas dans le calendrier ; accepté : jj/mm/aaaa",
        en="this day does not exist in the calendar; accepted: dd/mm/yyyy",
    )),
    ("surveyed_on", "31/02/2025", "date_impossible", Text(
        ar="هذا اليوم غير موجود في التقويم؛ المقبول: يوم/شهر/سنة",
        fr="ce jour n'existe pas dans le calendrier ; accepté : jj/mm/aaaa",
        en="this day does not exist in the calendar; accepted: dd/mm/yyyy",
    )),
    ("birth_date", "12/03/1880", "date_before_1900", Text(
        ar="التاريخ قبل سنة 1900؛ المقبول: تاريخ بين 1900 واليوم",
        fr="date antérieure à 1900 ; accepté : une date entre 1900 et aujourd'hui",
        en="the date is before 1900; accepted: a date between 1900 and today",
    )),
    ("vulnerability_category", "riche", "choice_unreadable", Text(
        ar="قيمة غير معروفة؛ المقبول: فقير جدا، فقير، هش، غير فقير",
        fr="valeur non reconnue ; accepté : extrême pauvre, pauvre, vulnérable, non pauvre",
        en="value not recognised; accepted: extreme_poor, poor, vulnerable, not_poor",
    )),
    ("relationship", "voisin", "choice_unreadable", Text(
        ar="قيمة غير معروفة؛ المقبول: رب الأسرة، زوج أو زوجة، ابن أو بنت، أب أو أم، أخ أو أخت، حفيد، آخر",
        fr="valeur non reconnue ; accepté : chef, conjoint, enfant, père ou mère, frère ou sœur, petit-enfant, autre",
        en="value not recognised; accepted: head, spouse, child, parent, sibling, grandchild, other",
    )),
    ("disability", "peut-être", "choice_unreadable", Text(
        ar="قيمة غير معروفة؛ المقبول: نعم، لا",
        fr="valeur non reconnue ; accepté : oui, non",
        en="value not recognised; accepted: yes, none",
    )),
    ("sex", "", "value_missing", Text(
        ar="القيمة ناقصة وهي واجبة.",
        fr="La valeur manque ; elle est obligatoire.",
        en="The value is missing; it is required.",
    )),
    ("score", "120", "score_out_of_range", Text(
        ar="الدرجة عدد بين 0 و100.", fr="Le score est un nombre de 0 à 100.", en="A score is a number from 0 to 100."
    )),
    ("score", "faible", "score_unreadable", Text(
        ar="الدرجة عدد بين 0 و100.", fr="Le score est un nombre de 0 à 100.", en="A score is a number from 0 to 100."
    )),
    ("name", "", "name_missing", Text(
        ar="لا بد من اسم بإحدى الكتابتين.",
        fr="Un nom est requis, dans l'une des écritures.",
        en="A name is required, in either script.",
    )),
    ("individual_number", "1.00E+09", "individual_number_unreadable", Text(
        ar="ليس رقم فرد؛ المقبول: أرقام وحروف لاتينية لا تتجاوز 20، في خلية نصية، أو خانة فارغة لمن لا رقم له.",
        fr="Ceci n'est pas un numéro d'individu ; accepté : chiffres et lettres latines, 20 au plus, en format texte, ou une"
        " cellule vide pour qui n'en a pas.",
        en="This is not an individual number; accepted: digits and Latin letters, at most 20, in a text cell, or an empty"
        " cell for who has none.",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("field", "cell", "code", "reason"), REFUSALS)
def test_a_cell_that_cannot_be_used_is_refused_with_its_line_and_words(
    field: str, cell: str, code: str, reason: Text
) -> None:
    found = read({field: cell})

    assert (found.household, found.refused) == (None, 1)
    assert found.problems == [Problem(2, field, cell, "error", code, reason)]


DOUBTS = [
    ({"birth_date": "15/06/1900"}, "birth_date", "birth_year_1900", Text(
        ar="سنة الميلاد 1900 كثيرا ما تكون خلية فارغة حوّلها الجدول إلى تاريخ؛ قُبلت، ويُرجى التحقق منها.",
        fr="L'année de naissance 1900 est souvent une cellule vide qu'un tableur a changée en date ; acceptée, à vérifier.",
        en="The birth year 1900 is often an empty cell that a spreadsheet made a date of; accepted, verify it.",
    )),
    ({"birth_date": "15/06/1905"}, "birth_date", "age_over_120", Text(
        ar="العمر يتجاوز 120 سنة؛ قُبل التاريخ، ويُرجى التحقق منه.",
        fr="L'âge dépasse 120 ans ; la date est acceptée, à vérifier.",
        en="The age is over 120; the date is accepted, verify it.",
    )),
    ({"nni": "9900000034"}, "nni", "nni_check_failed", Text(
        ar="رقم التعريف الوطني لا يجتاز فحص التحقق؛ يُرجى مراجعة أرقامه العشرة",
        fr="le NNI ne satisfait pas sa clé de contrôle ; vérifier ses dix chiffres",
        en="the national id fails its check; verify its ten digits",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "field", "code", "reason"), DOUBTS)
def test_what_is_only_doubtful_lets_the_line_in_with_a_warning(
    cells: dict[str, Any], field: str, code: str, reason: Text
) -> None:
    found = read(cells)

    assert found.refused == 0 and found.household is not None
    assert found.problems == [Problem(2, field, cells[field], "warning", code, reason)]


def test_nobody_is_entered_twice_in_one_household() -> None:
    found = read({}, {})

    assert len(the_household(found).members) == 1 and found.refused == 1
    [problem] = found.problems
    assert (problem.line, problem.code) == (3, "member_listed_twice")
    assert problem.reason == Text(
        ar="ورد هذا الفرد من قبل في الأسرة نفسها في السطر 2؛ لم يُسجَّل مرتين.",
        fr="Cet individu figure déjà dans ce ménage à la ligne 2 ; il n'est pas inscrit deux fois.",
        en="This individual is already listed in this household on line 2; not entered twice.",
    )


def test_a_refused_member_does_not_keep_the_household_out() -> None:
    found = read({}, {"individual_number": "1000000002", "relationship": "fils", "sex": "?"})

    assert [one.number for one in the_household(found).members] == ["1000000001"]
    assert found.refused == 1


def test_what_a_line_does_not_say_is_not_told() -> None:
    one = the_household(read({}, without=("disability", "phone", "relationship")))

    assert "disability" not in one.members[0].facts() and "name_ar" not in one.members[0].facts()
    assert one.phones is None and "phones" not in one.facts()
    assert one.members[0].relationship == "head"
    assert not one.whole  # a list of heads does not say that the others have left


def test_a_household_reads_what_its_first_line_leaves_empty_from_the_lines_below() -> None:
    second = {"individual_number": "1000000002", "relationship": "fils"}

    assert the_household(read({"score": None}, second)).score == Decimal("12.50")


def test_the_order_of_members_makes_no_other_content() -> None:
    wife = {"individual_number": "1000000002", "relationship": "épouse", "sex": "F"}

    assert the_household(read({}, wife)).content == the_household(read(wife, {})).content
    assert the_household(read({}, wife)).content != the_household(read({})).content


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            "N° Ménage;Wilaya;Moughataa;Commune;Localité;Catégorie;Score PMT;Date d'enquête;Tél;N° individu;Lien de parenté;"
            "Nom et prénom;الاسم;Sexe;Date de naissance;NNI;Handicap",
            "household_number wilaya moughataa commune village vulnerability_category score surveyed_on phone individual_number"
            " relationship name name_2 sex birth_date nni disability",
        ),
        (
            "رقم الأسرة;الولاية;المقاطعة;البلدية;التصنيف;النقاط;تاريخ المسح;رقم الفرد;صلة القرابة;الاسم الكامل;الجنس;"
            "سنة الميلاد;الإعاقة",
            "household_number wilaya moughataa commune vulnerability_category score surveyed_on individual_number relationship"
            " name sex birth_date disability",
        ),
        (
            "HH ID;Commune code;Poverty category;PMT score;Survey date;Member ID;Relationship to head;Name in Latin letters;"
            "Name in Arabic;Sex;Age;Disabled",
            "household_number commune_code vulnerability_category score surveyed_on individual_number relationship name_fr"
            " name_ar sex age disability",
        ),
    ],
)
def test_headers_are_known_in_three_languages(headers: str, fields: str) -> None:
    found = HeaderFinder(household_layout()).find([headers.split(";")])

    assert found is not None and found.unmatched == ()
    assert sorted(found.columns, key=lambda field: found.columns[field]) == fields.split()


def test_a_word_means_one_relationship() -> None:
    words = [word for words in RELATIONSHIP_WORDS.values.values() for word in words]

    assert len(set(words)) == len(words)


def rows(*numbers: str | None) -> Iterator[Row]:
    for line, number in enumerate(numbers, 2):
        yield Row(line, HEAD | {"household_number": number, "individual_number": str(1_000_000_000 + line)})


def chunks(*numbers: str | None) -> list[Any]:
    return list(chunks_of(rows(*numbers), HouseholdReader(list(HEAD), TODAY, {})))


def test_lines_of_one_household_may_stand_apart() -> None:
    [chunk] = chunks("MR0110000001", "MR0110000002", "MR0110000001")

    assert [len(read.household.members) for read in chunk.rows] == [2, 1]


def test_a_household_met_again_in_a_later_chunk_is_an_addition() -> None:
    many = [f"MR011{number:07}" for number in range(1, CHUNK_LINES + 1)]

    first, second = chunks(*many, "MR0110000001", "MR0120000001")

    assert {read.household.whole for read in first.rows} == {True}
    assert [(read.household.number, read.household.whole) for read in second.rows] == [
        ("MR0110000001", False),
        ("MR0120000001", True),
    ]


def test_lines_that_stand_together_are_never_parted() -> None:
    many = [f"MR011{number:07}" for number in range(1, CHUNK_LINES)]

    first, second = chunks(*many, "MR0120000001", "MR0120000001", "MR0120000002")

    assert len(first.rows[-1].household.members) == 2
    assert (first.last_line, second.last_line) == (CHUNK_LINES + 2, CHUNK_LINES + 3)


def test_a_line_without_a_household_number_is_refused_and_stops_no_other() -> None:
    [chunk] = chunks("MR0110000001", None, "abc")

    problems = [problem for read in chunk.rows for problem in read.problems]
    assert [(one.line, one.code, one.value) for one in problems] == [
        (3, "value_missing", None),
        (4, "household_number_unreadable", "abc"),
    ]
    assert problems[0].reason == Text(
        ar="لا رقم للأسرة في هذا السطر؛ المقبول: رقم الأسرة في كل سطر من أسطرها.",
        fr="Cette ligne n'a pas de numéro de ménage ; accepté : le numéro du ménage sur chacune de ses lignes.",
        en="This line has no household number; accepted: the household's number on each of its lines.",
    )
    assert problems[1].reason == Text(
        ar="ليس رقم أسرة في السجل؛ المقبول: MR متبوعة بعشرة أرقام.",
        fr="Ceci n'est pas un numéro de ménage du registre ; accepté : MR suivi de dix chiffres.",
        en="This is not a household number of the registry; accepted: MR and ten digits.",
    )
    assert sum(read.refused for read in chunk.rows) == 2


def test_a_household_of_more_lines_than_people_can_be_is_cut() -> None:
    [chunk] = chunks(*["MR0110000001"] * (MOST_MEMBERS + 2))

    assert [len(read.household.members) for read in chunk.rows if read.household] == [MOST_MEMBERS]
    problems = [problem for read in chunk.rows for problem in read.problems]
    assert {one.code for one in problems} == {"too_many_lines"} and len(problems) == 2
    assert problems[0].reason == Text(
        ar="أكثر من 100 سطرا لأسرة واحدة؛ لم تُقرأ الأسطر الباقية. يُرجى التحقق من رقم الأسرة.",
        fr="Plus de 100 lignes pour un seul ménage ; les suivantes ne sont pas lues. Vérifier le numéro de ménage.",
        en="More than 100 lines for one household; the rest is not read. Verify the household number.",
    )


def test_a_cell_too_long_to_be_kept_is_refused() -> None:
    long = Row(2, HEAD | {"name": "x" * 2_000}, cut=("name",))

    [chunk] = chunks_of([long], HouseholdReader(list(HEAD), TODAY, {}))

    [read] = chunk.rows
    assert (read.household, read.refused, read.problems[0].code) == (None, 1, "value_too_long")
    assert read.problems[0].reason == Text(
        ar="القيمة أطول من 2000 حرف؛ لم يُقرأ السطر.",
        fr="La valeur dépasse 2000 caractères ; la ligne n'est pas lue.",
        en="The value is longer than 2000 characters; the line is not read.",
    )
