"""What persons decide on links: it is done, it holds, and undone nothing is left of it."""

from decimal import Decimal

import pytest
from decision_cases import (
    CSA,
    ELSEWHERE,
    LIST,
    ONE,
    ROW,
    TWO,
    announced,
    both_sides,
    detail,
    in_doubt,
    link,
    namesake,
    official,
    question_of,
    row,
    say,
    stands,
    undo,
    unlink,
)
from sqlalchemy import select

from matching_cases import Projection, enrollment, household, id_of, member
from services.matching import adjudicating, adjudication_queries
from services.matching.decision_errors import (
    AdjudicationClosed,
    AdjudicationWaits,
    IndividualRefused,
    NotACandidate,
    NothingLinked,
    NothingToUndoHere,
    NotLinkedByHand,
    SamePersonAgain,
)
from services.matching.decision_models import PersonStep
from services.matching.holding import put_merge
from services.matching.modeling import newest_shipped
from services.matching.rules.persons import Said
from services.matching.stepping import Saying
from shared.errors import NotFound, PreconditionFailed, Refusal
from shared.history import History
from shared.identity import Caller

HOME, OTHER_HOME = id_of("household 1"), id_of("household 2")


async def test_a_row_in_doubt_opens_one_question_and_linking_again_opens_no_other(projection: Projection) -> None:
    await in_doubt(projection)
    await projection.households(namesake(2, version=2))
    await projection.link()

    question = await question_of(projection)
    assert question is not None
    assert (question.status, question.opened_for, question.version) == ("open", "doubtful", 1)
    assert [one["individual_id"] for one in question.candidates] == [str(ONE), str(TWO)]
    (opened,) = await announced(projection, "adjudications.opened")
    assert (opened["institution"], opened["opened"]) == ("partners", 1)


async def test_same_links_above_the_model_and_says_so_in_the_history(projection: Projection) -> None:
    await in_doubt(projection)
    await say(projection, "same", TWO)

    assert await stands(projection) == ("linked", TWO, OTHER_HOME)
    question = await question_of(projection)
    assert question is not None and (question.status, question.outcome) == ("decided", "same")
    async with projection.database.transaction() as tx:
        turn = await tx.get_one(History, (ROW, 2))
        (step,) = await tx.scalars(select(PersonStep))
    assert (turn.changed_by, turn.change["said"], turn.change["official"]) == ("wfp", "same", "WFP-1")
    # What a model may learn from: the same full name of three parts, in the same commune.
    assert (step.levels["name"], step.levels["place"], step.levels["nni"]) == ("same", "commune", "missing")
    (decided,) = await announced(projection, "adjudications.decided")
    assert (decided["program"], decided["outcome"], decided["version"]) == (LIST, "same", 2)
    assert [(one["made"], one["removed"]) for one in await announced(projection, "links.changed")] == [(0, 0), (1, 0)]


async def test_different_refuses_that_candidate_and_asks_about_the_next(projection: Projection) -> None:
    await in_doubt(projection, birth_date="1980-03-07")
    await say(projection, "different", ONE)

    # Alone, with name, day of birth, commune and sex, the namesake is certain: the machine links.
    assert await stands(projection) == ("linked", TWO, OTHER_HOME)
    question = await question_of(projection)
    assert question is not None and (question.status, question.outcome) == ("decided", "different")


async def test_cannot_tell_closes_the_question_until_the_evidence_changes_and_the_machine_never_links(
    projection: Projection,
) -> None:
    await in_doubt(projection)
    await say(projection, "cannot_tell")
    await projection.households(namesake(1, version=2))
    await projection.link()
    closed = await question_of(projection)

    # Now the row names the household: the model would link.
    await projection.enrollments(row(version=2, household_number="MR0110000001"), institution="partners")
    await projection.link()

    assert closed is not None and (closed.status, closed.outcome) == ("decided", "cannot_tell")
    assert (await stands(projection))[0] == "to_adjudicate"
    again = await question_of(projection)
    assert again is not None and (again.status, again.opened_for) == ("open", "evidence_changed")


