"""Writes the sample country: the registry's interchange file, the institutions' lists, the truth and a manifest."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random

from cli.demo.answers import (
    ANSWERS_HEADER,
    HOUSEHOLD_ANSWERS,
    household_answers,
    individual_answers,
    version_of,
)
from cli.demo.clerk import BROKEN, Clerk
from cli.demo.households import Country, build
from cli.demo.lists import Beneficiary, Enrollments
from cli.demo.people import Household
from cli.demo.sheets import SPECS, ListSpec
from cli.demo.truth import TRUTH_HEADER, ListInfo, Manifest, RegistryInfo, TruthRow, read_manifest, read_truth
from cli.demo.writing import ListWriter, list_writer

__all__ = ["ListInfo", "Manifest", "RegistryInfo", "TruthRow", "generate", "read_manifest", "read_truth"]

REGISTRY_HEADER = (
    "household_number",
    "commune_code",
    "village",
    "vulnerability_category",
    "score",
    "formula_version",
    "surveyed_on",
    "phone",
    "individual_number",
    "relationship",
    "name_fr",
    "name_ar",
    "sex",
    "birth_date",
    "birth_precision",
    "nni",
    "disability",
    *ANSWERS_HEADER,
)

BROKEN_ROWS = 0.005
DUPLICATE_ROWS = 0.0075
EMPTY_ROWS = 0.002
DUPLICATE_WITHIN = 40  # a second entry stands at most this many rows below the first


def generate(out: Path, *, households: int = 2000, seed: int = 2026, today: date = date(2026, 10, 1)) -> Manifest:
    """Write a sample country into `out`; the same arguments give the same content.

    `registry/households.csv`, `lists/*`, `truth.csv` (never for a service) and `manifest.json`, written last.
    Raises ValueError when `households` is not between 1 and `households.MAX_HOUSEHOLDS`.
    """
    country = build(households, seed, today)
    (out / "registry").mkdir(parents=True, exist_ok=True)
    (out / "lists").mkdir(exist_ok=True)
    registry = _write_registry(out, country, seed)
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        truth = csv.writer(stream, lineterminator="\n")
        truth.writerow(TRUTH_HEADER)
        choose = _programs(Enrollments(country, seed))
        # In the order of SPECS: Tekavoul first, since other programs look at who is on it.
        lists = tuple(
            _write_list(out / "lists" / spec.file, spec, choose[spec.program](), country, seed, truth.writerow)
            for spec in SPECS
        )
    manifest = Manifest(seed, today, registry, lists)
    manifest.write(out / "manifest.json")
    return manifest


def _programs(enrollments: Enrollments) -> dict[str, Callable[[], list[Beneficiary]]]:
    return {
        "TEKAVOUL": enrollments.tekavoul,
        "TEKAVOUL_SEASONAL": enrollments.tekavoul_seasonal,
        "EL_MAOUNA": enrollments.el_maouna,
        "TEMWINE": enrollments.temwine,
        "SCHOOL_FEEDING": enrollments.school_feeding,
        "DISABILITY_CASH": enrollments.disability_cash,
        "HEALTH_INSURANCE": enrollments.health_insurance,
        "WFP_LEAN_SEASON": enrollments.wfp_lean_season,
    }


def _write_registry(out: Path, country: Country, seed: int) -> RegistryInfo:
    file = "registry/households.csv"
    lines = 0
    individuals: set[str] = set()
    with (out / file).open("w", encoding="utf-8", newline="") as stream:
        registry = csv.writer(stream, lineterminator="\n")
        registry.writerow(REGISTRY_HEADER)
        for household in country.households:
            registry.writerows(_registry_lines(household, seed))
            lines += len(household.members)
            individuals.update(person.number for _, person in household.members)
    return RegistryInfo(file, len(country.households), len(individuals), lines)


def _registry_lines(household: Household, seed: int) -> Iterator[list[str]]:
    about = [
        household.number,
        household.commune.code,
        household.village.latin,
        household.category,
        f"{household.score:.2f}",
        household.formula_version,
        household.surveyed_on.isoformat(),
        household.phone,
    ]
    answers = household_answers(household, seed)
    for role, person in household.members:
        yield [
            *about,
            person.number,
            role,
            person.name.latin,
            person.name.arabic,
            person.sex,
            person.born_on.isoformat(),
            "year" if person.year_only else "day",
            person.nni,
            "yes" if person.disabled else "none",
            *answers,
            *individual_answers(person),
        ]
        answers = [version_of(household), *[""] * (len(HOUSEHOLD_ANSWERS) - 1)]


def _write_list(
    path: Path,
    spec: ListSpec,
    rows: list[Beneficiary],
    country: Country,
    seed: int,
    tell: Callable[[TruthRow], object],
) -> ListInfo:
    """Write one list and tell the truth of each of its lines."""
    rng = Random(f"{seed}:{spec.program}:clerk")
    clerk = Clerk(spec, rng, country.births.numbers, country.births.today)
    rows = _with_duplicates(rows, rng)
    broken = _broken_rows(rng, len(rows), [field for field in BROKEN if field in spec.fields])
    with list_writer(path, spec) as writer:
        for cells in spec.above:
            writer.write_above(cells)
        writer.write([header for header, _ in spec.columns])
        for position, row in enumerate(rows, start=1):
            if rng.random() < EMPTY_ROWS:
                writer.write([])
            line, note = clerk.write(row, position, broken.get(position, ""))
            writer.write(line)
            known = row.registered
            tell(
                TruthRow(
                    spec.file,
                    spec.program,
                    writer.line,
                    row.person.number if known else "",
                    row.household.number if known else "",
                    note,
                )
            )
        _write_total(writer, spec, clerk)
    return ListInfo(spec.file, spec.program, spec.institution, spec.partner, spec.currency, len(rows))


def _write_total(writer: ListWriter, spec: ListSpec, clerk: Clerk) -> None:
    if not spec.total_label:
        return
    sums = [clerk.sums[field] or None for _, field in spec.columns]
    writer.write([])
    writer.write([spec.total_label, *sums[1:]])


def _with_duplicates(rows: list[Beneficiary], rng: Random) -> list[Beneficiary]:
    """Some rows come a second time a little further down, written anew by the same clerk."""
    later: dict[int, list[Beneficiary]] = {}
    result: list[Beneficiary] = []
    for index, row in enumerate(rows):
        if not row.removed and rng.random() < DUPLICATE_ROWS:
            again = Beneficiary(
                row.household,
                row.person,
                row.registered,
                school=row.school,
                school_class=row.school_class,
                duplicate=True,
            )
            later.setdefault(min(index + rng.randint(0, DUPLICATE_WITHIN), len(rows) - 1), []).append(again)
        result.append(row)
        result += later.pop(index, [])
    return result


def _broken_rows(rng: Random, count: int, fields: list[str]) -> dict[int, str]:
    """Positions (from 1) of the rows no importer can take, each with its broken field; at least one in a list of 50."""
    wanted = max(round(count * BROKEN_ROWS), 1 if count >= 50 else 0)
    positions = rng.sample(range(1, count + 1), wanted)
    return {position: fields[index % len(fields)] for index, position in enumerate(positions)}
