"""Rules of data quality: written as data, compiled to SQL here, and the index made of what they find.

A condition is one word of a small closed vocabulary with its arguments (`data/quality_rules.json`). What it compiles to
speaks of the rows that `scoped` defines: `h` is a household, `i` an individual living in one, `:today` the day of the run.
"""

# ruff: noqa: S608 - what is put together here are our own words, each checked against the vocabulary
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from shared.text import Text

KINDS = ("household", "individual", "commune")

# What a condition may ask about, and the SQL it is.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "household": {
        "village": "h.village",
        "village_code": "h.village_code",
        "phones": "NULLIF(h.phones, CAST('[]' AS jsonb))",
        "score": "h.score",
        "scored_on": "h.scored_on",
        "score_valid_until": "h.score_valid_until",
        "surveyed_on": "h.surveyed_on",
        "questionnaire_version": "h.questionnaire_version",
        "vulnerability_category": "h.vulnerability_category",
    },
    "individual": {
        "name_fr": "i.name_fr",
        "name_ar": "i.name_ar",
        "sex": "i.sex",
        "birth_precision": "i.birth_precision",
        "birth_year": "date_part('year', i.birth_date)",
        "age": "date_part('year', age(CAST(:today AS date), i.birth_date))",
    },
    "commune": {"surveyed_on": "surveyed_on"},
}
CURRENT = "{0}.until_on IS NULL AND {0}.known_until IS NULL"
"""A membership that holds today."""
WORD = re.compile(r"[\w.-]+")


class UnreadableRule(ValueError):
    """A rule of the data says something the vocabulary does not have."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong with a record, as a condition, and how much it weighs."""

    code: str
    kind: str
    severity: str
    condition: Mapping[str, Any]
    label: Text


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit at which a place's figure is announced: `index` below, or `stale` (share of households) above it."""

    code: str
    measure: str
    place_kinds: tuple[str, ...]
    limit: Decimal
    label: Text

    def crossed_by(self, value: Decimal) -> bool:
        return value < self.limit if self.measure == "index" else value > self.limit


@dataclass(frozen=True, slots=True)
class QualityRules:
    """One edition of the rules."""

    edition: str
    stale_after_days: int
    weights: Mapping[str, Decimal]
    """Of each severity: what a record loses of its share by a finding."""
    rules: tuple[Rule, ...]
    thresholds: tuple[Threshold, ...]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "QualityRules":
        """UnreadableRule where a rule is not of the vocabulary."""
        rules = tuple(
            Rule(one["code"], one["kind"], one["severity"], one["condition"], Text(**one["label"]))
            for one in data["rules"]
        )
        thresholds = tuple(
            Threshold(
                one["code"], one["measure"], tuple(one["place_kinds"]), Decimal(one["limit"]), Text(**one["label"])
            )
            for one in data["thresholds"]
        )
        weights = {severity: Decimal(weight) for severity, weight in data["weights"].items()}
        for rule in rules:
            if rule.severity not in weights or not WORD.fullmatch(rule.code):
                raise UnreadableRule(rule.code)
            compiled(rule)
        return cls(data["edition"], data["stale_after_days"], weights, rules, thresholds)

    def of_kind(self, kind: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == kind)

    def rule(self, code: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.code == code), None)


def index(records: int, faults: Decimal) -> Decimal | None:
    """The quality index: 100 x (1 - faults / records), rounded down, so that 100.00 says that nothing was found.

    The fault of a record is the weight of its worst finding: an index of weight 1 for all is the share of records
    without a finding. None where there are no records.
    """
    if not records:
        return None
    return (100 * (1 - faults / records)).quantize(Decimal("0.01"), ROUND_FLOOR)


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL that is true of a record a rule finds; `needs` are tables (name: SQL) it reads beside the scope's."""

    sql: str
    needs: Mapping[str, str]


