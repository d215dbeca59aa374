"""The report of scenarios: what they cost, whom they serve, who gains and who loses, side by side and one by one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from services.matching.printing import charts
from services.matching.printing.numbers import DASH, Writer
from services.matching.printing.words import HIDDEN, REPORT, group_name, in_order
from services.matching.scenarios.schemas import (
    Amounts,
    ChangedOut,
    ComparisonOut,
    FigureOut,
    IndicatorOut,
    ResultOut,
    ServedOut,
)
from services.matching.scenarios.telling import NOTES
from shared.printing.report import Report, Section, Table
from shared.text import Language, Text

Places = Mapping[str, str]
WORDS = {
    **REPORT,
    "title": Text(ar="مقارنة السيناريوهات", fr="Comparaison de scénarios", en="Comparison of scenarios"),
    "one": Text(ar="السيناريو: {name}", fr="Scénario : {name}", en="Scenario: {name}"),
    "subtitle": Text(
        ar="تغييرات مقترحة محسوبة على بيانات السجل؛ لم يتغير شيء في البرامج.",
        fr="Changements proposés, calculés sur les données du registre ; rien n'est changé dans les programmes.",
        en="Proposed changes, computed over the registry's data; nothing of the programs is changed.",
    ),
    "none": Text(ar="بيانات اليوم", fr="données du jour", en="the day's data"),
    "links": Text(ar="الروابط", fr="Liens", en="Links"),
    "certain": Text(ar="المؤكدة، احتمال {threshold} فما فوق", fr="sûrs, probabilité d'au moins {threshold}",
                    en="certain, probability of {threshold} or more"),
    "certain_and_probable": Text(ar="المؤكدة (احتمال {threshold} فما فوق) والمحتملة", fr="sûrs (au moins {threshold}) et probables",
                                 en="certain ({threshold} or more) and probable"),
    "cost": Text(ar="كلفة السنة (أوقية جديدة)", fr="Coût de l'année (MRU)", en="Cost of the year (MRU)"),
    "more": Text(ar="فرق الكلفة (أوقية جديدة)", fr="Écart de coût (MRU)", en="Difference in cost (MRU)"),
    "winners": Text(ar="أسر رابحة", fr="Ménages gagnants", en="Households gaining"),
    "losers": Text(ar="أسر خاسرة", fr="Ménages perdants", en="Households losing"),
    "unchanged": Text(ar="بلا تغيير", fr="Inchangés", en="Unchanged"),
    "served": Text(ar="أسر مخدومة", fr="Ménages servis", en="Households served"),
    "before": Text(ar="اليوم", fr="aujourd'hui", en="today"),
    "after": Text(ar="السيناريو", fr="scénario", en="scenario"),
    "from_to": Text(ar="من {before} إلى {after}", fr="de {before} à {after}", en="from {before} to {after}"),
    "of_all": Text(ar="{share} من أسر السجل", fr="{share} des ménages du registre", en="{share} of the registry's households"),
    "gained": Text(ar="زيادة قدرها {money} أوقية", fr="{money} MRU de plus", en="{money} MRU more"),
    "lost": Text(ar="نقص قدره {money} أوقية", fr="{money} MRU de moins", en="{money} MRU less"),
    "budget_title": Text(ar="كلفة البرامج في اثني عشر شهرا", fr="Coût des programmes sur douze mois",
                         en="Cost of the programs over twelve months"),
    "scenario": Text(ar="السيناريو", fr="Scénario", en="Scenario"),
    "group": Text(ar="الفئة", fr="Groupe", en="Group"),
    "gains": Text(ar="الزيادات", fr="Gains", en="Gains"),
    "losses": Text(ar="النقصان", fr="Pertes", en="Losses"),
    "size_band": Text(ar="الرابحون والخاسرون بحسب حجم الأسرة", fr="Gagnants et perdants selon la taille du ménage",
                      en="Winners and losers by household size"),
    "category": Text(ar="الرابحون والخاسرون بحسب فئة الهشاشة", fr="Gagnants et perdants selon la catégorie",
                     en="Winners and losers by vulnerability category"),
    "wilaya": Text(ar="الرابحون والخاسرون بحسب الولاية", fr="Gagnants et perdants selon la wilaya",
                   en="Winners and losers by wilaya"),
    "losing": Text(ar="خاسرة", fr="Perdants", en="Losing"),
    "winning": Text(ar="رابحة", fr="Gagnants", en="Winning"),
    "share_lead": Text(ar="نسبة الأسر من كل فئة.", fr="Part des ménages de chaque groupe.", en="Share of the households of each group."),
    "months_title": Text(ar="الكلفة شهرا بشهر في السيناريو", fr="Le coût mois par mois dans le scénario",
                         en="Cost month by month in the scenario"),
    "in_mru": Text(ar="بالأوقية الجديدة", fr="En MRU", en="In MRU"),
    "in_millions": Text(ar="بملايين الأوقية الجديدة", fr="En millions de MRU", en="In millions of MRU"),
    "indicators_title": Text(ar="المؤشرات قبل وبعد", fr="Indicateurs avant et après", en="Indicators before and after"),
    "moved_only": Text(ar="من كل برنامج ما يغيره السيناريو.", fr="De chaque programme, ce que le scénario change.",
                       en="Of each program, what the scenario changes."),
    "indicator": Text(ar="المؤشر", fr="Indicateur", en="Indicator"),
    "moved": Text(ar="الفرق", fr="Écart", en="Difference"),
    "points": Text(ar="نقطة", fr="pt", en="pt"),
    "all": Text(ar="كل البرامج", fr="tous les programmes", en="all programs"),
    "served_title": Text(ar="الأسر المخدومة بحسب الولاية", fr="Ménages servis selon la wilaya", en="Households served by wilaya"),
}  # fmt: skip
INDICATORS = {
    "coverage": Text(ar="التغطية (أفراد)", fr="Couverture (personnes)", en="Coverage (people)"),
    "adequacy": Text(ar="الكفاية (من سلة الإنفاق)", fr="Adéquation (part du panier)", en="Adequacy (of the basket)"),
    "exclusion_error": Text(ar="خطأ الإقصاء (أسر)", fr="Erreur d'exclusion (ménages)", en="Exclusion error (households)"),
    "inclusion_error": Text(ar="خطأ الإدراج (أسر)", fr="Erreur d'inclusion (ménages)", en="Inclusion error (households)"),
    "overlap": Text(ar="التقاطع (أسر السجل)", fr="Chevauchement (ménages du registre)", en="Overlap (registry households)"),
    "concentration": Text(ar="معامل التركّز (السالب لصالح الأفقر)", fr="Coefficient de concentration (négatif : pro-pauvres)",
                          en="Concentration coefficient (negative: pro-poor)"),
}  # fmt: skip
"""Those of a scenario that its report shows, of the whole country."""
LEAN = (6, 7, 8)
"""The months of the lean season, as figures have them."""


def report_of(compared: ComparisonOut, places: Places, language: Language) -> Report:
    """Of one scenario, or of several with a table of all of them first."""
    return _Reporting(places, language).report(compared)


class _Reporting:
    def __init__(self, places: Places, language: Language) -> None:
        self.places, self.language, self.write = places, language, Writer(language)
        self.mirrored = language == "ar"

    def say(self, word: str, **values: object) -> str:
        return WORDS[word].format(**values).in_(self.language) if values else WORDS[word].in_(self.language)

    def report(self, compared: ComparisonOut) -> Report:
        scenarios = compared.scenarios
        alone = len(scenarios) == 1
        sections = [] if alone else [self._costs(scenarios), self._all_of_them(scenarios)]
        for one in scenarios:
            sections += self._sections(one, "" if alone else f"{one.name} – ")
        return Report(
            self.language,
            self.say("one", name=scenarios[0].name) if alone else self.say("title"),
            self.say("subtitle"),
            self._facts(compared),
            self._key(scenarios[0]) if alone else (),
            sections,
        )

    def _facts(self, compared: ComparisonOut) -> list[tuple[str, str]]:
        basis, write = compared.basis, self.write
        counts = {"households": write.number(basis.households), "people": write.number(basis.people)}
        return [
            (self.say("snapshot"), str(basis.snapshot_id or self.say("none"))),
            (self.say("day"), write.day(basis.day)),
            *([(self.say("known_on"), write.day(basis.known_on))] if basis.known_on else ()),
            *([(self.say("read"), NOTES["country"].in_(self.language))] if basis.known_on != basis.day else ()),
            (self.say("period"), f"{write.month(basis.first_month)} – {write.month(basis.last_month)}"),
            (self.say("links"), self.say(basis.links, threshold=write.number(basis.threshold, 2))),
            (self.say("registry"), self.say("households_people", **counts)),
        ]

    def _key(self, one: ResultOut) -> list[tuple[str, str, str]]:
        total, served = self._total(one), self._served(one)
        budget = one.budget
        costs = self.say("from_to", before=self._money(budget.before_mru), after=self._money(budget.after_mru))
        return [
            (self._more(budget), self.say("more"), costs if budget.after_mru is not None else ""),
            (self._count(served.households_after), self.say("served"), self._from_to(served)),
            (self._count(total.winners), self.say("winners"), self._made(total.gained_mru, "gained")),
            (self._count(total.losers), self.say("losers"), self._made(total.lost_mru, "lost")),
        ]

    def _more(self, budget: Amounts) -> str:
        if budget.before_mru is None or budget.after_mru is None:
            return HIDDEN.in_(self.language)
        return self.write.change(float(budget.after_mru - budget.before_mru))

    def _from_to(self, served: ServedOut) -> str:
        if served.households_before is None:
            return ""
        return self.say(
            "from_to", before=self._count(served.households_before), after=self._count(served.households_after)
        )

    def _made(self, amount: Decimal | None, word: str) -> str:
        return "" if amount is None else self.say(word, money=self.write.money(float(amount)))

    def _count(self, count: int | None) -> str:
        return HIDDEN.in_(self.language) if count is None else self.write.number(count)

    def _money(self, amount: Decimal | None) -> str:
        return HIDDEN.in_(self.language) if amount is None else self.write.money(float(amount))

    def _exact(self, amount: Decimal | None) -> str:
        return HIDDEN.in_(self.language) if amount is None else self.write.number(float(amount))

    def _total(self, one: ResultOut) -> ChangedOut:
        return next(row for row in one.changes if row.by == "total")

    def _served(self, one: ResultOut) -> ServedOut:
        none = ServedOut(
            by="total",
            group="all",
            program=None,
            households_before=0,
            people_before=0,
            households_after=0,
            people_after=0,
        )
        return next((row for row in one.served if row.by == "total" and row.program is None), none)

    def _costs(self, scenarios: Sequence[ResultOut]) -> Section:
        """Before and after of each scenario as pairs of bars."""
        rows = [
            charts.Pair(
                one.name,
                None if one.budget.before_mru is None else float(one.budget.before_mru),
                None if one.budget.after_mru is None else float(one.budget.after_mru),
                self._money(one.budget.before_mru),
                self._money(one.budget.after_mru),
            )
            for one in scenarios
        ]
        title = self.say("cost")
        return Section(title, chart=charts.pairs(title, rows, (self.say("before"), self.say("after")), mirrored=self.mirrored),
                       note=NOTES["budget"].in_(self.language))  # fmt: skip

    def _all_of_them(self, scenarios: Sequence[ResultOut]) -> Section:
        head = [self.say(word) for word in ("scenario", "more", "served", "winners", "losers", "unchanged")]
        rows = []
        for one in scenarios:
            total = self._total(one)
            counts = (self._served(one).households_after, total.winners, total.losers, total.unchanged)
            rows.append([one.name, self._more(one.budget), *(self._count(count) for count in counts)])
        return Section(self.say("title"), table=Table(head, rows), note=NOTES["changes"].in_(self.language))

    def _sections(self, one: ResultOut, before: str) -> list[Section]:
        found = [self._programs(one, before), self._months(one, before)]
        found += [self._sides(one, by, before) for by in ("size_band", "category", "wilaya")]
        return [*found, self._served_by_wilaya(one, before), *self._indicators(one, before)]

    def _name(self, names: Mapping[str, str]) -> str:
        return names.get(self.language, next(iter(names.values()), ""))

    def _programs(self, one: ResultOut, before: str) -> Section:
        rows = [
            charts.Pair(
                self._name(program.names),
                None if program.before_mru is None else float(program.before_mru),
                None if program.after_mru is None else float(program.after_mru),
                self._money(program.before_mru),
                self._money(program.after_mru),
            )
            for program in one.programs
        ]
        title = before + self.say("budget_title")
        heads = (self.say("before"), self.say("after"))
        chart = charts.pairs(title, rows, heads, mirrored=self.mirrored) if rows else ""
        return Section(title, self.say("cost") + ".", chart, note=NOTES["budget"].in_(self.language))

    def _months(self, one: ResultOut, before: str) -> Section:
        shown = [program for program in one.programs if program.after_mru]
        months = sorted({month.month for program in shown for month in program.months})
        sums = {
            month: [
                next((float(at.after_mru or 0) for at in program.months if at.month == month), 0.0) for program in shown
            ]
            for month in months
        }
        totals = {month: sum(parts) for month, parts in sums.items()}
        most, least = max(totals.values(), default=0), min(totals.values(), default=0)
        columns = [
            charts.Month(
                self.write.short_month(month),
                parts,
                self.write.number(totals[month] / 1_000_000, 1)
                if most >= 1_000_000
                else self.write.number(totals[month]),
                lean=month.month in LEAN,
                peak=totals[month] == most > least,
            )
            for month, parts in sums.items()
        ]
        title = before + self.say("months_title")
        unit = self.say("in_millions" if most >= 1_000_000 else "in_mru")
        names = [self._name(program.names) for program in shown]
        words = (self.say("lean"), self.say("peak"), "")
        chart = charts.profile(title, columns, names, words, mirrored=self.mirrored) if columns else ""
        return Section(title, f"{unit}.", chart)

    def _sides(self, one: ResultOut, by: str, before: str) -> Section:
        rows = sorted((row for row in one.changes if row.by == by), key=lambda row: in_order(by, row.group))
        title = before + self.say(by)
        sides = [self._side(row) for row in rows]
        chart = charts.two_sides(title, sides, (self.say("losing"), self.say("winning")), HIDDEN.in_(self.language),
                                 mirrored=self.mirrored)  # fmt: skip
        head = [self.say(word) for word in ("group", "households", "winners", "losers", "unchanged", "gains", "losses")]
        cells = [
            [
                self._group(row),
                *(self._count(count) for count in (row.households, row.winners, row.losers, row.unchanged)),
                self._exact(row.gained_mru),
                self._exact(row.lost_mru),
            ]
            for row in rows
        ]
        note = f"{NOTES['changes'].in_(self.language)} {NOTES['suppression'].in_(self.language)}"
        return Section(title, self.say("share_lead"), chart, Table(head, cells), note)

    def _group(self, row: ChangedOut | ServedOut) -> str:
        return group_name(row.by, row.group, self.language, self.places)

    def _side(self, row: ChangedOut) -> charts.Sides:
        if row.losers is None or row.winners is None or not row.households:
            return charts.Sides(self._group(row), None, None, "", "")
        lost, won = row.losers / row.households, row.winners / row.households
        return charts.Sides(self._group(row), lost, won, self.write.share(lost), self.write.share(won))

    def _served_by_wilaya(self, one: ResultOut, before: str) -> Section:
        rows = sorted(
            (row for row in one.served if row.by == "wilaya" and row.program is None), key=lambda row: row.group
        )
        pairs = [
            charts.Pair(
                self._group(row), row.households_before, row.households_after,
                self._count(row.households_before), self._count(row.households_after),
            )
            for row in rows
        ]  # fmt: skip
        title = before + self.say("served_title")
        chart = (
            charts.pairs(title, pairs, (self.say("before"), self.say("after")), mirrored=self.mirrored) if pairs else ""
        )
        note = f"{NOTES['served'].in_(self.language)} {NOTES['suppression'].in_(self.language)}"
        return Section(title, "", chart, note=note)

    def _indicators(self, one: ResultOut, before: str) -> list[Section]:
        """Of the country as a whole: what is told of all programs, and of each whatever the scenario moves."""
        shown = [
            each
            for name in INDICATORS
            for each in one.indicators
            if each.indicator == name and each.by == "total" and (each.program is None or each.before != each.after)
        ]
        if not shown:
            return []
        names = {program.program: self._name(program.names) for program in one.programs}
        rows = [
            [
                INDICATORS[each.indicator].in_(self.language),
                " + ".join(names.get(code, code) for code in (each.program, each.other) if code in names)
                or self.say("all"),
                *(self._figure(each.indicator, figure) for figure in (each.before, each.after)),
                self._moved(each),
            ]
            for each in shown
        ]
        head = [self.say(word) for word in ("indicator", "program", "before", "after", "moved")]
        table, note = Table(head, rows, texts=2), NOTES["indicators"].in_(self.language)
        return [Section(before + self.say("indicators_title"), self.say("moved_only"), table=table, note=note)]

    def _figure(self, indicator: str, figure: FigureOut) -> str:
        if figure.value is None:
            return HIDDEN.in_(self.language) if figure.reason == "hidden" else DASH
        return self.write.number(figure.value, 3) if indicator == "concentration" else self.write.share(figure.value)

    def _moved(self, each: IndicatorOut) -> str:
        if each.before.value is None or each.after.value is None:
            return DASH
        moved = each.after.value - each.before.value
        if each.indicator == "concentration":
            return self.write.signed(moved, 3)
        return f"{self.write.signed(moved * 100, 1)} {self.say('points')}"
