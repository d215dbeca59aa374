"""The programs that ship with this version."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.programs.catalog import UnknownInstitution, programs_of
from services.programs.rules.program import Program
from services.programs.settings import ProgramsSettings

INSTITUTIONS = {
    "taazour": {"TEKAVOUL", "TEKAVOUL_SEASONAL", "TEMWINE", "HEALTH_INSURANCE"},
    "csa": {"EL_MAOUNA"},
    "masef": {"DISABILITY_CASH"},
    "men": {"SCHOOL_FEEDING"},
    "partners": {"WFP_LEAN_SEASON"},
}
EVERY = [program for institution in INSTITUTIONS for program in programs_of(institution).values()]


@pytest.mark.parametrize(("institution", "codes"), INSTITUTIONS.items())
def test_each_institution_has_its_programs(institution: str, codes: set[str]) -> None:
    assert set(programs_of(institution)) == codes


def test_an_unknown_institution_cannot_start() -> None:
    with pytest.raises(UnknownInstitution):
        programs_of("nobody")


@pytest.mark.parametrize(
    ("institution", "code", "yearly", "beneficiaries"),
    [
        ("taazour", "TEMWINE", "1500000000", 131_550),
        ("men", "SCHOOL_FEEDING", "153254897", 57_378),
        ("taazour", "HEALTH_INSURANCE", "210000000", 100_000),
    ],
)
def test_a_derived_value_is_its_budget_by_head_and_month(
    institution: str, code: str, yearly: str, beneficiaries: int
) -> None:
    value = programs_of(institution)[code].value_on(date(2026, 1, 1))

    assert value is not None and value.confidence == "derived" and value.note
    assert abs(value.amount_mru - Decimal(yearly) / beneficiaries / 12) <= Decimal("0.005")


@pytest.mark.parametrize("program", EVERY, ids=lambda program: program.code)
def test_every_program_is_complete(program: Program) -> None:
    assert program.names.ar and program.names.fr and program.names.en
    assert [value.from_on for value in program.values] == sorted({value.from_on for value in program.values})
    assert all(value.note for value in program.values) and program.targeting.note
    form = program.list_form
    assert set(form.required) <= set(form.fields) and set(form.filled) <= set(form.required)
    assert ("action" in form.fields) == form.delta
    assert ("school" in form.fields) == (program.unit == "pupil")


def test_a_catalog_with_an_unknown_word_is_refused() -> None:
    program = EVERY[0].model_dump(mode="json", by_alias=True)

    with pytest.raises(ValidationError):
        Program.model_validate(program | {"colour": "green"})
    with pytest.raises(ValidationError):
        Program.model_validate(program | {"unit": "village"})


def test_the_hash_changes_with_what_others_read_and_not_with_how_a_list_is_laid_out() -> None:
    program = EVERY[0]
    other_list = program.model_copy(update={"list_form": EVERY[1].list_form})
    other_owner = program.model_copy(update={"owner": "somebody else"})

    assert other_list.content_hash() == program.content_hash() != other_owner.content_hash()


def test_a_process_is_named_after_its_institution(tmp_path: object) -> None:
    needed = {"DATABASE_URL": "postgresql://a:b@127.0.0.1/c", "NATS_URL": "nats://x", "internal_key_file": tmp_path}

    assert ProgramsSettings(**needed, institution="csa").name == "programs-csa"  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        ProgramsSettings(**needed, institution="../etc")  # type: ignore[arg-type]
