"""The institutions' side: eight lists as messy as real ones, and a truth that knows every line of them."""

import csv
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from cli.demo.generate import Manifest, TruthRow, generate, read_manifest, read_truth
from cli.demo.sheets import SPECS, ListSpec
from cli.demo.truth import TRUTH_HEADER

HOUSEHOLDS = 1500
Truth = dict[tuple[str, int], TruthRow]

# Program: (header line, its first and last column, share of the households that the list should hold).
EXPECTED = {
    "TEKAVOUL": (4, "N°", "Observations", 0.40),
    "TEKAVOUL_SEASONAL": (3, "Moughataa", "Remarque", 0.12),
    "EL_MAOUNA": (3, "Wilaya", "Date d'inscription", 0.22),
    "TEMWINE": (3, "الرقم", "تاريخ التسجيل", 0.40),
    "SCHOOL_FEEDING": (1, "Wilaya", "Date d'inscription", 0.50),
    "DISABILITY_CASH": (4, "م", "ملاحظات", 0.05),
    "HEALTH_INSURANCE": (1, "رقم الأسرة", "تاريخ السريان", 0.357),
    "WFP_LEAN_SEASON": (1, "No", "Start date", 0.10),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("country")
    generate(folder, households=HOUSEHOLDS, seed=11)
    return folder


@pytest.fixture(scope="module")
def truth(out: Path) -> Truth:
    return read_truth(out / "truth.csv")


@pytest.fixture(scope="module")
def sheets(out: Path) -> dict[str, list[list[str]]]:
    return {spec.program: cells_of(out / "lists" / spec.file, spec) for spec in SPECS}


@pytest.fixture(scope="module")
def registry(out: Path) -> list[dict[str, str]]:
    with (out / "registry/households.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cells_of(path: Path, spec: ListSpec) -> list[list[str]]:
    """Every line of a list as text, the first being line 1 of a user."""
    if not spec.is_xlsx:
        with path.open(encoding=spec.encoding, newline="") as stream:
            return list(csv.reader(stream, delimiter=spec.delimiter))
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name(spec.sheet)
    rows = sheet.to_python(skip_empty_area=False)
    return [
        [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in row] for row in rows
    ]


def column(spec: ListSpec, field: str) -> int:
    return [name for _, name in spec.columns].index(field)


def spec_of(program: str) -> ListSpec:
    return next(spec for spec in SPECS if spec.program == program)


def lines_of(truth: Truth, program: str) -> list[TruthRow]:
    return [row for row in truth.values() if row.program == program]


def test_the_same_seed_gives_the_same_country(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from cli.demo.generate import generate;"
    program += "generate(Path(sys.argv[1]), households=120, seed=5)"
    for name, hash_seed in (("one", "1"), ("two", "2")):
        # In processes of their own: the order of a set differs from one to the other.
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / name)],
            check=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )

    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 1 + 8 + 1 + 1
    for file in files:
        one, two = tmp_path / "one" / file, tmp_path / "two" / file
        # The workbooks too agree byte by byte, since their date is fixed.
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest(), file


def test_another_seed_gives_another_country(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), households=50, seed=seed)

    registry = "registry/households.csv"
    assert (tmp_path / "1" / registry).read_bytes() != (tmp_path / "2" / registry).read_bytes()


def test_the_manifest_names_every_list_and_comes_back_as_written(out: Path, truth: Truth) -> None:
    manifest: Manifest = read_manifest(out / "manifest.json")

    assert manifest.seed == 11 and manifest.today == date(2026, 10, 1)
    assert {(info.program, info.institution, info.partner, info.currency) for info in manifest.lists} == {
        ("TEKAVOUL", "taazour", "taazour", "MRU"),
        ("TEKAVOUL_SEASONAL", "taazour", "taazour", "MRU"),
        ("EL_MAOUNA", "csa", "csa", "MRO"),
        ("TEMWINE", "taazour", "taazour", "MRU"),
        ("SCHOOL_FEEDING", "men", "men", "MRU"),
        ("DISABILITY_CASH", "masef", "masef", "MRU"),
        ("HEALTH_INSURANCE", "taazour", "cnam", "MRU"),
        ("WFP_LEAN_SEASON", "partners", "wfp", "MRU"),
    }
    for info in manifest.lists:
        assert info.rows == len(lines_of(truth, info.program))
        assert (out / "lists" / info.file).is_file()


