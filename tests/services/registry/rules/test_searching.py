"""What is recognised in a search, under which keys names are found, and what may be read of a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.names import GROUPS, given_names
from services.registry.rules.asking import Asked, asked_in, nni_slips, recognize, slips_of, with_father
from services.registry.rules.found import LEAST_NAME, Reason, judge, masked, name_likeness, turned_likeness
from services.registry.rules.looks import Crowds, Look, in_part, together, whole, with_absent
from services.registry.rules.names import forms, name_keys, parts_of
from shared.names import parse_name

RECOGNIZED = [
    ("Mohamed Ould Ahmed", Asked(name="Mohamed Ould Ahmed")),
    ("Mohamed Ould Ahmed, Néma", Asked(name="Mohamed Ould Ahmed", place="Néma")),
    ("محمد ولد أحمد، باسكنو، الحوض الشرقي", Asked(name="محمد ولد أحمد", place="باسكنو, الحوض الشرقي")),
    ("Mohamed Ould Ahmed 1980, Néma", Asked(name="Mohamed Ould Ahmed", place="Néma", birth_year=1980)),
    ("Mohamed, MR011-C02, ١٩٨٠", Asked(name="Mohamed", place="MR011-C02", birth_year=1980)),
    ("22 33 44 55", Asked(phones=("+22222334455",), identifier="22334455")),
    ("Mohamed 22334455", Asked(phones=("+22222334455",), identifier="22334455", name="Mohamed")),
    ("MR0110000001", Asked(household_number="MR0110000001")),
    ("mr 011-0000001", Asked(household_number="MR0110000001")),
    (
        "٩٩٠٠٠٠٠٠٣٣",
        Asked(nni="9900000033", identifier="9900000033", individual_number="9900000033"),
    ),
    ("PASS-A12345", Asked(identifier="PASS-A12345")),
    ("", Asked()),
    (" ,;-- ", Asked()),
]


@pytest.mark.parametrize(("typed", "asked"), RECOGNIZED)
def test_what_is_typed_is_recognised(typed: str, asked: Asked) -> None:
    assert recognize(typed) == asked


def test_a_field_counts_before_the_free_text() -> None:
    asked = asked_in({"q": "Mohamed, Néma", "name": "Fatimetou", "father_name": "Sidi", "sex": "F"})

    assert asked == Asked(name="Fatimetou Sidi", place="Néma", sex="F")


def test_the_fathers_name_is_not_repeated_where_the_name_has_it() -> None:
    assert with_father("Mohamed Ould Ahmed", "أحمد") == "Mohamed Ould Ahmed"
    assert with_father("Mohamed Lemine", "Sidi") == "Mohamed Lemine Sidi"


def test_a_national_id_with_a_slip_leads_to_those_whose_check_holds() -> None:
    assert nni_slips("9900000043") == ("3900000043", "9900000033")  # 9 900 000 033 = 97 * 102 061 856 + 1
    assert len(slips_of("12")) == 2 * 9 + 1
    assert "9900000034" in nni_slips("9900000033")  # typed right: the registry may hold it with a slip


NAMES = st.sampled_from([name for group in GROUPS for sex in "FM" for name in given_names(group, sex).names])


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_whoever_is_registered_is_found_by_the_own_name_in_each_script(names: list[tuple[str, str]]) -> None:
    for written in (" ".join(one[0] for one in names), " ".join(one[1] for one in names)):
        parts = parts_of(parse_name(written))
        keys = name_keys(parts)

        assert all(look.any_of & keys for look in whole(parts))
        assert together(parts)[0].all_of <= keys
        assert name_likeness(parse_name(written), [written]) == 1.0


@given(st.lists(NAMES, min_size=3, max_size=4), st.integers(0, 3))
def test_a_name_is_found_with_a_part_absent(names: list[tuple[str, str]], absent: int) -> None:
    words = [one[0] for one in names]
    keys = name_keys(parts_of(parse_name(" ".join(words))))
    parts = parts_of(parse_name(" ".join(words[: absent % len(words)] + words[absent % len(words) + 1 :])))

    looks = [*whole(parts), *together(parts), *with_absent(parts, narrowed=True), *in_part(parts, narrowed=True)]
    assert any(look.all_of <= keys and (not look.any_of or look.any_of & keys) for look in looks)


def is_one_part(name: tuple[str, str]) -> bool:
    tokens = parse_name(name[1]).tokens
    return len(tokens) == 1 and not tokens[0].clan


@given(st.lists(NAMES.filter(is_one_part), min_size=3, max_size=4), st.integers(0, 3))
def test_who_is_registered_with_a_part_less_is_found_by_the_rest_alone(names: list[tuple[str, str]], less: int) -> None:
    words = [one[1] for one in names]
    shorter = " ".join(words[: less % len(words)] + words[less % len(words) + 1 :])

    looks = with_absent(parts_of(parse_name(" ".join(words))), narrowed=False)
    assert any(look.any_of & name_keys(parts_of(parse_name(shorter))) for look in looks)


def test_keys_that_a_crowd_has_are_not_looked_for_alone() -> None:
    crowds = Crowds(people=100_000, shares={1: 0.3, 2: 0.02, 8: 0.05, 9: 0.001})  # 30,000; 2,000; 5,000; 100
    looks = [
        Look(any_of=frozenset({1, 2, 9, 77})),
        Look(all_of=frozenset({1})),
        Look(all_of=frozenset({1, 77})),
        Look(all_of=frozenset({1}), any_of=frozenset({2, 77})),
        Look(any_of=frozenset({1, 2})),
    ]

    assert crowds.uncrowded(looks, []) == [Look(any_of=frozenset({9, 77})), *looks[2:4]]
    # In a place where 5,000 live, 1,500 have the first key and 100 the second; 100 are left where nobody knows.
    assert crowds.uncrowded(looks, [frozenset({8})]) == [
        Look(any_of=frozenset({2, 9, 77})),
        *looks[2:4],
        Look(any_of=frozenset({2})),
    ]
    assert crowds.uncrowded(looks, [frozenset({78})]) == looks
    assert Crowds().uncrowded(looks, []) == looks


@given(st.text(max_size=60))
def test_no_text_breaks_a_search(text: str) -> None:
    asked = recognize(text)
    name_keys(parts_of(asked.parsed_name))


def test_two_parts_written_as_one_word_have_a_key_in_common() -> None:
    apart, glued = (parts_of(parse_name(name)) for name in ("Sid Ahmed Ould Brahim", "Sidahmed Ould Brahim"))

    assert glued in set(forms(apart))
    assert whole(glued)[0].any_of & name_keys(apart)


def test_turned_parts_are_alike_and_less_than_parts_in_their_order() -> None:
    asked = parse_name("Ahmed Mohamed")

    assert name_likeness(asked, ["Mohamed Ould Ahmed"]) < LEAST_NAME
    assert turned_likeness(asked, ["Mohamed Ould Ahmed"]) == 0.8


def test_a_score_says_why() -> None:
    judged = judge(number=Reason("nni", "number_one_slip"), name=1.0, years_off=2)

    assert judged.score == 0.86  # (0.8 + 1.0) / 2 - 2 * 0.02
    assert judged.reasons == (
        Reason("nni", "number_one_slip"),
        Reason("name", "same_name"),
        Reason("birth_year", "near_birth_year"),
    )


def test_of_a_name_only_the_words_typed_are_readable() -> None:
    typed = parse_name("المختار")

    assert masked("El Mokhtar Ould Salem", typed) == "E… Mokhtar O… S…"
    assert masked("المختار ولد سالم", typed) == "المختار و… س…"
    assert masked(None, typed) is None
