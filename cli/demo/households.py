"""How households are composed: kinship, poverty, phones, and the country they make together."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from cli.demo.names import GROUPS, FullName, Name
from cli.demo.people import SURVEY_START, Births, Household, Numbers, Person
from cli.demo.places import Commune, communes

MAX_SIZE = 15
MAX_HOUSEHOLDS = 320_000  # the country has 307,042; beyond 350,000 the synthetic national ids run out

FEMALE_HEADS = 0.30
SECOND_HOUSEHOLDS = 0.032  # a polygamous head's other wife keeps her own household
SIBLING_HOUSEHOLDS = 0.07
AGENT_PHONES = 0.10
NO_PHONE = 0.08

# Category, share, and its range of scores: a lower score is poorer.
CATEGORIES = (
    ("extreme_poor", 0.35, (4.0, 30.0)),
    ("poor", 0.30, (30.0, 48.0)),
    ("vulnerable", 0.20, (48.0, 62.0)),
    ("not_poor", 0.15, (62.0, 96.0)),
)
POORER_WILAYAS = frozenset({"MR01", "MR02", "MR03", "MR04", "MR10", "MR05", "MR09"})


@dataclass(slots=True)
class Country:
    """Everyone the registry knows, and the means to draw people it does not know."""

    births: Births
    households: list[Household] = field(default_factory=list)

    def outsider(self, commune: Commune) -> Household:
        """A household living in `commune` that the registry never surveyed: no number, no individual numbers."""
        group = self.births.rng.choices(GROUPS, weights=commune.group_shares)[0]
        return _found(self.births, commune, commune.draw_village(self.births.rng), group)


def build(count: int, seed: int, today: date) -> Country:
    """The registry's `count` households. Raises ValueError for a count outside 1 to MAX_HOUSEHOLDS."""
    if not 1 <= count <= MAX_HOUSEHOLDS:
        raise ValueError(f"households must be between 1 and {MAX_HOUSEHOLDS}, not {count}")
    rng = Random(f"{seed}:people")
    births = Births(rng, Numbers(rng), today)
    country = Country(births)
    places = communes()
    weights = list(accumulate(place.weight for place in places))
    agents: dict[str, str] = {}
    last_in: dict[tuple[str, str], Household] = {}
    while len(country.households) < count:
        commune = rng.choices(places, cum_weights=weights)[0]
        village = commune.draw_village(rng)
        neighbour = last_in.get((commune.code, village.latin))
        household = _settle(births, commune, village, neighbour)
        _give_phone(rng, household, neighbour, agents, births.numbers)
        _register(country, household)
        last_in[commune.code, village.latin] = household
        head = household.head
        if head.sex == "M" and len(country.households) < count and rng.random() < SECOND_HOUSEHOLDS / 0.66:
            _register(country, _second_household(births, household))
    return country


def _register(country: Country, household: Household) -> None:
    numbers = country.births.numbers
    household.number = numbers.household(household.commune.moughataa_code)
    for _, person in household.members:
        person.number = person.number or numbers.individual()
    country.households.append(household)


def _settle(births: Births, commune: Commune, village: Name, neighbour: Household | None) -> Household:
    if neighbour is not None and births.rng.random() < SIBLING_HOUSEHOLDS:
        return _found(births, commune, village, neighbour.head.name.group, sibling=neighbour.head.name)
    group = births.rng.choices(GROUPS, weights=commune.group_shares)[0]
    return _found(births, commune, village, group)


def _give_phone(
    rng: Random, household: Household, neighbour: Household | None, agents: dict[str, str], numbers: Numbers
) -> None:
    """An own phone mostly; none; a relative's next door; or the agent's who serves the commune."""
    draw = rng.random()
    if draw < NO_PHONE:
        household.phone = ""
    elif draw < NO_PHONE + AGENT_PHONES:
        household.phone = agents.setdefault(household.commune.code, numbers.phone())
        household.phone_is_agents = True
    elif neighbour is not None and _are_siblings(household.head.name, neighbour.head.name) and draw < 0.7:
        household.phone, household.phone_is_agents = neighbour.phone, neighbour.phone_is_agents


def _are_siblings(one: FullName, other: FullName) -> bool:
    return (one.father, one.grandfather, one.family) == (other.father, other.grandfather, other.family)


def _second_household(births: Births, first: Household) -> Household:
    """The same man heads it; another wife and her children live there, often in the same village."""
    rng = births.rng
    village = first.village if rng.random() < 0.7 else first.commune.draw_village(rng)
    household = _empty(births, first.commune, village)
    head = first.head
    household.phone = first.phone if rng.random() < 0.5 else household.phone
    household.members.append(("head", head))
    _add_couple_and_children(births, household, max(20, head.age_on(births.today) - rng.randint(8, 20)))
    del household.members[MAX_SIZE:]
    return household


