"""The registry's side of the sample country: people that could exist, in places that do."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.generate import generate
from cli.demo.households import CATEGORIES, MAX_HOUSEHOLDS, build
from cli.demo.people import FIRST_NNI, NNI_COUNT, NNI_STEP, Household, Person
from cli.demo.places import arabic_by_ear, communes

TODAY = date(2026, 10, 1)


@pytest.fixture(scope="module")
def households() -> list[Household]:
    return build(3000, 7, TODAY).households


def everyone(households: list[Household]) -> Iterator[Person]:
    """Each person once, also a man who heads two households."""
    yield from {person.number: person for household in households for _, person in household.members}.values()


def share(part: int, whole: int) -> float:
    return part / whole


def test_national_ids_are_synthetic_valid_and_unique(households: list[Household]) -> None:
    ids = [person.nni for person in everyone(households) if person.nni]

    assert len(ids) == len(set(ids)) > 4000
    assert all(re.fullmatch(r"99\d{8}", nni) and int(nni) % 97 == 1 for nni in ids)


def test_the_range_of_synthetic_ids_is_the_whole_of_99() -> None:
    # 9 900 000 033 = 97 x 102 061 856 + 1, and the last below 10 000 000 000 is 9 999 999 942.
    assert FIRST_NNI == 97 * 102_061_856 + 1 and FIRST_NNI - 97 < 9_900_000_000
    last = FIRST_NNI + 97 * (NNI_COUNT - 1)
    assert last < 10_000_000_000 <= last + 97
    # Stepping through a range comes back only after all of it when the two numbers share no divisor.
    assert all(NNI_STEP % divisor or NNI_COUNT % divisor for divisor in range(2, NNI_STEP))


def test_missing_ids_are_as_frequent_as_in_the_field(households: list[Household]) -> None:
    adults = [person for person in everyone(households) if person.age_on(TODAY) >= 18]
    children = [person for person in everyone(households) if person.age_on(TODAY) < 18]

    assert share(sum(not p.nni for p in adults), len(adults)) == pytest.approx(0.35, abs=0.02)
    assert share(sum(not p.nni for p in children), len(children)) == pytest.approx(0.80, abs=0.02)


def test_households_have_real_sizes_heads_and_poverty(households: list[Household]) -> None:
    sizes = [len(household.members) for household in households]
    females = sum(household.head.sex == "F" for household in households)
    categories = Counter(household.category for household in households)

    assert min(sizes) == 1 and max(sizes) <= 15
    assert sum(sizes) / len(sizes) == pytest.approx(6.0, abs=0.3)
    assert share(females, len(households)) == pytest.approx(0.30, abs=0.03)
    for category, expected, (low, high) in CATEGORIES:
        assert share(categories[category], len(households)) == pytest.approx(expected, abs=0.03)
        assert all(low <= h.score < high for h in households if h.category == category)


def test_some_men_head_two_households_with_different_wives(households: list[Household]) -> None:
    by_head: dict[str, list[Household]] = {}
    for household in households:
        by_head.setdefault(household.head.number, []).append(household)
    twice = [homes for homes in by_head.values() if len(homes) > 1]

    assert share(len(twice), len(households)) == pytest.approx(0.03, abs=0.012)
    for homes in twice:
        assert len(homes) == 2
        assert homes[0].head is homes[1].head and homes[0].head.sex == "M"
        assert homes[0].commune is homes[1].commune
        wives = [wife.number for home in homes for wife in home.in_role("spouse")]
        assert len(wives) == len(set(wives))


def test_nobody_but_such_a_head_lives_in_two_households(households: list[Household]) -> None:
    homes = Counter(p.number for h in households for role, p in h.members if role != "head")

    assert max(homes.values()) == 1
    assert all(re.fullmatch(r"[1-9]\d{9}", number) for number in homes)
    assert [role for role, _ in households[0].members].count("head") == 1


def test_ages_are_plausible(households: list[Household]) -> None:
    for household in households:
        head = household.head
        assert 20 <= head.age_on(TODAY) <= 91
        for role, person in household.members:
            assert 0 <= person.age_on(TODAY) <= 120
            if role == "child":
                assert head.age_on(TODAY) - person.age_on(TODAY) >= 14
            if role == "parent":
                assert person.age_on(TODAY) - head.age_on(TODAY) >= 14
            if role == "grandchild":
                assert head.age_on(TODAY) - person.age_on(TODAY) >= 28


def test_dates_known_by_year_are_the_31_december_or_the_1_january(households: list[Household]) -> None:
    people = list(everyone(households))
    by_year = [person for person in people if person.year_only]

    assert share(len(by_year), len(people)) == pytest.approx(0.45, abs=0.03)
    assert {(p.born_on.month, p.born_on.day) for p in by_year} == {(12, 31), (1, 1)}


def test_a_child_carries_its_fathers_name(households: list[Household]) -> None:
    seen = 0
    for household in households:
        head = household.head
        fathers = [head] if head.sex == "M" else household.in_role("spouse")
        for child in household.in_role("child") if fathers else []:
            father = fathers[0].name
            assert child.name.father == father.given
            assert child.name.grandfather == father.father
            assert child.name.family == father.family
            if child.name.pattern.key in ("patronymic_ould", "patronymic_mint"):
                seen += 1
                particle = "Mint" if child.sex == "F" else "Ould"
                assert child.name.latin == f"{child.name.given.latin} {particle} {father.given.latin}"
    assert seen > 500


def test_a_heads_father_and_siblings_share_his_line(households: list[Household]) -> None:
    for household in households:
        head = household.head.name
        for sibling in household.in_role("sibling"):
            assert (sibling.name.father, sibling.name.grandfather) == (head.father, head.grandfather)
        for parent in household.in_role("parent"):
            assert parent.sex == "F" or parent.name.given == head.father


def test_a_household_speaks_one_language_and_only_moors_say_ould(households: list[Household]) -> None:
    for household in households:
        assert len({person.name.group for _, person in household.members}) == 1
    others = [p.name for p in everyone(households) if p.name.group != "hassaniya"]
    assert others and not any({"Ould", "Mint"} & set(name.latin.split()) for name in others)
    assert all(re.search("[\u0621-\u064a]", person.name.arabic) for person in everyone(households))


def test_phones_are_mauritanian_and_some_belong_to_an_agent(households: list[Household]) -> None:
    phones = Counter(h.phone for h in households if h.phone)

    assert all(re.fullmatch(r"[234]\d{7}", phone) for phone in phones)
    assert max(phones.values()) > 10
    assert any(count == 2 for count in phones.values())
    assert share(sum(not h.phone for h in households), len(households)) == pytest.approx(0.08, abs=0.02)


def test_disability_is_as_frequent_as_expected(households: list[Household]) -> None:
    people = list(everyone(households))

    assert share(sum(person.disabled for person in people), len(people)) == pytest.approx(0.04, abs=0.008)


def test_places_are_consistent_and_spread_by_population(households: list[Household]) -> None:
    numbers = [household.number for household in households]
    assert len(numbers) == len(set(numbers))
    for household in households:
        assert re.fullmatch(r"MR\d{10}", household.number)
        assert household.number.startswith(household.commune.moughataa_code)
        assert household.commune.moughataa_code.startswith(household.commune.wilaya_code)
        assert household.village in household.commune.villages
    # Hodh Ech Chargui holds 625,643 of the 4,927,532 people of the census.
    east = sum(household.commune.wilaya_code == "MR01" for household in households)
    assert share(east, len(households)) == pytest.approx(625_643 / 4_927_532, abs=0.03)


def test_every_commune_of_the_country_has_villages() -> None:
    assert len(communes()) == 238
    for commune in communes():
        names = [village.latin for village in commune.villages]
        assert 3 <= len(names) == len(set(names)) <= 12
        assert commune.name.arabic and commune.moughataa.arabic and commune.wilaya.arabic


def test_communes_are_written_in_arabic_by_ear() -> None:
    assert arabic_by_ear("Hassi Abdallah") == "حاسي عبد الله"
    assert arabic_by_ear("El Ghabra") == "الغابرا"


@pytest.mark.parametrize("count", [0, -1, MAX_HOUSEHOLDS + 1])
def test_an_impossible_number_of_households_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and {MAX_HOUSEHOLDS}, not {count}"):
        generate(tmp_path, households=count)
    assert list(tmp_path.iterdir()) == []


@given(seed=st.integers(0, 10**9), count=st.integers(1, 40))
def test_any_seed_and_size_make_a_country(seed: int, count: int) -> None:
    households = build(count, seed, TODAY).households

    assert len(households) == count
    assert all(h.number and all(person.number for _, person in h.members) for h in households)


def test_the_registry_file_is_the_interchange_format(tmp_path: Path) -> None:
    manifest = generate(tmp_path, households=40, seed=3)

    lines = (tmp_path / manifest.registry.file).read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))

    assert lines[0].startswith(
        "household_number,commune_code,village,vulnerability_category,score,formula_version,surveyed_on,phone,"
        "individual_number,relationship,name_fr,name_ar,sex,birth_date,birth_precision,nni,disability,"
        "questionnaire_version,q.walls,"
    )
    assert len(rows) == manifest.registry.lines
    assert len({row["household_number"] for row in rows}) == manifest.registry.households == 40
    assert len({row["individual_number"] for row in rows}) == manifest.registry.individuals
    assert {row["relationship"] for row in rows} <= {
        "head", "spouse", "child", "parent", "sibling", "grandchild", "other",
    }  # fmt: skip
    assert {row["birth_precision"] for row in rows} == {"day", "year"}
    assert {row["disability"] for row in rows} == {"yes", "none"}
    assert {row["sex"] for row in rows} == {"F", "M"}
    assert all(date.fromisoformat(row["birth_date"]) <= TODAY for row in rows)
    assert all(0 <= float(row["score"]) <= 100 for row in rows)


def test_a_household_answers_on_its_first_line_and_each_person_the_same_wherever_listed(tmp_path: Path) -> None:
    manifest = generate(tmp_path, households=400, seed=3)

    with (tmp_path / manifest.registry.file).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    answered = [row["household_number"] for row in rows if row["q.walls"]]
    assert len(set(answered)) == len(answered) == 400
    told: dict[str, set[tuple[str, ...]]] = {}
    for row in rows:
        domains = tuple(row[name] for name in row if name.startswith("qi."))
        told.setdefault(row["individual_number"], set()).add(domains)
        severe = {"a_lot", "cannot"} & set(domains)
        assert not severe or row["disability"] == "yes"
    assert len(rows) > len(told)
    assert all(len(answers) == 1 for answers in told.values())
    poor = [row for row in rows if row["q.walls"] in ("straw", "tent")]
    assert sum(row["vulnerability_category"] == "not_poor" for row in poor) == 0
