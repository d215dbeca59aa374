"""Every figure of interlinkage in plain Python, over lists of dicts: it shares no code with the engine, and no library.

Slow and in the words of the definitions. `figures(...)` gives {(indicator, by, group, program, other, unit, bound):
(numerator, denominator, value)} with value None where there is none.
"""

import math

# ruff: noqa: B023 - what a loop defines is called before the loop goes on
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

Key = tuple[str, str, str, str, str, str, str]
Told = tuple[Any, Any, float | None]
Row = dict[str, Any]
BOUNDS = ("certain", "certain_and_probable")


def half_up(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))


class Oracle:
    def __init__(
        self,
        households: list[Row],
        receipts: list[Row],
        enrolled: list[Row],
        eligible: list[Row],
        baskets: list[Row],
        programs: list[Row],
        matrix: dict[tuple[str, str], str],
        months: list[Any],
        standing: list[Row],
    ) -> None:
        self.households, self.receipts, self.enrolled = households, receipts, enrolled
        self.codes = sorted(one["code"] for one in programs)
        self.programs = {one["code"]: one for one in programs}
        self.matrix, self.months = matrix, months
        self.baskets = {(one["month"], one["size"]): one["basket"] for one in baskets}
        self.eligible = {(one["household"], one["program"]): one["eligible"] for one in eligible}
        self.standing = {(one["household"], one["program"]): one["reason"] for one in standing if one["certain"]}
        self.found: dict[Key, Told] = {}

    def figures(self) -> dict[Key, Told]:
        for bound in BOUNDS:
            self.bound = bound
            self.on, self.got, self.came = self._held(bound)
            for by, group, members in self._groups():
                self._of_group(by, group, members)
            self._months()
            self._over_time()
            self._harmony()
            self._alike()
        return self.found

    def _held(self, bound: str) -> tuple[dict[int, set[str]], dict[tuple[int, Any], set[str]], dict[Any, int]]:
        sure = [one for one in self.receipts if one["certain"] or bound != "certain"]
        on: dict[int, set[str]] = {h["household"]: set() for h in self.households}
        for one in self.enrolled:
            if one["certain"] or bound != "certain":
                on[one["household"]].add(one["program"])
        got: dict[tuple[int, Any], set[str]] = {}
        came: dict[Any, int] = {}
        for one in sure:
            got.setdefault((one["household"], one["month"]), set()).add(one["program"])
            key = (one["household"], one["month"], one["program"])
            came[key] = came.get(key, 0) + one["value"]
        return on, got, came

    def _groups(self) -> Iterable[tuple[str, str, list[Row]]]:
        ways: dict[str, Callable[[Row], str]] = {
            "total": lambda h: "all",
            "wilaya": lambda h: h["wilaya"] or "unknown",
            "moughataa": lambda h: h["moughataa"] or "unknown",
            "category": lambda h: h["category"] or "unknown",
            "size_band": band,
            "head_sex": lambda h: h["head_sex"] or "unknown",
            "disability": lambda h: "unknown" if h["disabled"] is None else ("with" if h["disabled"] else "without"),
        }
        for by, of in ways.items():
            for group in sorted({of(h) for h in self.households}):
                yield by, group, [h for h in self.households if of(h) == group]

    def _say(self, indicator: str, by: str, group: str, part: Any, whole: Any, **rest: str) -> None:
        unit, bound = rest.get("unit", ""), rest.get("bound", self.bound)
        key = (indicator, by, group, rest.get("program", ""), rest.get("other", ""), unit, bound)
        self.found[key] = (part, whole, part / whole if whole else None)

    def _programs_of(self, h: Row) -> set[str]:
        return {program for month in self.months for program in self.got.get((h["household"], month), set())}

    def _value(self, h: Row, program: str = "", months: Iterable[Any] = ()) -> int:
        found: list[int] = [
            self.came.get((h["household"], month, which), 0)
            for month in (months or self.months)
            for which in (self.codes if program == "" else [program])
        ]
        return sum(found)

    def _served(self, h: Row, program: str) -> bool:
        return bool(self._programs_of(h)) if program == "" else program in self._programs_of(h)

    def _of_group(self, by: str, group: str, members: list[Row]) -> None:
        for unit in ("households", "people"):
            self._counts(by, group, members, unit)
        for program in ("", *self.codes):
            self._money(by, group, members, program)
        served = [h for h in members if self._served(h, "")]
        without = sum(int(not self.got.get((h["household"], month))) for h in served for month in self.months)
        self._say("gap_months", by, group, without, len(served), unit="households")
        if by in ("total", "wilaya"):
            for program in ("", *self.codes):
                for unit in ("households", "people"):
                    self._concentration(by, group, members, program, unit)

    def _counts(self, by: str, group: str, members: list[Row], unit: str) -> None:
        def many(test: Callable[[Row], Any], among: list[Row] = members) -> int:
            return sum((1 if unit == "households" else h["size"]) for h in among if test(h))

        def rule(h: Row, program: str) -> Any:
            return self.eligible.get((h["household"], program), False)

        everyone = many(lambda h: True)
        for program in ("", *self.codes):
            part = many(lambda h: self._served(h, program))
            self._say("coverage", by, group, part, everyone, unit=unit, program=program)
            if by != "total":
                whole = many(lambda h: self._served(h, program), self.households)
                self._say("beneficiary_incidence", by, group, part, whole, unit=unit, program=program)
        for a in self.codes:
            instead = {a, *self.programs[a]["substitutes"]}

            def on(h: Row, programs: set[str] | None = None, a: str = a) -> bool:
                return bool(self.on[h["household"]] & (programs or {a}))

            told: dict[str, tuple[int, int]] = {
                "exclusion_error": (many(lambda h: rule(h, a) and not on(h)), many(lambda h: rule(h, a))),
                "inclusion_error": (many(lambda h: on(h) and rule(h, a) is False), many(on)),
                "inclusion_unknown": (many(lambda h: on(h) and rule(h, a) is None), many(on)),
                "gap": (many(lambda h: rule(h, a) and not on(h, instead)), many(lambda h: rule(h, a))),
            }
            for indicator, (part, whole) in told.items():
                self._say(indicator, by, group, part, whole, unit=unit, program=a)
            if by in ("total", "wilaya", "moughataa") and self.bound == "certain":
                gaps = [h for h in members if rule(h, a) and not on(h, instead)]
                for why in ("never_enrolled", "waiting", "suspended", "exited"):
                    part = many(lambda h: self.standing.get((h["household"], a), "never_enrolled") == why, gaps)
                    whole = many(lambda h: True, gaps)
                    self._say("gap_by_reason", by, group, part, whole, unit=unit, program=a, other=why)
            self._say("eligible_share", by, group, many(lambda h: rule(h, a)), everyone, unit=unit, bound="", program=a)
            part = many(lambda h: rule(h, a) is None)
            self._say("eligibility_unknown", by, group, part, everyone, unit=unit, bound="", program=a)
            beside = {b for b in self.codes if self.matrix.get((min(a, b), max(a, b))) in ("required", "intended")}
            if beside:
                package = beside | {a}
                part = many(lambda h: package <= self.on[h["household"]])
                self._say(
                    "complementarity", by, group, part, many(on), unit=unit, program=a, other="+".join(sorted(package))
                )
        for a, b in self._pairs():
            self._pair(by, group, members, unit, a, b, lambda h: self.on[h["household"]])
        if by == "total":
            for held in sorted({tuple(sorted(self.on[h["household"]])) for h in members}):
                part = many(lambda h: tuple(sorted(self.on[h["household"]])) == held)
                self._say("combination", by, group, part, everyone, unit=unit, other="+".join(held))

    def _pairs(self) -> list[tuple[str, str]]:
        return [(a, b) for a in self.codes for b in self.codes if a < b]

    def _pair(
        self, by: str, group: str, members: list[Row], unit: str, a: str, b: str, held: Callable[[Row], set[str]]
    ) -> None:
        def many(test: Callable[[set[str]], bool]) -> int:
            return sum((1 if unit == "households" else h["size"]) for h in members if test(held(h)))

        both = many(lambda s: a in s and b in s)
        wholes = {
            "overlap": many(lambda s: True),
            "overlap_of_first": many(lambda s: a in s),
            "overlap_of_second": many(lambda s: b in s),
            "overlap_jaccard": many(lambda s: a in s or b in s),
        }
        for indicator, whole in wholes.items():
            self._say(indicator, by, group, both, whole, unit=unit, program=a, other=b)

    def _basket(self, h: Row, months: Iterable[Any] = ()) -> int | None:
        parts = [self.baskets.get((month, h["size"])) for month in (months or self.months)]
        return None if None in parts else sum(part for part in parts if part is not None)

    def _money(self, by: str, group: str, members: list[Row], program: str) -> None:
        came = sum(self._value(h, program) for h in members)
        if by != "total":
            whole = sum(self._value(h, program) for h in self.households)
            self._say("benefit_incidence", by, group, came, whole, unit="money", program=program)
        known = [h for h in members if self._basket(h) is not None]
        part = sum(self._value(h, program) for h in known)
        served = [h for h in known if self._served(h, program)]
        needs = sum(self._basket(h) or 0 for h in served)
        self._say("adequacy", by, group, part, needs, unit="money", program=program)
        needs = sum(self._basket(h) or 0 for h in known)
        self._say("adequacy_of_group", by, group, part, needs, unit="money", program=program)
        if program == "":
            lean = [month for month in self.months if month.month in (6, 7, 8)]
            part = sum(self._value(h, "", lean) for h in known)
            needs = sum(self._basket(h, lean) or 0 for h in served)
            self._say("lean_season_adequacy", by, group, part, needs, unit="money")

    def _months(self) -> None:
        served = [h for h in self.households if self._served(h, "") and self._basket(h) is not None]
        profile = []
        for month in self.months:
            name = month.strftime("%Y-%m")
            part = sum(self._value(h, "", [month]) for h in served)
            needs = sum(self._basket(h, [month]) or 0 for h in served)
            self._say("combined_adequacy", "month", name, part, needs, unit="money")
            if needs:
                profile.append((Fraction(part, needs), name, part, needs))
            for program in self.codes:
                given = [
                    h
                    for h in self.households
                    if program in self.got.get((h["household"], month), set()) and self._basket(h) is not None
                ]
                part = sum(self._value(h, program, [month]) for h in given)
                needs = sum(self._basket(h, [month]) or 0 for h in given)
                self._say("adequacy", "month", name, part, needs, unit="money", program=program)
            for unit in ("households", "people"):
                self._month(month, name, unit)
        if profile:
            highest = max(one[0] for one in profile)
            _, name, part, needs = next(one for one in profile if one[0] == highest)
            self._say("peak_month", "total", "all", part, needs, unit="money", other=name)
        else:
            self._say("peak_month", "total", "all", 0, 0, unit="money")
        self._distribution()

    def _month(self, month: Any, name: str, unit: str) -> None:
        def held(h: Row) -> set[str]:
            return self.got.get((h["household"], month), set())

        everyone = sum((1 if unit == "households" else h["size"]) for h in self.households)
        for program in ("", *self.codes):
            part = sum(
                (1 if unit == "households" else h["size"])
                for h in self.households
                if (held(h) if program == "" else program in held(h))
            )
            self._say("coverage", "month", name, part, everyone, unit=unit, program=program)
        for a, b in self._pairs():
            self._pair("month", name, self.households, unit, a, b, held)

    def _over_time(self) -> None:
        """The households of a wilaya, month by month: as the country's, by themselves."""
        for wilaya in sorted({h["wilaya"] or "unknown" for h in self.households}):
            members = [h for h in self.households if (h["wilaya"] or "unknown") == wilaya]
            known = [h for h in members if self._basket(h) is not None]
            served = [h for h in known if self._served(h, "")]
            for month in self.months:
                group = wilaya + "|" + month.strftime("%Y-%m")
                part = sum(self._value(h, "", [month]) for h in served)
                needs = sum(self._basket(h, [month]) or 0 for h in served)
                self._say("combined_adequacy", "wilaya_month", group, part, needs, unit="money")
                for program in ("", *self.codes):
                    given = [
                        h
                        for h in members
                        if (got := self.got.get((h["household"], month), set())) and (not program or program in got)
                    ]
                    for unit, weigh in (("households", lambda h: 1), ("people", lambda h: h["size"])):
                        many, everyone = sum(map(weigh, given)), sum(map(weigh, members))
                        self._say("coverage", "wilaya_month", group, many, everyone, unit=unit, program=program)
                    if program:
                        part = sum(self._value(h, program, [month]) for h in given if h in known)
                        needs = sum(self._basket(h, [month]) or 0 for h in given if h in known)
                        self._say("adequacy", "wilaya_month", group, part, needs, unit="money", program=program)

    def _distribution(self) -> None:
        for unit in ("households", "people"):
            weights = [(1 if unit == "households" else h["size"], self._value(h)) for h in self.households]
            for name, low, high in (
                ("0", None, None),
                ("1-499", 0, 500),
                ("500-999", 500, 1000),
                ("1000-1999", 1000, 2000),
                ("2000-4999", 2000, 5000),
                ("5000+", 5000, None),
            ):
                part = 0
                for weight, value in weights:
                    month = Fraction(value, 12 * 100)
                    if low is None:
                        inside = value == 0
                    else:
                        inside = value > 0 and month >= low and (high is None or month < high)
                    part += weight if inside else 0
                whole = sum(weight for weight, _ in weights)
                self._say("value_distribution", "value_band", name, part, whole, unit=unit)

    def _harmony(self) -> None:
        for benefit in {one["benefit"] for one in self.programs.values()}:
            for month in self.months:
                worth = []
                for code in self.codes:
                    if self.programs[code]["benefit"] != benefit:
                        continue
                    given = [h for h in self.households if code in self.got.get((h["household"], month), set())]
                    value = sum(self._value(h, code, [month]) for h in given)
                    if value:
                        worth.append(half_up(Fraction(value, sum(h["size"] for h in given))))
                key = ("harmonisation_gap", "month", month.strftime("%Y-%m"), "", benefit, "money", self.bound)
                if len(worth) < 2:
                    self.found[key] = (None, None, None)
                else:
                    self.found[key] = (max(worth), min(worth), max(worth) - min(worth))

    def _alike(self) -> None:
        cells: dict[str, list[Row]] = {}
        for h in self.households:
            name = "|".join((h["category"] or "unknown", band(h), h["wilaya"] or "unknown"))
            cells.setdefault(name, []).append(h)
        for name, members in cells.items():
            for unit in ("households", "people"):
                each: list[int] = []
                nothing = 0
                for h in members:
                    times = 1 if unit == "households" else h["size"]
                    each += [half_up(Fraction(self._value(h), 12 * h["size"]))] * times
                    nothing += 0 if self._served(h, "") else times
                self._say("equity_nothing", "category_size_wilaya", name, nothing, len(each), unit=unit)
                self._spread(name, sorted(each), unit)

    def _spread(self, name: str, each: list[int], unit: str) -> None:
        n = len(each)
        low, high = each[math.ceil(Fraction(n, 10)) - 1], each[math.ceil(Fraction(9 * n, 10)) - 1]
        self._say("equity_p90_p10", "category_size_wilaya", name, high, low, unit="money", other=unit)
        mean = Fraction(sum(each), n)
        variance = sum((one - mean) ** 2 for one in each) / n
        key = ("equity_variation", "category_size_wilaya", name, "", unit, "money", self.bound)
        deviation = math.sqrt(variance)
        self.found[key] = (round(deviation), half_up(mean), deviation / mean if mean else None)

    def _concentration(self, by: str, group: str, members: list[Row], program: str, unit: str) -> None:
        """Person by person, or household by household: 2 cov(T, rank) / mean(T), from the definition."""
        ranked = [h for h in members if h["score"] is not None]
        if not ranked:
            return
        drawn: list[tuple[float, Fraction]] = []
        for h in ranked:
            times = 1 if unit == "households" else h["size"]
            drawn += [(h["score"], Fraction(self._value(h, program), times))] * times
        n = len(drawn)
        ranks = []
        for score, _ in drawn:
            before, same = sum(s < score for s, _ in drawn), sum(s == score for s, _ in drawn)
            ranks.append((Fraction(before) + Fraction(same, 2)) / n)
        mean, middle = sum(t for _, t in drawn) / Fraction(n), sum(ranks) / n
        twice = 2 * sum((t - mean) * (r - middle) for (_, t), r in zip(drawn, ranks, strict=True)) / n
        key = ("concentration", by, group, program, unit, "money", self.bound)
        self.found[key] = (round(twice), half_up(mean), float(twice / mean) if mean else None)


def band(h: Row) -> str:
    for most, name in ((3, "1-3"), (6, "4-6"), (9, "7-9")):
        if h["size"] <= most:
            return name
    return "10+"