@pytest.mark.parametrize("program", EXPECTED)
def test_headers_stand_where_the_readme_says(program: str, sheets: dict[str, list[list[str]]]) -> None:
    line, first, last, _ = EXPECTED[program]
    header = sheets[program][line - 1]

    assert header == [text for text, _ in spec_of(program).columns]
    assert (header[0], header[-1]) == (first, last)
    readme = (Path(__file__).parents[3] / "cli/demo/README.md").read_text(encoding="utf-8")
    assert all(text in readme for text in header)


@pytest.mark.parametrize("program", EXPECTED)
def test_lists_hold_their_share_of_the_households(program: str, truth: Truth) -> None:
    assert len(lines_of(truth, program)) / HOUSEHOLDS == pytest.approx(EXPECTED[program][3], rel=0.06)


@pytest.mark.parametrize("program", EXPECTED)
def test_the_truth_knows_every_line_and_no_other(
    program: str, truth: Truth, sheets: dict[str, list[list[str]]]
) -> None:
    spec, rows = spec_of(program), sheets[program]
    known = {row.source_line: row for row in lines_of(truth, program)}

    name = column(spec, "name")
    for line, row in enumerate(rows, start=1):
        if line in known:
            assert bool(row[name]) != ("broken_name" in known[line].note), (line, row)
        elif line > EXPECTED[program][0]:
            assert row[0] in ("", spec.total_label) and not row[name], (line, row)
    assert max(known) <= len(rows)


@pytest.mark.parametrize("program", EXPECTED)
def test_the_truth_names_people_of_the_registry(program: str, truth: Truth, registry: list[dict[str, str]]) -> None:
    members = {(row["individual_number"], row["household_number"]) for row in registry}
    strangers = 0
    for row in lines_of(truth, program):
        if "not_in_registry" in row.note.split(";"):
            strangers += 1
            assert (row.individual_number, row.household_number) == ("", "")
        else:
            assert (row.individual_number, row.household_number) in members
    expected = {"SCHOOL_FEEDING": 0.35, "WFP_LEAN_SEASON": 0.10}.get(program, 0.03)
    assert strangers / len(lines_of(truth, program)) == pytest.approx(expected, abs=0.05)


def test_the_lists_do_not_give_the_truth_away(out: Path, truth: Truth) -> None:
    """No individual number of the registry, and no note, stands in any list."""
    numbers = {row.individual_number for row in truth.values() if row.individual_number}
    for spec in SPECS:
        for row in cells_of(out / "lists" / spec.file, spec):
            assert not numbers.intersection(row)
            assert not any("not_in_registry" in cell for cell in row)
    assert "individual_number" in TRUTH_HEADER
    assert not {"individual_number", "note"} & {field for spec in SPECS for field in spec.fields}


