"""A citizen is told in words of her language: whatever an agreement may give, and every purpose of those that ship, has one."""

from __future__ import annotations

import re

import pytest

from gateway.agreements import words as agreed
from gateway.agreements.seeding import OWN_DATA, load_examples
from gateway.disclosures.steps import EMERGENCY
from gateway.disclosures.words import ATTRIBUTES, PURPOSES, TECHNICAL, purpose_in, words_for
from gateway.partners.file import load_partners
from gateway.routing import Routes
from gateway.settings import SHIPPED_AGREEMENTS, SHIPPED_PARTNERS, SHIPPED_ROUTES
from shared.text import LANGUAGES, Language


def test_every_attribute_an_agreement_can_give_has_a_word() -> None:
    assert set(agreed.ATTRIBUTES) <= ATTRIBUTES.keys() | TECHNICAL


def test_every_column_of_a_file_about_people_has_a_word() -> None:
    of_the_copy = {"mark", "event_on", "successor_number"}
    of_places = {"kind", "on_day", "index", "records", "households", "median_age_days", "stale_households"}
    columns = {column.name for route in Routes(SHIPPED_ROUTES).all for column in route.file.columns}
    assert columns <= ATTRIBUTES.keys() | TECHNICAL | of_the_copy | of_places


def test_every_purpose_of_the_agreements_that_ship_has_a_word() -> None:
    examples = load_examples(SHIPPED_AGREEMENTS, load_partners(SHIPPED_PARTNERS, None))
    assert {purpose for one in examples for purpose in one.terms.purposes} | {OWN_DATA, EMERGENCY} == PURPOSES.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_one_language_stand_alone(language: Language) -> None:
    told = " ".join([*(purpose_in(language, code) for code in PURPOSES), words_for(ATTRIBUTES, language)])
    assert not re.search("[A-Za-z_]" if language == "ar" else "[\u0600-\u06ff_]", told)


def test_each_word_is_said_once_and_what_has_none_stands_as_it_is() -> None:
    assert words_for(["nni", "identifiers", "name_ar", "id", "version"], "en") == "name, national id"
    assert words_for(["zzz_field", "commune", "village"], "fr") == "lieu de résidence, zzz_field"
    assert words_for(["id"], "ar") == ""
    assert purpose_in("en", "new_purpose") == "new purpose"