def _empty(births: Births, commune: Commune, village: Name) -> Household:
    rng = births.rng
    poorer = 1.25 if commune.wilaya_code in POORER_WILAYAS else 0.72
    weights = [share * factor for (_, share, _), factor in zip(CATEGORIES, (poorer, 1, 1, 1), strict=True)]
    category, _, (low, high) = rng.choices(CATEGORIES, weights=weights)[0]
    surveyed_on = SURVEY_START + timedelta(days=rng.randrange(365 * 5))
    score = min(round(rng.uniform(low, high), 2), high - 0.01)
    return Household("", commune, village, category, score, surveyed_on, births.numbers.phone(), False)


def _found(births: Births, commune: Commune, village: Name, group: str, sibling: FullName | None = None) -> Household:
    rng = births.rng
    household = _empty(births, commune, village)
    sex = "F" if rng.random() < FEMALE_HEADS else "M"
    age = min(88, max(21, round(rng.gauss(46 if sex == "M" else 48, 13))))
    if sibling is None:
        head = births.stranger(group, sex, age)
    else:
        head = births.person(
            group,
            sex,
            age,
            father=sibling.father,
            grandfather=sibling.grandfather,
            family=sibling.family,
            unlike={sibling.given.latin},
        )
    household.members.append(("head", head))
    if sex == "M":
        if rng.random() < 0.93:
            _add_couple_and_children(births, household, max(17, age - rng.randint(2, 12)))
    else:
        _add_children_of_a_woman(births, household, age)
    _add_others(births, household, age)
    del household.members[MAX_SIZE:]
    return household


def _add_couple_and_children(births: Births, household: Household, wife_age: int) -> None:
    head = household.head
    household.members.append(("spouse", births.stranger(head.name.group, "F", wife_age)))
    for child in _children(births, head.name, wife_age):
        household.members.append(("child", child))


def _add_children_of_a_woman(births: Births, household: Household, age: int) -> None:
    """Widowed or divorced: the children carry the name of a father who is no member. One in ten has a husband abroad."""
    head = household.head.name
    husband = births.stranger(head.group, "M", min(90, age + births.rng.randint(3, 12)))
    if births.rng.random() < 0.10:
        household.members.append(("spouse", husband))
    for child in _children(births, husband.name, age):
        household.members.append(("child", child))


def _children(births: Births, father: FullName, mother_age: int) -> list[Person]:
    """Children of one mother still at home, eldest first; girls leave at marriage sooner than boys."""
    rng = births.rng
    ages = []
    mother_then = rng.randint(16, 23)
    while mother_then <= min(mother_age, 44):
        ages.append(mother_age - mother_then)
        mother_then += rng.choice((1, 2, 2, 3, 3, 4, 6))
    children: list[Person] = []
    names: set[str] = set()
    for age in ages:
        sex = rng.choice("FM")
        at_home = 0.87 if age < 16 else 0.6 if age < 22 else 0.22 if age < 32 else 0.05
        if rng.random() >= at_home * (0.8 if sex == "F" and age >= 16 else 1.0):
            continue
        child = births.person(
            father.group,
            sex,
            age,
            father=father.given,
            grandfather=father.father,
            family=father.family,
            unlike=names,
        )
        names.add(child.name.given.latin)
        children.append(child)
    return children


def _add_others(births: Births, household: Household, head_age: int) -> None:
    rng, head = births.rng, household.head.name
    if head_age >= 50 and rng.random() < 0.45:
        for _ in range(rng.randint(1, 4)):
            household.members.append(("grandchild", _grandchild(births, household, rng.randint(0, head_age - 42))))
    if head_age <= 55 and rng.random() < 0.16:
        household.members.append(("parent", _parent(births, head, head_age)))
    if rng.random() < 0.12:
        age = max(15, head_age - rng.randint(0, 12))
        relative = births.person(
            head.group,
            rng.choice("FM"),
            age,
            father=head.father,
            grandfather=head.grandfather,
            family=head.family,
            unlike={head.given.latin},
        )
        household.members.append(("sibling", relative))
    if rng.random() < 0.15:
        household.members.append(("other", births.stranger(head.group, rng.choice("FM"), rng.randint(4, 70))))


def _parent(births: Births, head: FullName, head_age: int) -> Person:
    """The head's mother mostly, or the father: then his names are those the head carries."""
    rng = births.rng
    if rng.random() < 0.7:
        return births.stranger(head.group, "F", head_age + rng.randint(17, 30))
    father = births.stranger(head.group, "M", head_age + rng.randint(20, 38))
    father.name.given, father.name.father, father.name.family = head.father, head.grandfather, head.family
    return father


def _grandchild(births: Births, household: Household, age: int) -> Person:
    """A son's child when the head is a man (named after that son and the head), else a daughter's."""
    rng, head = births.rng, household.head
    if head.sex == "M" and rng.random() < 0.6:
        son = births.given(head.name.group, "M")
        return births.person(
            head.name.group,
            rng.choice("FM"),
            age,
            father=son,
            grandfather=head.name.given,
            family=head.name.family,
        )
    return births.stranger(head.name.group, rng.choice("FM"), age)
