"""Every word of the product stands in the glossary, in three languages, once."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from deploy.manifests import ROOT

ARABIC = re.compile("[\u0600-\u06ff]")
WORDS = (
    "individual",
    "household",
    "membership",
    "identifier",
    "registration",
    "score",
    "program",
    "benefit",
    "eligibility",
    "targeting",
    "enrollment",
    "applied",
    "enrolled",
    "suspended",
    "exited",
    "entitlement",
    "delivery",
    "comparison",
    "link",
    "cluster",
    "adjudication",
    "overlap",
    "gap",
    "referral",
    "partner",
    "agreement",
    "disclosure",
    "subscription",
    "feed",
    "snapshot",
    "grievance",
    "outbox",
    "inbox",
    "relay",
    "batch",
    "wilaya",
    "moughataa",
    "commune",
    "recertification",
    "vulnerability category",
    "match candidate",
    "rules matrix",
    "dead letter",
    "lean season",
)


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    """Term, Arabic, French and meaning of every line of every table."""
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "English"]


def test_every_word_of_the_product_is_explained_once(rows: list[list[str]]) -> None:
    terms = Counter(row[0] for row in rows)

    assert [word for word in WORDS if terms[word] != 1] == []
    assert [term for term, count in terms.items() if count > 1] == []


def test_every_term_has_its_arabic_its_french_and_a_sentence(rows: list[list[str]]) -> None:
    for row in rows:
        assert len(row) == 4, row
        _, arabic, french, meaning = row
        assert ARABIC.search(arabic), row
        assert french, row
        assert not ARABIC.search(french + meaning), row
        assert meaning.endswith("."), row


def test_no_two_terms_share_their_arabic_or_their_french(rows: list[list[str]]) -> None:
    # A word that means two things is read wrongly on a screen.
    for column in (1, 2):
        shared = [word for word, count in Counter(row[column] for row in rows).items() if count > 1]
        assert shared == []