async def test_a_dear_link_waits_for_a_second_person_who_is_another(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="1200.00")
    shown, _ = await detail(projection)
    assert shown.second_person is not None and shown.second_person.startswith("the program gives a monthly value")
    await say(projection, "same", TWO)
    waiting = await question_of(projection)

    with pytest.raises(SamePersonAgain):
        await say(projection, "same", TWO)
    with pytest.raises(AdjudicationWaits):
        await link(projection, ONE)
    assert waiting is not None and waiting.status == "awaiting_second"
    assert (await stands(projection))[0] == "to_adjudicate"

    await say(projection, "same", TWO, official("WFP-2"))

    assert await stands(projection) == ("linked", TWO, OTHER_HOME)
    outcomes = [one["outcome"] for one in await announced(projection, "adjudications.decided")]
    assert outcomes == ["awaiting_second", "same"]


async def test_a_number_that_agrees_spares_the_second_person(projection: Projection) -> None:
    """A namesake under the right number in the wrong commune leaves a doubt that one person may settle."""
    await in_doubt(projection, monthly_value_mru="1200.00", nni="9900000033")
    await projection.households(household(3, member(3, "Brahim Ould Demba", nni="9900000033", birth_date="1950-01-01")))
    await projection.link()
    shown, _ = await detail(projection)
    same_id = next(
        one for one in shown.listed_candidates if one.individual_number == "0000000003" or "Brahim" in str(one.name_fr)
    )

    await say(projection, "same", same_id.individual_id)

    assert (await stands(projection))[:2] == ("linked", id_of("individual 3"))


async def test_two_who_disagree_put_the_question_back_marked_as_disputed(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="1200.00")
    await say(projection, "same", TWO)
    await say(projection, "different", TWO, official("WFP-2"))

    question = await question_of(projection)
    assert question is not None and (question.status, question.disputed) == ("open", True)
    assert (await stands(projection))[0] == "to_adjudicate"
    assert len(question.candidates) == 2  # neither had an effect
    assert (await announced(projection, "adjudications.decided"))[-1]["outcome"] == "disputed"


async def test_what_a_first_person_saw_must_still_be_so_for_the_second(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="1200.00")
    await say(projection, "same", TWO)

    await projection.households(namesake(3))
    await projection.link()

    question = await question_of(projection)
    assert question is not None and (question.status, question.opened_for) == ("open", "evidence_changed")
    await say(projection, "same", TWO)  # the same person may begin anew
    question = await question_of(projection)
    assert question is not None and question.status == "awaiting_second"


async def test_a_skipped_question_goes_behind_those_skipped_less(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="900.00")
    await projection.enrollments(
        row(2, monthly_value_mru="1200.00"), row(3, monthly_value_mru=None), institution="partners"
    )
    await projection.link()

    async def lines(limit: int = 50) -> list[int | None]:
        async with projection.database.transaction() as tx:
            found, cursor = [], None
            while True:
                page = await adjudication_queries.questions(
                    tx, official().caller, "en", limit, cursor, LIST, None, "MR011"
                )
                found += [one.source_line for one in page.items]
                if (cursor := page.next_cursor) is None:
                    return found

    assert await lines() == [2, 1, 3]  # 1,200, 900, nothing
    question = await question_of(projection, id_of(f"{LIST} 2"))
    assert question is not None and question.cost_mru == Decimal("1200.00")
    async with projection.database.transaction() as tx:
        saying = Saying(Said.SKIPPED)
        await adjudicating.decide(tx, question.id, saying, person=official(), if_match="*")
    assert await lines(1) == [1, 3, 2]


STEPS = ["same", "different", "cannot_tell", "skipped"]


@pytest.mark.parametrize("said", STEPS)
async def test_an_answer_undone_leaves_nothing_behind(projection: Projection, said: str) -> None:
    await in_doubt(projection)
    before = await both_sides(projection)

    await say(projection, said, TWO if said in ("same", "different") else None)
    assert await both_sides(projection) != before
    await undo(projection, official("WFP-7"))

    assert await both_sides(projection) == before
    assert (await announced(projection, "adjudications.decided"))[-1]["outcome"] == "undone"