def compiled(rule: Rule) -> Condition:
    """The condition of a rule as SQL; for a commune, over the group of its households of one source."""
    if len(rule.condition) != 1 or rule.kind not in KINDS:
        raise UnreadableRule(rule.code)
    ((word, arguments),) = rule.condition.items()
    write = VOCABULARY.get((rule.kind, word)) or VOCABULARY.get(("any", word))
    if write is None or (rule.kind == "commune" and word != "newest_older_than"):
        raise UnreadableRule(f"{rule.code}: {word}")
    try:
        sql, needs = write(rule.kind, **arguments)
    except (TypeError, KeyError, ValueError) as fault:
        raise UnreadableRule(f"{rule.code}: {word}") from fault
    return Condition(f"coalesce({sql}, false)", needs)


Written = tuple[str, Mapping[str, str]]


def _missing(kind: str, *, field: str) -> Written:
    return f"({FIELDS[kind][field]} IS NULL OR CAST({FIELDS[kind][field]} AS text) = '')", {}


def _in(kind: str, *, field: str, values: Sequence[str | int]) -> Written:
    return f"{FIELDS[kind][field]} IN ({', '.join(map(_literal, values))})", {}


def _outside(kind: str, *, field: str, lowest: int | None = None, highest: int | None = None) -> Written:
    bounds = [f"{FIELDS[kind][field]} < {int(lowest)}"] if lowest is not None else []
    bounds += [f"{FIELDS[kind][field]} > {int(highest)}"] if highest is not None else []
    return f"({' OR '.join(bounds)})", {}


def _older_than(kind: str, *, field: str, days: int) -> Written:
    return f"{FIELDS[kind][field]} < CAST(:today AS date) - {int(days)}", {}


def _newest_older_than(kind: str, *, field: str, days: int) -> Written:
    return f"max({FIELDS[kind][field]}) < CAST(:today AS date) - {int(days)}", {}


def _members(
    kind: str, *, other_than: int | None = None, exactly: int | None = None, role: str | None = None
) -> Written:
    if (other_than is None) == (exactly is None):
        raise ValueError
    compare = f"<> {int(other_than)}" if other_than is not None else f"= {int(exactly or 0)}"
    of_role = f" AND m.relationship = {_literal(role)}" if role else ""
    current = CURRENT.format("m")
    return f"(SELECT count(*) FROM memberships m WHERE m.household_id = h.id AND {current}{of_role}) {compare}", {}


def _shared_phone(kind: str, *, households: int) -> Written:
    name = f"shared_by_{int(households)}"
    # Each phone of the scope is looked up once, however many households have it: an agent's may be on thousands.
    table = f"""(SELECT array_agg(p.phone) AS phones
        FROM (SELECT DISTINCT jsonb_array_elements_text(h.phones) AS phone FROM h) p
        WHERE (SELECT count(*) FROM households o WHERE o.phones ? p.phone AND o.status = 'active') >= {int(households)})"""
    return f"h.phones ?| (SELECT phones FROM {name})", {name: table}


def _shared_identifier(kind: str, *, type: str) -> Written:
    return (
        f"""EXISTS (SELECT FROM identifiers mine
        JOIN identifiers theirs ON theirs.type = mine.type AND theirs.value = mine.value
            AND theirs.individual_id <> mine.individual_id AND theirs.known_until IS NULL
        JOIN individuals other ON other.id = theirs.individual_id AND other.status = 'active'
        WHERE mine.individual_id = i.id AND mine.type = {_literal(type)} AND mine.known_until IS NULL)""",
        {},
    )


def _older_than_head(kind: str, *, role: str) -> Written:
    # Where one of the two is known by the year alone, only the years can be compared.
    return (
        f"""EXISTS (SELECT FROM memberships m
        JOIN memberships hm ON hm.household_id = m.household_id AND hm.relationship = 'head' AND {CURRENT.format("hm")}
        JOIN individuals head ON head.id = hm.individual_id
        WHERE m.individual_id = i.id AND m.relationship = {_literal(role)} AND {CURRENT.format("m")}
            AND CASE WHEN i.birth_precision = 'day' AND head.birth_precision = 'day' THEN i.birth_date < head.birth_date
                ELSE date_part('year', i.birth_date) < date_part('year', head.birth_date) END)""",
        {},
    )


