"""The steps of a referral, each of the thirty-six pairs by hand."""

from itertools import product

from services.matching.rules.referring import STATUS_WORDS, ReferralStatus, may_become, next_words

ALLOWED = {
    ("sent", "seen"),
    ("seen", "accepted"),
    ("seen", "refused"),
    ("accepted", "served"),
    ("accepted", "refused"),
    ("refused", "closed"),
    ("served", "closed"),
}


def test_the_steps_are_these_and_no_others() -> None:
    pairs = {(str(a), str(b)) for a, b in product(ReferralStatus, repeat=2) if may_become(a, b)}

    assert pairs == ALLOWED


def test_what_may_follow_is_said_in_three_languages() -> None:
    after = next_words(ReferralStatus.SEEN)

    assert (after.ar, after.fr, after.en) == ("مقبولة أو مرفوضة", "acceptée ou refusée", "accepted or refused")
    assert next_words(ReferralStatus.CLOSED).en == "—"
    assert set(STATUS_WORDS) == set(ReferralStatus)
