"""Stories 5, 13 and 15, as far as links go: WFP settles a possible match and takes it back; a grievance agent sees in what a
person is; two records of one person are merged and parted, and a link follows. Everything is undone at the end."""

from typing import Any

from cli.gateway_client import GatewayClient
from journeys.asking import at_the_registry, enrollments, known_to_the_csa, links
from registry_cases import apply, undo
from running import until
from whole_platform import LoadedPlatform, WholePlatform

LIST = "WFP_LEAN_SEASON"
QUESTIONS, LINKS = "/matching/v1/adjudications", "/matching/v1/links"


async def said(client: GatewayClient, question: str, verb: str, official: str, **body: Any) -> dict[str, Any]:
    """A step on a question, as it stands now."""
    path = f"{QUESTIONS}/{question}"
    etag = (await client.answer("GET", path)).headers["ETag"]
    made: dict[str, Any] = await client.call(
        "POST", f"{path}/{verb}", body={"official": official, **body}, if_match=etag
    )
    return made


async def test_wfp_gets_its_list_matched_possible_and_unmatched_and_settles_a_possible_one(
    loaded: LoadedPlatform,
) -> None:
    platform = loaded.platform
    found = await links(platform, LIST)
    assert {one["status"] for one in found} == {"linked", "to_adjudicate", "unmatched"}
    possible = {one["enrollment_id"] for one in found if one["status"] == "to_adjudicate"}

    async with platform.client("wfp") as wfp:
        questions = [one async for one in wfp.pages(QUESTIONS, program=LIST)]
        assert {one["enrollment_id"] for one in questions} == possible
        costs = [float(one["cost_mru"]) for one in questions]
        assert costs == sorted(costs, reverse=True)
        question = questions[0]
        shown = await wfp.get(f"{QUESTIONS}/{question['id']}")
        best = shown["listed_candidates"][0]
        assert shown["listed"]["name"] and best["evidence"] and best["birth_date"] is None

        first = await said(wfp, question["id"], "decide", "WFP-1", outcome="same", individual_id=best["individual_id"])
        steps = 1
        if first["status"] == "awaiting_second":
            assert shown["second_person"]
            first = await said(
                wfp, question["id"], "decide", "WFP-2", outcome="same", individual_id=best["individual_id"]
            )
            steps = 2
        assert (first["status"], first["outcome"]) == ("decided", "same")

        async def heard(status: str) -> bool:
            mine = await enrollments(platform, LIST)
            return any(one["id"] == question["enrollment_id"] and one["link_status"] == status for one in mine)

        await until(lambda: heard("linked"), what="the institution to hear of the link")
        for _ in range(steps):
            back = await said(wfp, question["id"], "undo", "WFP-3")
        assert (back["status"], back["outcome"]) == ("open", None)
        await until(lambda: heard("to_adjudicate"), what="the institution to hear that it is open again")
        turns = [one async for one in wfp.pages(f"{LINKS}/{question['enrollment_id']}/history")]
        assert [one["change"].get("said") for one in turns[-2:]] == ["same", None]
        assert turns[-2]["change"]["to"]["individual_id"] == best["individual_id"], (
            "by WFP's own name, in the history too"
        )
    await platform.quiet()


