"""Duplicates of the registry: proposed once, and opened there as a request that officials decide."""

from uuid import UUID

import pytest
from decision_cases import announced
from sqlalchemy import select

from matching_cases import Projection
from registry_cases import Family, Person, apply, send, the_household
from running import Services, until
from services.matching.duplicates import MOST_PAIRS, Pair, propose_duplicates
from services.registry.models import ChangeRequest
from shared.ids import new_id


def pair(keep: str | None = None, drop: str | None = None) -> Pair:
    return Pair("individual", UUID(keep) if keep else new_id(), UUID(drop) if drop else new_id(), 0.9912, "m-1")


async def test_a_pair_is_proposed_once_whichever_is_to_remain(projection: Projection) -> None:
    first = pair()
    turned = Pair("individual", first.drop_id, first.keep_id, 0.97, "m-2")
    async with projection.database.transaction() as tx:
        assert await propose_duplicates(tx, [first, turned, pair()]) == 2
    async with projection.database.transaction() as tx:
        assert await propose_duplicates(tx, [turned]) == 0
        with pytest.raises(ValueError, match="more than"):
            await propose_duplicates(tx, [pair()] * (MOST_PAIRS + 1))
        with pytest.raises(ValueError, match="itself"):
            await propose_duplicates(tx, [Pair("individual", first.keep_id, first.keep_id, 1.0, "m")])

    told = await announced(projection, "duplicates.proposed")
    assert (told[0]["keep_id"], told[0]["probability"]) == (str(first.keep_id), 0.9912)


async def test_the_registry_opens_a_request_for_each_and_officials_merge(services: Services) -> None:
    registry, matching = await services.start("registry"), await services.start("matching")
    async with registry.client("taazour") as client:
        other = Person("1000000011", "head", "Sidi Ould Ely", "سيدي ولد أعلي", "M", "1980-01-01")
        await send(client, Family(), Family(number="MR0110000002", members=[other], phone="33445566"))
        keep = (await the_household(client))["members"][0]["individual_id"]
        drop = (await the_household(client, "MR0110000002"))["members"][0]["individual_id"]

        async with matching.platform.database.transaction() as tx:
            await propose_duplicates(tx, [pair(keep, drop), pair(keep), pair(drop, keep)])

        async def proposed() -> list[dict[str, object]]:
            answer = await client.get("/v1/change-requests", params={"status": "proposed"})
            items: list[dict[str, object]] = answer.json()["items"]
            return items

        (request,) = await until(proposed, what="the request")
        assert (request["kind"], request["proposed_by"], request["official"]) == ("merge", "matching", "model")
        assert request["reason"] == "m-1: 0.9912"
        assert request["persons_needed"] == 2
        await apply(client, {"kind": "merge", "record": "individual", "keep_id": keep, "drop_id": drop})

    async with registry.platform.database.transaction() as tx:
        by_model = list(await tx.scalars(select(ChangeRequest).where(ChangeRequest.proposed_by == "matching")))
    assert len(by_model) == 1