async def test_a_second_persons_word_undone_waits_for_a_second_person_again(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="1200.00")
    await say(projection, "same", TWO)
    before = await both_sides(projection)
    await say(projection, "same", TWO, official("WFP-2"))

    await undo(projection)

    assert await both_sides(projection) == before
    question = await question_of(projection)
    assert question is not None and question.status == "awaiting_second"


async def test_a_link_by_hand_to_whom_nobody_meant_and_taken_back_as_a_mistake(projection: Projection) -> None:
    await in_doubt(projection)
    before = await both_sides(projection)

    await link(projection, ELSEWHERE)
    linked = await stands(projection)
    await unlink(projection, "mistake")

    assert linked == ("linked", ELSEWHERE, id_of("household 9"))
    assert await both_sides(projection) == before


async def test_a_link_of_the_machines_is_taken_away_and_never_made_again(projection: Projection) -> None:
    await projection.households(household(1))
    await projection.enrollments(enrollment(LIST, 1, 1), institution="partners")
    await projection.link()

    with pytest.raises(NotLinkedByHand):
        await unlink(projection, "mistake")
    await unlink(projection, "unknown_here")
    await projection.households(household(1, version=2, phones=["+22222334455"]))
    await projection.link()

    assert await stands(projection) == ("unmatched", None, None)
    with pytest.raises(NothingLinked):
        await unlink(projection)
    await undo(projection)
    assert await stands(projection) == ("linked", ONE, HOME)


async def test_a_dear_link_by_hand_is_confirmed_as_a_question(projection: Projection) -> None:
    await in_doubt(projection, monthly_value_mru="1200.00")
    before = await both_sides(projection)
    await link(projection, ELSEWHERE)
    question = await question_of(projection)
    assert question is not None and (question.status, question.opened_for) == ("awaiting_second", "by_hand")
    assert question.candidates[0]["individual_id"] == str(ELSEWHERE)
    await undo(projection)
    assert await both_sides(projection) == before

    await link(projection, ELSEWHERE)
    await say(projection, "same", ELSEWHERE, official("WFP-2"))

    assert (await stands(projection))[:2] == ("linked", ELSEWHERE)


async def test_a_dear_link_by_hand_of_a_row_nobody_doubted_opens_a_question_that_waits(projection: Projection) -> None:
    await projection.households(namesake(1))
    await projection.enrollments(row(name="Khadija Mint Vall", sex="F", monthly_value_mru="100.00"))
    await projection.link()
    await link(projection, ONE)
    await projection.enrollments(row(name="Khadija Mint Vall", sex="F", monthly_value_mru="100.00", version=2))
    await projection.link()

    waiting = await question_of(projection)
    assert waiting is not None and (waiting.status, len(waiting.candidates)) == ("awaiting_second", 1)
    assert (await stands(projection))[0] == "unmatched"
    await say(projection, "different", ONE, official("WFP-2"))
    disputed = await question_of(projection)
    assert disputed is not None and (disputed.status, disputed.disputed) == ("open", True)
    await undo(projection)
    await say(projection, "same", ONE, official("WFP-2"))
    assert (await stands(projection))[:2] == ("linked", ONE)


async def test_who_an_institution_refused_is_not_linked_by_hand(projection: Projection) -> None:
    await in_doubt(projection)
    await projection.refuse("theirs", row(), individual_id=str(ONE))
    await projection.link()

    with pytest.raises(IndividualRefused):
        await link(projection, ONE)


async def test_a_later_refusal_by_the_institution_opens_the_question_again(projection: Projection) -> None:
    await in_doubt(projection)
    await say(projection, "same", ONE)
    await projection.refuse("theirs", row(), individual_id=str(ONE))
    await projection.link()

    question = await question_of(projection)
    assert question is not None and (question.status, question.opened_for) == ("open", "contradicted")
    assert (await stands(projection))[0] == "to_adjudicate"


async def test_who_was_decided_on_and_left_opens_the_question_until_he_is_back(projection: Projection) -> None:
    await in_doubt(projection)
    await say(projection, "same", ONE)

    await projection.households(namesake(1, version=2, status="left", members=[]))
    await projection.link()
    left = await question_of(projection)
    gone = await stands(projection)
    await projection.households(namesake(1, version=3))
    await projection.link()

    assert left is not None and (left.status, left.opened_for) == ("open", "individual_left")
    assert gone == ("to_adjudicate", TWO, OTHER_HOME)  # the namesake, for whoever decides to start from
    assert await stands(projection) == ("linked", ONE, HOME)


