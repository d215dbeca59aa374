"""Who is on which list: the sizes, the zones and the categories that make overlaps and gaps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from cli.demo.households import Country
from cli.demo.people import Household, Person
from cli.demo.places import Commune, communes

EL_MAOUNA_WILAYAS = frozenset({"MR01", "MR02", "MR03", "MR04", "MR10"})
SEASONAL_WILAYAS = frozenset({"MR01", "MR02", "MR03", "MR05", "MR09", "MR10"})
# Where Tekavoul has hardly arrived yet: the largest gaps a report should find.
TEKAVOUL_REACH = {"MR05": 0.25, "MR14": 0.3, "MR08": 0.15, "MR10": 0.6}

SCHOOL_AGES = range(6, 15)
CLASSES = ("1AF", "2AF", "3AF", "4AF", "5AF", "6AF")
# Strangers per surveyed household among pupils: 0.21 / 0.79 beside the half of the surveyed, so 35 of 100 pupils.
ONE_MORE_STRANGER = 0.21


@dataclass(slots=True)
class Beneficiary:
    """One row before any clerk touched it. `person` is the recipient or pupil; `registered` is false for strangers."""

    household: Household
    person: Person
    registered: bool
    school: str = ""
    school_class: str = ""
    removed: bool = False
    duplicate: bool = False


Weight = Callable[[Household], float]


def draw(rng: Random, households: Iterable[Household], count: int, weight: Weight) -> list[Household]:
    """`count` households without repetition, by weight; those of weight 0 never. (Efraimidis and Spirakis, 2006.)"""
    keyed = [(rng.random() ** (1 / w), i, h) for i, h in enumerate(households) if (w := weight(h)) > 0]
    keyed.sort(key=lambda item: (-item[0], item[1]))
    return [household for _, _, household in keyed[:count]]


def recipient(rng: Random, household: Household, spouses: float) -> Person:
    """The head, or a spouse in a share `spouses` of the households that have one."""
    wives = household.in_role("spouse")
    if wives and rng.random() < spouses:
        return wives[0]
    return household.head


def by_place(rows: list[Beneficiary]) -> list[Beneficiary]:
    """Lists are printed by place, as the teams bring them in."""
    return sorted(rows, key=lambda row: (row.household.commune.code, row.household.village.latin, row.school))


class Enrollments:
    """Chooses the beneficiaries of each program among the country's households, and strangers beside them."""

    def __init__(self, country: Country, seed: int) -> None:
        self.country = country
        self.seed = seed
        self.size = len(country.households)
        self._tekavoul: set[int] = set()
        self._zone = self._el_maouna_communes()

    def _rng(self, program: str) -> Random:
        return Random(f"{self.seed}:{program}")

    def _count(self, share: float) -> int:
        return max(1, round(share * self.size))

    def _el_maouna_communes(self) -> frozenset[str]:
        """Seven of ten communes of the zone; a commune is in or out as a whole, as the Cadre Harmonisé has it."""
        rng = self._rng("zone")
        inside = [commune for commune in communes() if commune.wilaya_code in EL_MAOUNA_WILAYAS]
        return frozenset(commune.code for commune in rng.sample(inside, round(len(inside) * 0.7)))

    def _rows(
        self,
        program: str,
        chosen: list[Household],
        *,
        spouses: float,
        strangers: float,
        where: list[Commune] | None = None,
    ) -> list[Beneficiary]:
        """The chosen households, a share of them replaced by strangers living in the same communes (or in `where`)."""
        rng = self._rng(f"{program}:recipients")
        rows = []
        for household in chosen:
            if rng.random() < strangers:
                outsider = self.country.outsider(rng.choice(where) if where else household.commune)
                rows.append(Beneficiary(outsider, recipient(rng, outsider, spouses), False))
            else:
                rows.append(Beneficiary(household, recipient(rng, household, spouses), True))
        return by_place(rows)

    def tekavoul(self) -> list[Beneficiary]:
        weights = {"extreme_poor": 1.0, "poor": 0.09, "vulnerable": 0.03, "not_poor": 0.012}

        def weight(household: Household) -> float:
            return weights[household.category] * TEKAVOUL_REACH.get(household.commune.wilaya_code, 1.0)

        chosen = draw(self._rng("TEKAVOUL"), self.country.households, self._count(0.40), weight)
        self._tekavoul = {id(household) for household in chosen}
        return self._rows("TEKAVOUL", chosen, spouses=0.62, strangers=0.025)

    def tekavoul_seasonal(self) -> list[Beneficiary]:
        weights = {"extreme_poor": 1.0, "poor": 0.5, "vulnerable": 0.15, "not_poor": 0.02}

        def weight(household: Household) -> float:
            if household.commune.wilaya_code not in SEASONAL_WILAYAS:
                return 0.0
            return weights[household.category] * (1.0 if id(household) in self._tekavoul else 0.6)

        chosen = draw(self._rng("TEKAVOUL_SEASONAL"), self.country.households, self._count(0.12), weight)
        return self._rows("TEKAVOUL_SEASONAL", chosen, spouses=0.12, strangers=0.025)

    def el_maouna(self) -> list[Beneficiary]:
        weights = {"extreme_poor": 1.0, "poor": 0.7, "vulnerable": 0.25, "not_poor": 0.04}

        def weight(household: Household) -> float:
            return weights[household.category] if household.commune.code in self._zone else 0.0

        chosen = draw(self._rng("EL_MAOUNA"), self.country.households, self._count(0.22), weight)
        return self._rows("EL_MAOUNA", chosen, spouses=0.12, strangers=0.035)

    def temwine(self) -> list[Beneficiary]:
        weights = {"extreme_poor": 0.6, "poor": 0.6, "vulnerable": 0.35, "not_poor": 0.08}
        shops = self._rng("shops")
        # A commune with few contracted shops gives few cards.
        reach = {commune.code: shops.choice((0.1, 0.5, 1.0, 1.0, 1.5)) for commune in communes()}

        def weight(household: Household) -> float:
            return weights[household.category] * reach[household.commune.code]

        chosen = draw(self._rng("TEMWINE"), self.country.households, self._count(0.40), weight)
        return self._rows("TEMWINE", chosen, spouses=0.12, strangers=0.025)

    def disability_cash(self) -> list[Beneficiary]:
        weights = {"extreme_poor": 1.0, "poor": 0.5, "vulnerable": 0.15, "not_poor": 0.03}

        def weight(household: Household) -> float:
            return weights[household.category] if household.is_disabled else 0.0

        chosen = draw(self._rng("DISABILITY_CASH"), self.country.households, self._count(0.05), weight)
        return self._rows("DISABILITY_CASH", chosen, spouses=0.12, strangers=0.04)

    def health_insurance(self) -> list[Beneficiary]:
        """A delta: additions, and further down removals of some just added (effective later)."""
        weights = {"extreme_poor": 1.0, "poor": 0.5, "vulnerable": 0.2, "not_poor": 0.02}

        def weight(household: Household) -> float:
            return weights[household.category] * (2.0 if id(household) in self._tekavoul else 1.0)

        rng = self._rng("HEALTH_INSURANCE")
        chosen = draw(rng, self.country.households, self._count(0.35), weight)
        added = self._rows("HEALTH_INSURANCE", chosen, spouses=0.12, strangers=0.025)
        gone = [row for row in added if row.registered and rng.random() < 0.02]
        return added + [Beneficiary(row.household, row.person, True, removed=True) for row in gone]

    def wfp_lean_season(self) -> list[Beneficiary]:
        """WFP's own targeting in part of El Maouna's communes and a few it does not serve."""
        rng = self._rng("WFP_LEAN_SEASON")
        inside = sorted(self._zone)
        outside = sorted(c.code for c in communes() if c.wilaya_code in EL_MAOUNA_WILAYAS and c.code not in self._zone)
        zone = {*rng.sample(inside, len(inside) // 2), *rng.sample(outside, len(outside) // 4)}
        weights = {"extreme_poor": 1.0, "poor": 0.8, "vulnerable": 0.5, "not_poor": 0.15}

        def weight(household: Household) -> float:
            return weights[household.category] if household.commune.code in zone else 0.0

        chosen = draw(rng, self.country.households, self._count(0.10), weight)
        where = [commune for commune in communes() if commune.code in zone]
        return self._rows("WFP_LEAN_SEASON", chosen, spouses=0.12, strangers=0.10, where=where)

    def school_feeding(self) -> list[Beneficiary]:
        """Pupils of the communes with canteens, school by school; one in three from a household nobody surveyed."""
        rng = self._rng("SCHOOL_FEEDING")
        count = self._count(0.5)
        by_commune: dict[str, list[Household]] = {}
        for household in self.country.households:
            by_commune.setdefault(household.commune.code, []).append(household)
        served = rng.sample(sorted(by_commune), len(by_commune))
        rows: list[Beneficiary] = []
        for code in served:
            if len(rows) >= count:
                break
            rows += self._pupils_of(rng, by_commune[code])
        return by_place(rows[:count])

    def _pupils_of(self, rng: Random, households: list[Household]) -> list[Beneficiary]:
        """Half the households of a commune send their children to a school with a canteen."""
        rows: list[Beneficiary] = []
        for household in households:
            if rng.random() < 0.5:
                rows += self._pupils(rng, household, registered=True)
            while rng.random() < ONE_MORE_STRANGER:
                rows += self._pupils(rng, self.country.outsider(household.commune), registered=False)
        return rows

    def _pupils(self, rng: Random, household: Household, *, registered: bool) -> list[Beneficiary]:
        today = self.country.births.today
        school = _school(household)
        rows = []
        for role, person in household.members:
            age = person.age_on(today)
            if role in ("child", "grandchild") and age in SCHOOL_AGES and rng.random() < 0.85:
                grade = CLASSES[max(0, min(5, age - 6 - rng.choice((0, 0, 1, 2))))]
                rows.append(Beneficiary(household, person, registered, school=school, school_class=grade))
        return rows


def _school(household: Household) -> str:
    """Town schools have numbers, village schools the name of the village."""
    commune, village = household.commune, household.village.latin
    if commune.is_urban or village == commune.villages[0].latin:
        number = 1 + sum(map(ord, village)) % 3
        return f"École {commune.name.latin} {number}"
    return f"École {village}"