def test_household_numbers_mostly_name_the_true_household(truth: Truth, sheets: dict[str, list[list[str]]]) -> None:
    for program, share in (("TEKAVOUL", 0.97), ("EL_MAOUNA", 0.60), ("TEMWINE", 0.95)):
        place = column(spec_of(program), "household_number")
        known = [row for row in lines_of(truth, program) if row.household_number]
        given = [row for row in known if sheets[program][row.source_line - 1][place]]
        assert len(given) / len(known) == pytest.approx(share, abs=0.05)
        for row in given:
            cell = sheets[program][row.source_line - 1][place]
            cell = cell.translate(str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789"))
            if "household_number_without_prefix" in row.note and "household_number_error" not in row.note:
                assert f"MR{int(cell):010d}" == row.household_number
            elif "household_number_error" not in row.note:
                assert cell.upper().replace(" ", "") == row.household_number
            else:
                assert cell.upper().replace(" ", "") != row.household_number
    assert "household_number" not in spec_of("WFP_LEAN_SEASON").fields | spec_of("SCHOOL_FEEDING").fields


def test_women_receive_most_of_tekavoul_and_the_spouse_few_of_the_others(truth: Truth) -> None:
    def spouses(program: str) -> float:
        rows = [row for row in lines_of(truth, program) if row.individual_number]
        return sum("spouse" in row.note.split(";") for row in rows) / len(rows)

    assert spouses("TEKAVOUL") == pytest.approx(0.42, abs=0.06)  # with the female heads: two of three rows
    assert spouses("TEMWINE") == pytest.approx(0.08, abs=0.03)
    assert spouses("SCHOOL_FEEDING") == 0


def test_el_maouna_pays_450_a_head_in_old_ouguiya(truth: Truth, sheets: dict[str, list[list[str]]]) -> None:
    spec = spec_of("EL_MAOUNA")
    size, amount = column(spec, "household_size"), column(spec, "amount")
    checked = 0
    for row in lines_of(truth, "EL_MAOUNA"):
        cells = sheets["EL_MAOUNA"][row.source_line - 1]
        if "amount_in_new_ouguiya" in row.note or row.is_broken:
            continue
        checked += 1
        paid = re.sub(r"[\s\xa0]", "", cells[amount]).removesuffix(",00")
        assert int(paid) == 450 * int(cells[size]) * 10
    assert checked > 300


def test_el_maouna_serves_whole_communes_of_five_wilayas(truth: Truth, registry: list[dict[str, str]]) -> None:
    commune = {row["household_number"]: row["commune_code"] for row in registry}
    served = {commune[row.household_number] for row in lines_of(truth, "EL_MAOUNA") if row.household_number}

    assert {code[:4] for code in served} == {"MR01", "MR02", "MR03", "MR04", "MR10"}
    wfp = {commune[row.household_number] for row in lines_of(truth, "WFP_LEAN_SEASON") if row.household_number}
    assert wfp & served and wfp - served and served - wfp


def test_lists_overlap_and_leave_gaps(truth: Truth, registry: list[dict[str, str]]) -> None:
    on = {spec.program: {row.household_number for row in lines_of(truth, spec.program)} - {""} for spec in SPECS}
    poorest = {row["household_number"] for row in registry if row["vulnerability_category"] == "extreme_poor"}

    assert len(on["TEKAVOUL"] & on["TEKAVOUL_SEASONAL"]) > 40
    assert on["TEKAVOUL_SEASONAL"] - on["TEKAVOUL"]
    assert len(on["TEKAVOUL"] & poorest) / len(on["TEKAVOUL"]) > 0.65
    assert len(poorest - on["TEKAVOUL"]) > 50


def test_disability_cash_goes_to_households_with_a_disabled_member(
    truth: Truth, registry: list[dict[str, str]]
) -> None:
    disabled = {row["household_number"] for row in registry if row["disability"] == "yes"}

    assert {row.household_number for row in lines_of(truth, "DISABILITY_CASH")} - {""} <= disabled


def test_pupils_are_children_of_school_age(truth: Truth, registry: list[dict[str, str]]) -> None:
    born = {row["individual_number"]: int(row["birth_date"][:4]) for row in registry}

    for row in lines_of(truth, "SCHOOL_FEEDING"):
        if row.individual_number:
            assert 2011 <= born[row.individual_number] <= 2020


def test_health_insurance_removes_only_whom_it_added_and_later(
    truth: Truth, sheets: dict[str, list[list[str]]]
) -> None:
    spec = spec_of("HEALTH_INSURANCE")
    action, effective = column(spec, "action"), column(spec, "effective_on")
    added: dict[str, date] = {}
    removals = 0
    for row in lines_of(truth, "HEALTH_INSURANCE"):
        cells = sheets["HEALTH_INSURANCE"][row.source_line - 1]
        day, month, year = map(int, cells[effective].split("/"))
        if cells[action] == "إضافة":
            added[row.individual_number] = date(year, month, day)
        else:
            removals += 1
            assert cells[action] == "حذف" and "removal" in row.note.split(";")
            assert added[row.individual_number] < date(year, month, day)
    assert removals / len(added) == pytest.approx(0.02, abs=0.015)


def test_a_second_entry_names_the_same_person_as_the_first(truth: Truth) -> None:
    copies = [row for row in truth.values() if row.is_duplicate]
    rows = Counter((row.program, row.individual_number) for row in truth.values())

    assert 0.003 < len(copies) / len(truth) < 0.013
    assert all(rows[copy.program, copy.individual_number] >= 2 for copy in copies)


@pytest.mark.parametrize("program", EXPECTED)
def test_broken_lines_are_few_and_truly_broken(program: str, truth: Truth, sheets: dict[str, list[list[str]]]) -> None:
    spec = spec_of(program)
    broken = [row for row in lines_of(truth, program) if row.is_broken]

    assert 1 <= len(broken) <= max(1, 0.008 * len(lines_of(truth, program)))
    for row in broken:
        (field,) = re.findall(r"broken_(\w+)", row.note)
        cell = sheets[program][row.source_line - 1][column(spec, field)]
        match field:
            case "name":
                assert cell == ""
            case "phone":
                assert re.search("[A-Za-z]", cell)
            case "household_size":
                assert int(cell) < 0
            case _ if "/" in cell:
                day, month, year = map(int, cell.split("/"))
                with pytest.raises(ValueError):
                    date(year, month, day)
            case _:
                assert int(cell) > 10_000  # a year of five digits


def test_lists_are_as_messy_as_real_ones(out: Path, sheets: dict[str, list[list[str]]]) -> None:
    text = {program: "\n".join("\t".join(row) for row in rows) for program, rows in sheets.items()}

    assert re.search("[٠-٩]{6}", text["TEMWINE"]) and re.search("[٠-٩]", text["DISABILITY_CASH"])
    assert "ـ" in text["TEMWINE"]
    assert re.search(r"9[,.]\d{9}E\+09", text["TEKAVOUL"])
    assert re.search(r"\+222 \d\d", text["TEKAVOUL"]) and re.search(r"00222\d{8}", text["TEKAVOUL"])
    assert re.search(r"(\d\d ){3}\d\d( / |/| - | ou )(\d\d ){3}\d\d", text["EL_MAOUNA"])
    assert "3\u202f600,00" in text["TEKAVOUL"]
    assert re.search("[\u0621-\u064a]{3}", text["TEKAVOUL"]) and "Mohamed" in text["TEMWINE"]
    for program in ("TEKAVOUL", "EL_MAOUNA", "TEMWINE", "DISABILITY_CASH", "WFP_LEAN_SEASON"):
        assert sheets[program][-1][0] == spec_of(program).total_label
    assert (out / "lists/school_feeding.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_disability_list_has_merged_groups_above_its_columns(out: Path) -> None:
    sheet = CalamineWorkbook.from_path(out / "lists/disability_cash.xlsx").get_sheet_by_index(0)

    assert sheet.merged_cell_ranges == [
        ((0, 0), (0, 16)),
        ((2, 0), (2, 3)),
        ((2, 4), (2, 10)),
        ((2, 11), (2, 13)),
        ((2, 14), (2, 16)),
    ]
    groups = sheet.to_python(skip_empty_area=False)[2]
    assert [cell for cell in groups if cell] == ["الموقع", "رب الأسرة", "الشخص المعاق", "التحويل"]


def test_another_file_is_not_taken_for_the_truth(out: Path) -> None:
    with pytest.raises(ValueError, match="is not a truth file"):
        read_truth(out / "registry/households.csv")


@pytest.mark.parametrize("program", EXPECTED)
def test_nearly_every_line_says_since_when_and_none_a_day_to_come(
    program: str, sheets: dict[str, list[list[str]]]
) -> None:
    spec, rows = spec_of(program), sheets[program]
    since = column(spec, "effective_on")
    days = [str(row[since]) for row in rows[EXPECTED[program][0] :] if len(row) > since]
    # In csv as dd/mm/yyyy, in a sheet as a date.
    said = [date.fromisoformat("-".join(reversed(day.split("/")))) for day in days if day]

    assert len(said) > 0.9 * len(days)
    assert max(said) <= date(2026, 10, 1)
    assert min(said) >= date(2024, 1, 1)