async def test_a_decision_follows_a_merge_and_comes_back_when_it_is_undone(projection: Projection) -> None:
    await in_doubt(projection)
    await link(projection, ELSEWHERE)
    merged = household(2, member(2, NAME_OF_TWO), member(9, "Penda Mint Samba", sex="F"), version=3)

    async with projection.database.transaction() as tx:
        await put_merge(tx, ELSEWHERE, 2, ONE)
    await projection.households(household(9, version=2, status="left", members=[]))
    await projection.link()
    assert await stands(projection) == ("linked", ONE, HOME)

    await projection.households(merged)  # an undo, which brings her back, in another household at that
    await projection.link()
    assert await stands(projection) == ("linked", ELSEWHERE, OTHER_HOME)


NAME_OF_TWO = "Sidi Ould Ely Ould Salem"


async def test_who_was_refused_stays_refused_as_whom_he_was_merged_into(projection: Projection) -> None:
    await in_doubt(projection, birth_date="1980-03-07")
    await say(projection, "different", ONE)
    assert (await stands(projection))[1] == TWO

    async with projection.database.transaction() as tx:
        await put_merge(tx, ONE, 2, TWO)
    await projection.households(namesake(1, version=2, status="left", members=[]))
    await projection.link()

    assert (await stands(projection))[0] == "unmatched"


async def test_a_decision_is_about_whoever_received_then(projection: Projection) -> None:
    """A transfer makes another person the recipient; undone, it is the first one again."""
    await in_doubt(projection)
    await say(projection, "cannot_tell")
    await link(projection, ELSEWHERE)

    await projection.enrollments(row(version=2, person_version=2), institution="partners")
    await projection.link()
    assert await stands(projection) == ("to_adjudicate", ONE, HOME)
    question = await question_of(projection)
    assert question is not None and question.status == "open"
    with pytest.raises(NothingToUndoHere):
        await undo(projection)
    await say(projection, "different", ONE)
    assert (await stands(projection))[1] == TWO

    await projection.enrollments(row(version=3, person_version=1), institution="partners")
    await projection.link()
    assert (await stands(projection))[:2] == ("linked", ELSEWHERE)


async def test_an_older_merge_is_no_news(projection: Projection) -> None:
    await in_doubt(projection)
    async with projection.database.transaction() as tx:
        await put_merge(tx, ELSEWHERE, 4, TWO)
        await put_merge(tx, ELSEWHERE, 2, ONE)
    await projection.households(household(9, version=2, status="left", members=[]))

    async with projection.database.transaction() as tx:
        found = await adjudication_queries.individual_links(tx, ELSEWHERE, official().caller)
    assert found.is_now == TWO


async def test_another_keepers_question_and_link_are_not_there(projection: Projection) -> None:
    await in_doubt(projection)
    stranger = official("CSA-1", CSA)

    with pytest.raises(NotFound):
        await say(projection, "same", ONE, stranger)
    with pytest.raises(NotFound):
        await link(projection, ONE, stranger)
    with pytest.raises(NotFound):
        await detail(projection, CSA)
    async with projection.database.transaction() as tx:
        with pytest.raises(NotFound):
            await adjudication_queries.link_history(tx, ROW, CSA, 50, None)


@pytest.mark.parametrize(
    ("said", "who", "refusal"),
    [("same", ELSEWHERE, NotACandidate), ("different", id_of("nobody"), NotACandidate)],
)
async def test_an_answer_is_about_a_candidate(
    projection: Projection, said: str, who: object, refusal: type[Refusal]
) -> None:
    await in_doubt(projection)
    with pytest.raises(refusal):
        await say(projection, said, who)  # type: ignore[arg-type]


