"""Story 13: a grievance agent finds a caller, sees how the household stands and no more, and takes down what is complained of; the
program's keeper answers in the caller's language."""

from typing import Any

import httpx
import pytest

from journeys.asking import active_households
from whole_platform import LoadedPlatform

OFFICIAL = {"Tekamoul-Official": "agent-1"}
GRIEVANCES = "/matching/v1/grievances"
KEPT = {"TEKAVOUL", "TEKAVOUL_SEASONAL", "TEMWINE", "HEALTH_INSURANCE"}
SAID = "لم أتلق دفعة هذا الشهر"


async def test_an_agent_finds_a_caller_sees_status_alone_and_follows_a_grievance_to_its_end(
    loaded: LoadedPlatform,
) -> None:
    platform = loaded.platform
    receiving = await active_households(platform)
    async with platform.client("taazour") as agent, platform.client("csa") as keeper:
        household, nni = await somebody_with_a_number(agent, receiving["TEKAVOUL"])
        found = (await agent.call("POST", "/registry/v1/search/status", body={"nni": nni}))["items"]
        number = household["number"]
        assert number in {one["household_number"] for one in found}

        path = f"/matching/v1/households/{number}/picture"
        seen = (await agent.answer("GET", path, headers=OFFICIAL, reference="counter-7")).json()
        assert {one["program"] for one in seen["programs"]} == KEPT
        for one in seen["programs"]:
            assert (one["standing"] == "enrolled") == (household["number"] in receiving[one["program"]]), one
        told = str(seen)
        assert not [
            name for member in household["members"] for name in (member["name_fr"], nni) if name and name in told
        ]
        [read, *_] = (await agent.get(f"{path}-reads"))["items"]
        assert (read["read_by"], read["official"], read["reference"]) == ("taazour", "agent-1", "counter-7")

        body = {
            "official": "agent-1", "category": "payment_missing", "program": "EL_MAOUNA", "household_number": number,
            "text": SAID, "language": "ar",
        }  # fmt: skip
        made = await agent.call("POST", GRIEVANCES, body=body)
        assert (made["desk"], made["status"]) == ("program", "opened")
        [waiting] = (await keeper.get(GRIEVANCES, status="opened"))["items"]
        assert (waiting["id"], waiting["text"]) == (made["id"], SAID)
        steps: tuple[tuple[Any, str, dict[str, str]], ...] = (
            (keeper, "acknowledge", {}),
            (keeper, "answer", {"verdict": "upheld", "text": "ستصل الدفعة يوم الخميس", "language": "ar"}),
            (agent, "accept", {}),
            (keeper, "close", {}),
        )
        for version, (who, step, said) in enumerate(steps, 1):
            body = {"official": "officer-1"} | said
            await who.call("POST", f"{GRIEVANCES}/{made['id']}/{step}", body=body, if_match=f'"{version}"')
        closed = await agent.get(f"{GRIEVANCES}/{made['id']}")
        assert (closed["status"], closed["verdict"], len(closed["history"])) == ("closed", "upheld", 5)

        conduct = body_of_conduct(number)
        secret = await agent.call("POST", GRIEVANCES, body=conduct)
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await keeper.get(f"{GRIEVANCES}/{secret['id']}")
    async with platform.client("men") as stranger:
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await stranger.get(f"{GRIEVANCES}/{made['id']}")


def body_of_conduct(number: str) -> dict[str, str]:
    return {
        "official": "agent-1", "category": "conduct", "about": "csa", "household_number": number,
        "text": "طلب مني الموظف مالا", "language": "ar",
    }  # fmt: skip


async def somebody_with_a_number(agent: Any, among: set[str]) -> tuple[dict[str, Any], str]:
    """A household among these, by their registry number, whose head has a national id."""
    for number in sorted(among):
        [summary] = (await agent.get("/registry/v1/households", number=number))["items"]
        household = await agent.get(f"/registry/v1/households/{summary['id']}")
        head = next(one for one in household["members"] if one["relationship"] == "head")
        if head["nni"]:
            return household, head["nni"]
    raise LookupError("no head of a household has a national id")