VOCABULARY: Mapping[tuple[str, str], Callable[..., Written]] = {
    ("any", "missing"): _missing,
    ("any", "in"): _in,
    ("any", "outside"): _outside,
    ("any", "older_than"): _older_than,
    ("household", "members"): _members,
    ("household", "shared_phone"): _shared_phone,
    ("individual", "shared_identifier"): _shared_identifier,
    ("individual", "older_than_head"): _older_than_head,
    ("commune", "newest_older_than"): _newest_older_than,
}


def _literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if not WORD.fullmatch(value):
        raise ValueError(value)
    return f"'{value}'"


IN_COMMUNE = "commune_code = :commune"
IN_HOUSEHOLD = "id = :household"

# A person heads two households at most rarely, and is still one record: that of the household with the smallest id.
ONCE = f"""NOT EXISTS (SELECT FROM memberships o JOIN households oh ON oh.id = o.household_id AND oh.status = 'active'
    WHERE o.individual_id = i.id AND o.household_id < m.household_id AND {CURRENT.format("o")})"""


def scoped(scope: str, rules: Sequence[Rule]) -> str:
    """The tables that conditions speak of: `h`, the active households of a scope; `i`, those who live there."""
    once = f"AND {ONCE}" if scope == IN_COMMUNE else ""
    tables = {
        "h": f"NOT MATERIALIZED (SELECT * FROM households WHERE status = 'active' AND {scope})",
        "i": f"""NOT MATERIALIZED (SELECT i.*, h.id AS household_id, h.number AS household_number, h.surveyed_on
            FROM h JOIN memberships m ON m.household_id = h.id AND {CURRENT.format("m")}
            JOIN individuals i ON i.id = m.individual_id AND i.status = 'active' {once})""",
    }
    for rule in rules:
        tables |= {name: f"MATERIALIZED {table}" for name, table in compiled(rule).needs.items()}
    return "WITH " + ", ".join(f"{name} AS {table}" for name, table in tables.items())


def counting(rules: QualityRules, kind: str) -> str:
    """SQL that counts, per source, a commune's records of a kind, the sum of their faults, and each rule's findings."""
    found = rules.of_kind(kind)
    alias = kind[0]
    judged = "".join(f", {compiled(rule).sql} AS r{place}" for place, rule in enumerate(found))
    weights = [f"CASE WHEN r{place} THEN {rules.weights[rule.severity]} ELSE 0 END" for place, rule in enumerate(found)]
    counts = "".join(f', count(*) FILTER (WHERE r{place}) AS "{rule.code}"' for place, rule in enumerate(found))
    # The newest survey of a commune is looked at with its households.
    groups = rules.of_kind("commune") if kind == "household" else ()
    counts += "".join(f', {compiled(rule).sql} AS "{rule.code}"' for rule in groups)
    # OFFSET 0 keeps the planner from judging a record again wherever its judgement is used.
    return f"""{scoped(IN_COMMUNE, found)}
        SELECT source, count(*) AS records, sum(GREATEST(0, {", ".join(weights) or "0"})) AS faults{counts}
        FROM (SELECT {alias}.source, {alias}.surveyed_on{judged} FROM {alias} OFFSET 0) judged GROUP BY source"""


def finding(rule: Rule, scope: str) -> str:
    """SQL of the records of a scope that a rule finds, by id after `:after`, at most `:most`."""
    if rule.kind == "household":
        columns = "h.id, h.number, h.source, h.surveyed_on, h.commune_code, h.id AS household_id"
    else:
        columns = "i.id, i.number, i.source, i.surveyed_on, CAST(NULL AS text) AS commune_code, i.household_id"
    alias = rule.kind[0]
    return f"""{scoped(scope, [rule])}
        SELECT {columns} FROM {alias} WHERE {compiled(rule).sql} AND {alias}.id > :after
        ORDER BY {alias}.id LIMIT :most"""
