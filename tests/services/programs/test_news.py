"""What the registry learns reaches the enrollments linked to it: held where it must be, and never stopped by itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from registry_cases import Family, send
from registry_news import AHMED, AICHA, IN_BRAKNA, MARIEM, SECOND, SIDI, Linked
from running import Services, status_of, until
from services.programs.consumers import keep_links
from shared.clock import now
from shared.consuming import Delivery
from shared.contracts.matching import LinksChanged
from shared.ids import new_id

KEPT = ("enrolled", None, 1)
DECEASED = ("enrolled", "deceased", 1)
UNDER_REVIEW = ("enrolled", "under_review", 1)


@pytest.fixture
async def csa(services: Services) -> AsyncIterator[Linked]:
    made = await Linked.start(services, "csa", "EL_MAOUNA")
    yield made
    await made.close()


@pytest.fixture
async def sidis(csa: Linked) -> tuple[str, dict[str, str]]:
    """Sidi is enrolled, linked to himself in his household: the enrollment, and the registry's ids."""
    [enrollment], ids = await csa.enroll("Sidi Ould Ahmed"), await csa.ids()
    await csa.link(enrollment, ids["household"], ids[SIDI])
    return enrollment, ids


def told(reviews: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    return [(one["kind"], one["status"], one["decision"]) for one in reviews]


async def test_the_death_of_a_head_holds_what_falls_due_and_proposes_succession(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    enrollment, ids = sidis

    death = await csa.apply("death", individual_id=ids[SIDI], died_on="2026-03-01")

    assert await csa.held(enrollment) == [DECEASED]
    [review] = await csa.reviews()
    assert (review["kind"], review["status"], review["holds"]) == ("death", "open", "deceased")
    assert (review["subject_id"], review["change_id"]) == (ids[SIDI], death["change_id"])
    assert review["decisions"] == ["succession", "keep", "suspend", "exit"]
    assert review["details"] == {
        "died_on": "2026-03-01",
        "household_id": ids["household"],
        "head_id": None,
        "candidates": [ids[MARIEM], ids[AHMED], ids[AICHA]],
    }
    assert [(one["individual_id"], one["described"], one["name"]) for one in review["successors"]] == [
        (ids[MARIEM], "wife, aged 40", None),
        (ids[AHMED], "son, aged 21", None),
        (ids[AICHA], "daughter, aged 10", None),
    ]
    assert review["explained"].startswith("The registry says that who receives")
    wife = {"ar": "زوجة، العمر 40", "fr": "épouse, 40 an(s)"}
    for language, begins in (("ar", "يقول السجل"), ("fr", "Le registre dit")):
        answer = await csa.officer.get(f"/v1/reviews/{review['id']}", headers={"Accept-Language": language})
        assert answer.json()["explained"].startswith(begins)
        assert answer.json()["successors"][0]["described"] == wife[language]
    status = await status_of(csa.officer)
    assert status["to_decide"] == {"reviews_open": 1}


async def test_a_death_told_twice_opens_one_review_and_an_undone_one_lifts_it(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    enrollment, ids = sidis
    death = await csa.apply("death", individual_id=ids[SIDI], died_on="2026-03-01")
    await csa.hear_again()
    assert told(await csa.reviews()) == [("death", "open", None)]

    undone = await csa.undo(death)

    assert told(await csa.reviews()) == [("death", "decided", "lifted")]
    assert await csa.held(enrollment) == [KEPT]
    await csa.hear_again()
    assert told(await csa.reviews(status="open")) == []

    await csa.undo(undone)  # he did die

    assert told(await csa.reviews(status="open")) == [("death", "open", None)]
    assert await csa.held(enrollment) == [DECEASED]


async def test_news_in_the_wrong_order_end_in_the_same_place(csa: Linked, sidis: tuple[str, dict[str, str]]) -> None:
    enrollment, ids = sidis
    await csa.undo(await csa.apply("death", individual_id=ids[SIDI], died_on="2026-03-01"))
    await csa.forget()

    await csa.hear_again(backwards=True)

    assert await csa.reviews() == []
    assert await csa.held(enrollment) == [KEPT]


async def test_the_head_counts_also_where_another_receives_and_nobody_else_does(csa: Linked) -> None:
    [by_wife, elsewhere, perhaps] = await csa.enroll("Mariem Mint Vall", "Khadija Mint Ely", "Sidi Mohamed")
    ids, others = await csa.ids(), await csa.ids(SECOND)
    await csa.link(by_wife, ids["household"], ids[MARIEM])
    await csa.link(elsewhere, others["household"], others["1000000011"])
    await csa.link(perhaps, ids["household"], ids[SIDI], status="to_adjudicate")

    await csa.apply("death", individual_id=ids[AICHA], died_on="2026-02-01")
    assert await csa.reviews() == []

    successors = {ids["household"]: ids[AHMED]}
    await csa.apply("death", individual_id=ids[SIDI], died_on="2026-03-01", successors=successors)

    assert [one["enrollment_id"] for one in await csa.reviews()] == [by_wife]
    assert await csa.held(by_wife, elsewhere, perhaps) == [DECEASED, KEPT, KEPT]
    assert (await csa.reviews())[0]["details"]["head_id"] == ids[AHMED]


async def test_a_death_that_matching_heard_of_first_is_not_missed(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    """Matching lets go of who died; when that reaches us first, nobody is linked to the dead any more."""
    enrollment, ids = sidis
    await csa.apply("death", individual_id=ids[SIDI], died_on="2026-03-01")
    await csa.forget()

    await answer_of_matching(csa, enrollment, 2, "to_adjudicate", ids[MARIEM], ids["household"])
    assert told(await csa.reviews()) == [("death", "open", None)]
    await csa.hear_again()

    assert told(await csa.reviews()) == [("death", "open", None)]
    assert await csa.held(enrollment) == [DECEASED]
    assert (await csa.enrollment(enrollment))["link_status"] == "to_adjudicate"


async def answer_of_matching(
    csa: Linked, enrollment: str, version: int, status: str, individual: str, household: str
) -> None:
    """What `keep_links` does with one answer, against the real registry."""

    class Owners:
        """The real ones, but for the batch of matching's, whose process does not run here."""

        async def items(self, process: str, path: str) -> AsyncIterator[dict[str, Any]]:
            yield {
                "enrollment_id": enrollment,
                "link_version": version,
                "status": status,
                "individual_id": individual,
                "household_id": household,
                "probability": 0.6,
            }

        async def get(self, process: str, path: str) -> Any:
            return await csa.programs.platform.owners.get(process, path)

    event = LinksChanged(institution="csa", batch_id=new_id(), linked=0, to_adjudicate=1, unmatched=0)
    async with csa.programs.platform.database.transaction() as tx:
        await keep_links(tx, event, Delivery("matching", "programs-csa", new_id(), now(), Owners()))  # type: ignore[arg-type]


async def test_a_merge_asks_about_the_younger_enrollment_alone_and_its_undo_lifts_it(csa: Linked) -> None:
    [older, younger] = await csa.enroll("Sidi Ould Ahmed", "Khadija Mint Ely")
    ids, others = await csa.ids(), await csa.ids(SECOND)
    await csa.link(older, ids["household"], ids[SIDI])
    await csa.link(younger, others["household"], others["1000000011"])

    merge = await csa.apply("merge", record="household", keep_id=ids["household"], drop_id=others["household"])
    await csa.hear_again()

    [review] = await csa.reviews()
    assert (review["kind"], review["enrollment_id"], review["holds"]) == ("merged", younger, "under_review")
    assert review["details"] == {"kept_id": ids["household"], "enrollment_ids": [older]}
    assert await csa.held(older, younger) == [KEPT, UNDER_REVIEW]

    await csa.undo(merge)
    assert told(await csa.reviews()) == [("merged", "decided", "lifted")]
    assert await csa.held(older, younger) == [KEPT, KEPT]


async def test_a_move_asks_only_when_it_leads_out_of_the_programs_places(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    enrollment, ids = sidis
    async with csa.programs.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE enrollments SET place_code = 'MR011-C01'"))
    await csa.apply("move", household_id=ids["household"], on="2026-03-01", commune_code="MR012-C01")
    assert await csa.reviews() == []
    async with csa.programs.platform.database.transaction() as tx:
        assert await tx.scalar(text("SELECT place_code FROM enrollments")) == "MR012-C01"  # by which quotas count it

    await csa.apply("move", household_id=ids["household"], on="2026-04-01", commune_code=IN_BRAKNA)
    [review] = await csa.reviews()
    assert (review["kind"], review["holds"]) == ("moved", None)
    assert review["details"] == {"commune_code": IN_BRAKNA, "wilaya_code": "MR05"}
    assert await csa.held(enrollment) == [KEPT]

    await csa.apply("move", household_id=ids["household"], on="2026-05-01", commune_code="MR011-C01")
    assert told(await csa.reviews()) == [("moved", "decided", "lifted")]
    await csa.hear_again(backwards=True)
    assert await csa.reviews(status="open") == []


async def test_a_move_that_a_file_tells_is_looked_at_like_any_other(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    enrollment, ids = sidis

    await send(csa.operator, Family(surveyed_on="2025-06-01", category="poor"))
    await csa.heard()
    assert await csa.reviews() == []

    await send(csa.operator, Family(commune=IN_BRAKNA, surveyed_on="2026-03-01"))
    await csa.heard()
    [review] = await csa.reviews()
    assert (review["kind"], review["subject_id"], review["holds"]) == ("moved", ids["household"], None)
    assert review["details"] == {"commune_code": IN_BRAKNA, "wilaya_code": "MR05"}
    assert await csa.held(enrollment) == [KEPT]
    await csa.hear_again()
    assert told(await csa.reviews()) == [("moved", "open", None)]

    await send(csa.operator, Family(surveyed_on="2026-05-01"))
    await csa.heard()
    assert told(await csa.reviews()) == [("moved", "decided", "lifted")]


async def test_leaving_the_registry_stops_nothing_and_holds_only_where_nobody_is_there(
    csa: Linked, sidis: tuple[str, dict[str, str]]
) -> None:
    enrollment, ids = sidis

    await csa.apply("removal", household_id=ids["household"], on="2026-03-01", reason="no_longer_eligible")
    [review] = await csa.reviews()
    assert (review["kind"], review["details"], review["holds"]) == (
        "left_registry",
        {"reason": "no_longer_eligible"},
        None,
    )
    assert await csa.held(enrollment) == [KEPT]

    await csa.apply("return", household_id=ids["household"], on="2026-04-01")
    assert told(await csa.reviews()) == [("left_registry", "decided", "lifted")]

    await csa.apply("removal", household_id=ids["household"], on="2026-05-01", reason="found_not_to_exist")
    assert told(await csa.reviews(status="open")) == [("left_registry", "open", None)]
    assert await csa.held(enrollment) == [UNDER_REVIEW]


async def test_a_split_asks_whose_the_enrollment_remains(csa: Linked, sidis: tuple[str, dict[str, str]]) -> None:
    _, ids = sidis

    split = await csa.apply(
        "split",
        household_id=ids["household"],
        on="2026-03-01",
        members=[{"individual_id": ids[AHMED], "relationship": "head"}],
    )

    [review] = await csa.reviews()
    assert (review["kind"], review["holds"]) == ("split", None)
    assert review["details"] == {"household_id": ids["household"], "new_household_id": review["subject_id"]}
    await csa.undo(split)
    assert told(await csa.reviews()) == [("split", "decided", "lifted")]
    await csa.hear_again(backwards=True)
    assert await csa.reviews(status="open") == []


async def test_a_household_nobody_here_is_linked_to_is_nothing_to_us(csa: Linked) -> None:
    await csa.enroll("Sidi Ould Ahmed")
    ids = await csa.ids()

    await csa.apply("removal", household_id=ids["household"], on="2026-03-01", reason="left_country")
    await csa.apply("death", individual_id=(await csa.ids(SECOND))["1000000011"], died_on="2026-03-01")

    assert await csa.reviews() == []


async def test_of_an_individuals_program_only_the_persons_own_death_asks(services: Services) -> None:
    men = await Linked.start(services, "men", "SCHOOL_FEEDING")
    header, rows = "Nom complet;École\n", "Aïcha Mint Sidi;Amourj 1\n"
    await men.officer.post(
        "/v1/imports", params={"kind": "SCHOOL_FEEDING", "filename": "l.csv"}, content=(header + rows).encode()
    )

    async def enrolled() -> list[Any]:
        return list((await men.officer.get("/v1/enrollments")).json()["items"])

    [pupil] = await until(enrolled, what="the pupil to be enrolled")
    ids = await men.ids()
    await men.link(pupil["id"], ids["household"], ids[AICHA])

    await men.apply("death", individual_id=ids[SIDI], died_on="2026-03-01")
    assert await men.reviews() == []
    await men.apply("death", individual_id=ids[AICHA], died_on="2026-03-02")

    [review] = await men.reviews()
    assert (review["kind"], review["details"]["candidates"]) == ("death", [])
    await men.close()