async def test_an_official_decides_from_the_command_line(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    async with platform.client("wfp") as wfp:
        question = [one async for one in wfp.pages(QUESTIONS, program=LIST)][-1]
    who = ("--partner", "wfp")
    listed = platform.tekamoul("match", "adjudications", *who, "--program", LIST)
    shown = platform.tekamoul("match", "adjudication", question["id"], *who)
    decided = platform.tekamoul("match", "decide", question["id"], "cannot_tell", *who, "--official", "WFP-1")
    again = platform.tekamoul("match", "decide", question["id"], "same", *who, "--official", "WFP-1")
    undone = platform.tekamoul("match", "undo", question["id"], *who, "--official", "WFP-1")

    assert [one.returncode for one in (listed, shown, decided, again, undone)] == [0, 0, 0, 1, 0], decided.stderr
    assert "MRU a month" in listed.stdout and "Individual of the registry" in shown.stdout
    assert f"{question['id']}: decided" in decided.stdout and f"{question['id']}: open" in undone.stdout
    assert "This question is closed" in again.stdout.replace("\n", " ")
    await platform.quiet()


async def test_a_link_follows_a_merge_of_two_individuals_and_comes_back_when_it_is_undone(
    loaded: LoadedPlatform,
) -> None:
    platform = loaded.platform
    found = [one for one in await links(platform, "TEKAVOUL") if one["status"] == "linked" and one["individual_id"]][
        :50
    ]
    known = await known_to_the_csa(platform, {one["household_number"] for one in found})
    mine, other = [one for one in found if one["household_number"] in known][:2]
    kept = other["individual_id"]
    drop = mine["individual_id"]
    async with platform.client("taazour") as taazour, at_the_registry(platform, "taazour") as registry:
        # Two officials say what the machine found: from now on it is their word, wherever the person goes.
        path = f"{LINKS}/{mine['enrollment_id']}"
        made = await hand(taazour, path, "link", official="TZR-1", individual_id=drop)
        steps = 1
        if made["adjudication_id"]:
            await said(taazour, made["adjudication_id"], "decide", "TZR-2", outcome="same", individual_id=drop)
            steps = 2
        request = await apply(registry, {"kind": "merge", "record": "individual", "keep_id": kept, "drop_id": drop})
        await until(lambda: linked_to(platform, mine, kept), what="the link to follow the merge")
        told = await taazour.get(f"/matching/v1/individuals/{drop}/links")
        assert told["is_now"] == kept
        assert mine["enrollment_id"] in {one["enrollment_id"] for one in told["links"]}
        (turn, *_) = (await taazour.get(f"{path}/history"))["items"]
        assert turn["change"]["from"]["individual_id"] == drop, "straight from the one to the other"

        await undo(registry, request)
        await until(lambda: linked_to(platform, mine, drop), what="the link to come back")
        for _ in range(steps):
            await hand(taazour, path, "undo", official="TZR-3")
        assert await linked_to(platform, mine, drop)
        person = await taazour.get(f"/registry/v1/individuals/{drop}")
    # The CSA found the caller's household by its number, and the caller in it by name: it knows nobody by the registry's id.
    names = ("name_fr", "name_ar")
    [caller] = [
        one
        for one in known[mine["household_number"]]["members"]
        if all(one[name] == person[name] for name in names) and one["birth_date"] == person["birth_date"][:4]
    ]
    async with platform.client("csa") as csa:
        # Story 13: an agent of the CSA sees in what the person is, as far as its agreement goes, and no more.
        seen = await csa.get(f"/matching/v1/individuals/{caller['individual_id']}/links")
        strange = await csa.once("GET", f"/matching/v1/individuals/{drop}/links")
    assert strange.status_code == 404
    assert seen["is_now"] == seen["individual_id"] == caller["individual_id"]
    assert all(one["enrollment_id"] is None for one in seen["links"] if one["program"] != "EL_MAOUNA")
    assert "TEKAVOUL" in {one["program"] for one in seen["links"]}
    await platform.quiet()


async def hand(client: GatewayClient, path: str, verb: str, **body: Any) -> dict[str, Any]:
    etag = (await client.answer("GET", path)).headers["ETag"]
    made: dict[str, Any] = await client.call("POST", f"{path}/{verb}", body=body, if_match=etag)
    return made


async def linked_to(platform: WholePlatform, mine: dict[str, Any], individual: str) -> bool:
    async with platform.client("taazour") as client:
        one = await client.get(f"{LINKS}/{mine['enrollment_id']}")
    return bool((one["status"], one["individual_id"]) == ("linked", individual))