async def test_a_closed_question_takes_no_answer_and_nothing_is_undone_twice(projection: Projection) -> None:
    await in_doubt(projection)
    with pytest.raises(NothingToUndoHere):
        await undo(projection)
    with pytest.raises(NotACandidate):
        await link(projection, id_of("nobody"))
    await say(projection, "same", ONE)

    with pytest.raises(AdjudicationClosed):
        await say(projection, "same", TWO)
    await undo(projection)
    with pytest.raises(NothingToUndoHere):
        await undo(projection)


async def test_nobody_decides_on_what_was_not_seen(projection: Projection) -> None:
    await in_doubt(projection)
    _, tag = await detail(projection)

    await projection.households(namesake(2, version=2))  # nothing a score would tell

    with pytest.raises(PreconditionFailed):
        await say(projection, "same", TWO, if_match=f'"{tag}"')
    _, tag = await detail(projection)
    await say(projection, "same", TWO, if_match=f'"{tag}"')


async def test_a_candidate_is_shown_without_numbers_and_with_no_more_than_the_caller_may_see(
    projection: Projection,
) -> None:
    await in_doubt(projection, nni="9900000033", phones=["22334455"])
    shown, _ = await detail(projection)
    whole, _ = await detail(projection, Caller("wfp", frozenset({"households:read"}), frozenset({LIST})))

    one, full = shown.listed_candidates[0], whole.listed_candidates[0]
    assert (one.name_fr, one.birth_year, one.household_number, one.commune_fr) == (
        NAME_OF_TWO,
        1980,
        "MR0110000001",
        "Amourj",
    )
    assert (one.birth_date, one.sex, one.individual_number) == (None, None, None)
    assert (str(full.birth_date), full.sex, full.individual_number, full.household_size) == (
        "1980-03-07", "M", "0000000001", 1,
    )  # fmt: skip
    assert {e.field: e.level for e in one.evidence}["nni"] == "missing"
    assert (shown.listed.has_nni, shown.listed.phones) == (True, 1)
    assert "9900000033" not in whole.model_dump_json() and "22334455" not in whole.model_dump_json()


async def test_of_an_individual_only_the_programs_the_caller_may_see_are_told(projection: Projection) -> None:
    await in_doubt(projection)
    await projection.enrollments(
        enrollment(
            "EL_MAOUNA", 1, 9, name="Penda Mint Samba", sex="F", commune="Guerou", moughataa="Guerou", wilaya="Assaba"
        ),
        institution="csa",
    )
    await projection.enrollments(
        enrollment(
            "TEKAVOUL", 1, 9, name="Penda Mint Samba", sex="F", commune="Guerou", moughataa="Guerou", wilaya="Assaba"
        )
    )
    await projection.link()
    await link(projection, ELSEWHERE)

    async with projection.database.transaction() as tx:
        found = await adjudication_queries.individual_links(tx, ELSEWHERE, official().caller)
        with pytest.raises(NotFound):
            await adjudication_queries.individual_links(tx, id_of("nobody"), official().caller)
    assert [(one.program, one.enrollment_id, one.by_a_person) for one in found.links] == [
        ("EL_MAOUNA", None, False),
        (LIST, ROW, True),
    ]
    assert found.more is False


async def test_the_history_tells_every_turn_and_who_made_it(projection: Projection) -> None:
    await in_doubt(projection)
    await say(projection, "same", TWO)
    await undo(projection, official("WFP-2"))

    async with projection.database.transaction() as tx:
        page = await adjudication_queries.link_history(tx, ROW, official().caller, 2, None)
        rest = await adjudication_queries.link_history(tx, ROW, official().caller, 2, page.next_cursor)
    turns = [
        (one.version, one.by, one.change.get("said"), one.change.get("official")) for one in page.items + rest.items
    ]
    assert turns == [
        (3, "wfp", "undone", "WFP-2"),
        (2, "wfp", "same", "WFP-1"),
        (1, f"model {newest_shipped().version}", None, None),
    ]


async def test_a_question_is_settled_when_the_doubt_is_gone(projection: Projection) -> None:
    await in_doubt(projection)
    await projection.households(
        namesake(2, version=2, status="left", members=[]), namesake(1, version=2, status="left", members=[])
    )
    await projection.link()

    question = await question_of(projection)
    assert question is not None and question.status == "settled"
