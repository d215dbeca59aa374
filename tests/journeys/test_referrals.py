"""Story 8: a MASEF officer sees which of her households have no health insurance, and refers them; CNAM sees and accepts
them, enrolls one, and it is served."""

from typing import Any

import httpx
import pytest

from journeys.asking import enrollments, links
from running import until
from whole_platform import LoadedPlatform

CASH, INSURANCE = "DISABILITY_CASH", "HEALTH_INSURANCE"
LACKING = f"/matching/v1/programs/{CASH}/without/{INSURANCE}"
REFERRALS = "/matching/v1/referrals"


async def true_households(loaded: LoadedPlatform, program: str) -> dict[str, tuple[str, str]]:
    """Per active enrollment the status of its link, and the number of the household that truly stands behind its line."""
    active = {one["id"] for one in await enrollments(loaded.platform, program) if one["status"] == "enrolled"}
    from_list = loaded.file_of(program).import_id
    found = {}
    for one in await links(loaded.platform, program):
        if one["enrollment_id"] in active:
            known = one["import_id"] == from_list
            number = loaded.country.truth[program, one["source_line"]].household_number if known else None
            found[one["enrollment_id"]] = (one["status"], number if number is not None else one["household_number"])
    return found


async def test_an_officer_refers_who_has_no_insurance_and_the_insurer_serves_one(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    mine, theirs = await true_households(loaded, CASH), await true_households(loaded, INSURANCE)
    insured = {number for status, number in theirs.values() if status == "linked"}
    lacking = {id_ for id_, (status, number) in mine.items() if status == "linked" and number not in insured}
    nobody_knows = {id_ for id_, (status, _) in mine.items() if status != "linked"}
    assert lacking and nobody_knows and insured & {number for _, number in mine.values()}, "each kind is there"

    async with platform.client("masef") as officer, platform.client("cnam") as clerk:
        shown = [one async for one in officer.pages(LACKING)]
        assert {one["enrollment_id"] for one in shown if one["standing"] == "not_in"} == lacking
        assert {one["enrollment_id"] for one in shown if one["standing"] == "cannot_tell"} == nobody_knows
        counts = await officer.get(f"{LACKING}/summary")
        assert (counts["not_in"], counts["not_linked"], counts["enrolled"]) == (
            len(lacking),
            len(nobody_knows),
            len(mine),
        )
        households = {mine[id_][1] for id_ in lacking}

        asked = {"from_program": CASH, "to_program": INSURANCE, "reason": "not_in_program", "enrollments": "all"}
        told = await officer.call("POST", REFERRALS, body=asked)
        assert (told["counts"]["referred"], told["more"]) == (len(households), False)
        again = await officer.call("POST", REFERRALS, body=asked)
        assert again["counts"]["referred"] == 0

        received = [one async for one in clerk.pages(REFERRALS, direction="received", status="sent")]
        assert {one["household_number"] for one in received} == households
        assert {(one["sent_by"], one["from_program"], one["enrollment_id"]) for one in received} == {
            ("masef", None, None)
        }
        chosen = received[0]
        for version, step in enumerate(("see", "accept"), 1):
            path = f"{REFERRALS}/{chosen['id']}/{step}"
            await clerk.call("POST", path, if_match=f'"{version}"')
        person = await head_of(loaded, chosen["household_number"])
        begun = await clerk.once(
            "POST", "/programs/taazour/v1/enrollments", body={"program": INSURANCE, "beneficiary": person}
        )
        assert begun.status_code == 201, begun.text

        async def served() -> Any:
            now = await officer.get(f"{REFERRALS}/{chosen['id']}")
            return now if now["status"] == "served" else None

        seen = await until(served, what="the enrollment to serve the referral")
        assert [(one["status"], one["by"]) for one in seen["history"]] == [
            ("sent", "masef"),
            ("seen", "cnam"),
            ("accepted", "cnam"),
            ("served", "matching"),
        ]
        left = {one["enrollment_id"] for one in [row async for row in officer.pages(LACKING, standing="not_in")]}
        assert left == {id_ for id_ in lacking if mine[id_][1] != chosen["household_number"]}
        [figures] = await officer.get(f"{REFERRALS}/summary")
        assert figures["sent"] == (len(households) if len(households) >= 5 else None)
        assert figures["served"] is None, "one is not told"

    async with platform.client("csa") as stranger:
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await stranger.get(LACKING)


async def head_of(loaded: LoadedPlatform, household_number: str) -> dict[str, Any]:
    """The head of the household as a clerk writes him down whom she has met."""
    async with loaded.platform.client("taazour") as client:
        homes = [one async for one in client.pages("/registry/v1/households")]
        id_ = next(one["id"] for one in homes if one["number"] == household_number)
        home = await client.get(f"/registry/v1/households/{id_}")
    head = next(one for one in home["members"] if one["relationship"] == "head")
    told = {name: head[name] for name in ("sex", "birth_date", "nni") if head.get(name)}
    return {"household_number": household_number, "name": head["name_fr"] or head["name_ar"]} | told


async def test_who_leaves_one_program_is_handed_over_to_another_institutions_and_taken_back(
    loaded: LoadedPlatform,
) -> None:
    food, cash = "EL_MAOUNA", "TEKAVOUL"
    lacking = f"/matching/v1/programs/{food}/without/{cash}"
    async with loaded.platform.client("csa") as officer, loaded.platform.client("taazour") as keeper:
        chosen, *_ = [one async for one in officer.pages(lacking, standing="not_in")]
        path = f"/programs/csa/v1/enrollments/{chosen['enrollment_id']}"
        version = (await officer.get(path))["version"]

        left = await officer.call(
            "POST", f"{path}/exit", body={"reason": "graduated", "hand_over_to": cash}, if_match=f'"{version}"'
        )
        assert (left["status"], left["hand_over_to"], left["handed_over_id"]) == ("exited", cash, None)

        async def referred() -> Any:
            found = [one async for one in officer.pages("/matching/v1/hand-overs", outcome="referred")]
            return next((one for one in found if one["enrollment_id"] == chosen["enrollment_id"]), None)

        hand_over = await until(referred, what="the household to be referred")
        received = await keeper.get(f"{REFERRALS}/{hand_over['referral_id']}")
        assert (received["reason"], received["sent_by"], received["status"]) == ("left_program", "csa", "sent")
        assert received["household_number"] is not None

        await officer.call("POST", f"{path}/undo", if_match=f'"{left["version"]}"')

        async def taken_back() -> Any:
            now = await keeper.get(f"{REFERRALS}/{hand_over['referral_id']}")
            return now["refusal"] == "sent_in_error"

        await until(taken_back, what="the referral to be taken back")
